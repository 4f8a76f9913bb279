import Glibc
import Testing

/// The yardstick itself, on distributions small enough to work out by hand.
struct DivergenceTests {
  @Test func twoOutcomes() {
    // KL((1/2, 1/2) ‖ (1/4, 3/4)) = ½ ln 2 + ½ ln ⅔ = 0.143841; the logits of the second row are
    // shifted, which must not matter.
    let reference = Logits(values: [0, 0, 5, 7], vocabularySize: 2)
    let other = Logits(values: [Float(log(0.25)), Float(log(0.75)), -95, -93], vocabularySize: 2)
    let divergence = Divergence(of: other, from: reference)
    #expect(abs(divergence.sorted[0]) < 1e-12)
    #expect(abs(divergence.sorted[1] - 0.1438410) < 1e-6)
    #expect(abs(divergence.mean - 0.0719205) < 1e-6)
  }

  @Test func directionMatters() {
    // KL((1/4, 3/4) ‖ (1/2, 1/2)) = ¼ ln ½ + ¾ ln 3/2 = 0.130812.
    let even = Logits(values: [1, 1], vocabularySize: 2)
    let skewed = Logits(values: [0, Float(log(3.0))], vocabularySize: 2)
    #expect(abs(Divergence(of: even, from: skewed).mean - 0.1308120) < 1e-6)
    #expect(abs(Divergence(of: skewed, from: even).mean - 0.1438410) < 1e-6)
  }

  @Test func topsAreCompared() {
    let reference = Logits(values: [1, 2, 3, 3, 2, 1, 0, 9, 0, 0, 0, 9], vocabularySize: 3)
    let other = Logits(values: [1, 2, 3, 1, 2, 3, 0, 9, 0, 9, 0, 0], vocabularySize: 3)
    #expect(Divergence(of: other, from: reference).sameTop == 0.5)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func whatIsNoNumberIsFarAway(value: Float) {
    let reference = Logits(values: [1, 2, 3], vocabularySize: 3)
    let other = Logits(values: [1, value, 3], vocabularySize: 3)
    #expect(Divergence(of: other, from: reference).mean == .infinity)
  }
}
