import Glibc

/// The buffers of one forward pass, for up to `tokenCapacity` tokens at a time. Allocated once.
struct Scratch: ~Copyable {
  let residual: UnsafeMutablePointer<Float>  // (token, width)
  let normed: Activations  // (token, width)
  let query: UnsafeMutablePointer<Float>  // (token, headCount · headSize)
  let attention: Activations  // (token, headCount · headSize)
  let hidden: Activations  // (token, feedForwardWidth)
  let cosines: UnsafeMutablePointer<Float>  // (token, headSize)
  let sines: UnsafeMutablePointer<Float>  // (token, headSize)
  let logits: UnsafeMutablePointer<Float>  // (token, vocabulary)
  /// One for each worker: products of a chunk of rows before they are put in place.
  let products: [UnsafeMutablePointer<Float>]  // (token, row) or (query, headSize)
  /// One for each worker, for few tokens.
  let own: [(normed: Activations, attention: Activations)]
  let parts: AttentionParts

  /// Up to this many tokens, workers keep the inputs of matrices for themselves.
  static let fewTokenLimit = 8

  private let memory: Arena

  /// Bytes reserved.
  var byteCount: Int { memory.byteCount }

  /// The buffers for a window of `contextLength` positions.
  init(
    _ hyper: Hyperparameters, contextLength: Int, workerCount: Int
  ) throws(KernelError) {
    try self.init(
      hyperparameters: hyper, tokenCapacity: Inference.batchLimit,
      logitRows: Inference.batchLimit, workerCount: workerCount,
      stretchCount: ForwardPass.stretchCount(positions: contextLength),
      chunkRowLimit: ForwardPass.chunkRowLimit)
  }

  init(
    hyperparameters hyper: Hyperparameters, tokenCapacity: Int, logitRows: Int, workerCount: Int,
    stretchCount: Int, chunkRowLimit: Int
  ) throws(KernelError) {
    var sizes = Arena.Sizes()
    let residual = sizes.add(tokenCapacity * hyper.width)
    let normed = Activations.Layout(&sizes, tokenCapacity, hyper.width)
    let query = sizes.add(tokenCapacity * hyper.queryWidth)
    let attention = Activations.Layout(&sizes, tokenCapacity, hyper.queryWidth)
    let hidden = Activations.Layout(&sizes, tokenCapacity, hyper.feedForwardWidth)
    let cosines = sizes.add(tokenCapacity * hyper.headSize)
    let sines = sizes.add(tokenCapacity * hyper.headSize)
    let logits = sizes.add(logitRows * hyper.vocabularySize)
    let rows = max(chunkRowLimit, hyper.headSize)
    let queries = AttentionParts.queryLimit(hyper) * hyper.headSize
    let products = (0..<workerCount).map { _ in sizes.add(max(rows * tokenCapacity, queries)) }
    let own = (0..<workerCount).map { _ in
      (
        Activations.Layout(&sizes, Self.fewTokenLimit, hyper.width),
        Activations.Layout(&sizes, Self.fewTokenLimit, hyper.queryWidth)
      )
    }
    let parts = AttentionParts.Layout(&sizes, hyper, workerCount, stretchCount)

    memory = try Arena(sizes)
    self.residual = memory.floats(at: residual)
    self.normed = normed.place(in: memory)
    self.query = memory.floats(at: query)
    self.attention = attention.place(in: memory)
    self.hidden = hidden.place(in: memory)
    self.cosines = memory.floats(at: cosines)
    self.sines = memory.floats(at: sines)
    self.logits = memory.floats(at: logits)
    var placed: [UnsafeMutablePointer<Float>] = []
    for offset in products { placed.append(memory.floats(at: offset)) }
    self.products = placed
    var owned: [(normed: Activations, attention: Activations)] = []
    for (normed, attention) in own {
      owned.append((normed.place(in: memory), attention.place(in: memory)))
    }
    self.own = owned
    self.parts = parts.place(in: memory)
  }
}

/// What a matrix is multiplied with: rows of floats, and the same rounded to 8 bits.
struct Activations {
  let width: Int
  let floats: UnsafeMutablePointer<Float>  // (token, width)
  let groups: UnsafeMutablePointer<ActivationGroup>  // (token, group)

  var groupsPerRow: Int { VectorTable.groupCount(width: width) }
  var rowBytes: Int { groupsPerRow * MemoryLayout<ActivationGroup>.stride }

  func floats(_ token: Int) -> UnsafeMutablePointer<Float> { floats + token * width }

  func groups(_ token: Int) -> UnsafeMutablePointer<ActivationGroup> {
    groups + token * groupsPerRow
  }

  struct Layout {
    private let width: Int
    private let floats: Int
    private let groups: Int

    init(_ sizes: inout Arena.Sizes, _ tokenCapacity: Int, _ width: Int) {
      self.width = width
      floats = sizes.add(tokenCapacity * width)
      let groupBytes = MemoryLayout<ActivationGroup>.stride
      groups = sizes.add(tokenCapacity * VectorTable.groupCount(width: width) * groupBytes / 4)
    }

    func place(in memory: borrowing Arena) -> Activations {
      Activations(
        width: width, floats: memory.floats(at: floats),
        groups: UnsafeMutableRawPointer(memory.floats(at: groups))
          .assumingMemoryBound(to: ActivationGroup.self))
    }
  }
}

/// Attention's results by stretch, before they are joined.
struct AttentionParts {
  /// Tokens whose stretches are shared out among the workers, at most.
  static let sharedTokenLimit = 8
  /// Tokens of one KV head that a worker takes on together.
  static func tileTokenCount(_ hyper: Hyperparameters) -> Int { max(1, 16 / hyper.headsPerGroup) }
  /// Queries of one KV head that are worked on together, at most.
  static func queryLimit(_ hyper: Hyperparameters) -> Int {
    max(tileTokenCount(hyper), sharedTokenLimit) * hyper.headsPerGroup
  }

  /// For each worker: (stretch, query, headSize), (stretch, query), (stretch, query).
  let own: [Part]
  /// The same for (token · head) queries that all workers fill together.
  let shared: Part

  struct Part {
    let sums: UnsafeMutablePointer<Float>
    let maxima: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
  }

  struct Layout {
    private let own: [(Int, Int, Int)]
    private let shared: (Int, Int, Int)

    init(
      _ sizes: inout Arena.Sizes, _ hyper: Hyperparameters, _ workerCount: Int,
      _ stretchCount: Int
    ) {
      func part(_ queries: Int) -> (Int, Int, Int) {
        let count = stretchCount * queries
        return (sizes.add(count * hyper.headSize), sizes.add(count), sizes.add(count))
      }
      own = (0..<workerCount).map { _ in part(AttentionParts.queryLimit(hyper)) }
      shared = part(AttentionParts.sharedTokenLimit * hyper.headCount)
    }

    func place(in memory: borrowing Arena) -> AttentionParts {
      var placed: [Part] = []
      for offsets in own + [shared] {
        placed.append(
          Part(
            sums: memory.floats(at: offsets.0), maxima: memory.floats(at: offsets.1),
            weights: memory.floats(at: offsets.2)))
      }
      let last = placed.removeLast()
      return AttentionParts(own: placed, shared: last)
    }
  }
}

/// One stretch of zeroed memory, cut into float buffers that start on cache lines.
struct Arena: ~Copyable {
  private let base: UnsafeMutablePointer<Float>
  let byteCount: Int

  /// Adds up what is needed before anything is allocated. Sizes are in floats.
  struct Sizes {
    fileprivate private(set) var total = 0

    /// Returns the offset of a buffer of `count` floats.
    mutating func add(_ count: Int) -> Int {
      defer { total += (count + 15) / 16 * 16 + 16 }
      return total
    }
  }

  /// - Throws: `outOfMemory`.
  init(_ sizes: Sizes) throws(KernelError) {
    byteCount = sizes.total * MemoryLayout<Float>.stride
    let memory = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      throw KernelError(
        .outOfMemory, at: "scratch buffers", "\(byteCount) bytes could not be reserved")
    }
    base = memory.bindMemory(to: Float.self, capacity: sizes.total)
  }

  deinit { munmap(base, byteCount) }

  func floats(at offset: Int) -> UnsafeMutablePointer<Float> { base + offset }
}
