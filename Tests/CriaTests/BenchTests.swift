import Kernel
import Testing
import cria

/// The arithmetic behind `cria bench`, against figures worked out by hand.
@Suite struct BenchTests {
  @Test func meanMedianAndDeviation() {
    // The squares of the distances from 5 add up to 32; 32 / 7 = 4.5714.
    let rates = Rates([2, 4, 4, 4, 5, 5, 7, 9])
    #expect(rates.mean == 5)
    #expect(rates.median == 4.5)
    #expect(abs(rates.deviation - 2.138_089_935) < 1e-9)
    #expect(Rates([3, 9, 4]).median == 4)
    #expect(rates.text == "5.0 ± 2.1")
  }

  @Test func oneRunHasNoDeviationAndNoneNoMean() {
    #expect(Rates([7]).mean == 7 && Rates([7]).median == 7 && Rates([7]).deviation == 0)
    #expect(Rates().mean == 0 && Rates().median == 0 && Rates().deviation == 0)
  }

  /// Tokens at positions 0, 1, 2 see 1, 2, 3 positions; at 6,000 and 6,001: 6,001 and 6,002.
  @Test func theMeanTokenSeesItsOwnPositionAndThoseBefore() {
    #expect(TokenWork.meanPositions(generate: 3, depth: 0) == 2)
    #expect(TokenWork.meanPositions(generate: 2, depth: 6000) == 6001.5)
    #expect(TokenWork.meanPositions(generate: 0, depth: 6000) == 0)
  }

  @Test func sharesAreRatesTimesWorkOverLimits() {
    var limits = MachineLimits()
    limits.readBytesPerSecond = 40e9
    limits.int8MACsPerSecond = 500e9
    let work = TokenWork(weightBytes: 4e9, cacheBytes: 1e9, promptMACs: 5e9)
    let shares = LimitShares(work: work, limits: limits, prefill: 25, decode: 6)
    #expect(shares.decode == 0.6)
    #expect(shares.decodeWithCache == 0.75)
    #expect(shares.prefill == 0.25)
  }

  @Test func sharesAreReadAsPercentages() {
    #expect(Readable.percent(0.974) == "97 %")
    #expect(Readable.percent(1.02) == "102 %")
    #expect(Readable.percent(0.0042) == "0.4 %")
    #expect(Readable.percent(0.0996) == "10 %")
    #expect(Readable.percent(.infinity) == "-")
    #expect(Readable.percent(1e300) == "100000000000 %")
  }
}
