import Kernel
import Testing

extension OneAtATime {
  /// The default model's logits on ordinary English, against the NumPy implementation in
  /// Benchmarks/reference.
  struct LogitParityTests {
    let ids: [TokenID]
    let reference: Logits

    init() throws {
      ids = try EnglishText.load().ids
      reference = try Logits(file: TestData.made("english.f32"), vocabularySize: 49152)
      try #require(reference.positionCount == ids.count)
      try #require(ids.count >= 500)
    }

    /// Rounding to eight bits shows, but no more than it does in llama.cpp.
    @Test func asStored() throws {
      let peer = try PeerFigures.load()
      try #require(peer.positions == ids.count)
      let model = try LlamaModel(path: TestData.model())
      let divergence = Divergence(of: try Logits(of: model, for: ids), from: reference)
      print("Q4_1: \(divergence); llama.cpp: mean KL \(peer.meanKL), same top \(peer.sameTop)")
      #expect(divergence.mean <= peer.meanKL)
      #expect(divergence.sameTop >= 0.95)
    }

    /// The same weights as F32: nothing is rounded but the cache, so that the rest must agree.
    @Test func storedAsF32() throws {
      let copy = try ModelCopy(of: TestData.model(), type: .f32)
      let model = try LlamaModel(path: copy.path)
      let divergence = Divergence(of: try Logits(of: model, for: ids), from: reference)
      print("F32: \(divergence)")
      #expect(divergence.mean < 1e-5)
      #expect(divergence.sameTop >= 0.995)
    }

    /// How the tokens were batched and shared among threads shows in no bit, so that reuse of a
    /// prefix cannot change a reply.
    @Test(arguments: [(1, 2), (7, 3), (50, 1)])
    func batchesAndThreads(batch: Int, threads: Int) throws {
      let model = try LlamaModel(path: TestData.model())
      let some = ids.prefix(70)
      let whole = try Logits(of: model, for: some)
      let parts = try Logits(of: model, for: some, batch: batch, threads: threads)
      let different = zip(whole.values, parts.values).count { $0.bitPattern != $1.bitPattern }
      #expect(different == 0)
    }
  }
}
