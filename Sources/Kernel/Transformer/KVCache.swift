import Glibc

/// Keys and values of every layer as half floats, for `capacity` positions.
///
/// Keys lie position-last in blocks of 16, so that one load brings sixteen positions and a
/// score needs no horizontal sum; values lie one position after the other. Memory is
/// reserved at once and taken page by page as positions are written.
struct KVCache: ~Copyable {
  /// Positions, a multiple of the stretch that attention works in.
  let capacity: Int

  private let keys: UnsafeMutablePointer<UInt16>  // (layer, headKV, block, headSize, 16)
  private let values: UnsafeMutablePointer<UInt16>  // (layer, headKV, position, headSize)
  private let byteCount: Int
  private let headCountKV: Int
  private let headSize: Int

  /// Positions that are allocated for a window of `contextLength`.
  private static func capacity(_ contextLength: Int) -> Int {
    let stretch = VectorTable.attendStretch
    return (contextLength + stretch - 1) / stretch * stretch
  }

  /// Bytes of a cache for a window of `contextLength`, all of it filled.
  static func byteCount(_ hyper: Hyperparameters, contextLength: Int) -> Int {
    hyper.cacheBytesPerPosition * capacity(contextLength)
  }

  /// - Throws: `outOfMemory` when the address space or the memory limit does not allow it.
  init(hyperparameters hyper: Hyperparameters, contextLength: Int) throws(KernelError) {
    capacity = Self.capacity(contextLength)
    headCountKV = hyper.headCountKV
    headSize = hyper.headSize
    let half = hyper.layerCount * hyper.headCountKV * capacity * hyper.headSize
    byteCount = Self.byteCount(hyper, contextLength: contextLength)
    let memory = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      throw KernelError(
        .outOfMemory, at: "KV cache",
        "\(byteCount) bytes for \(contextLength) positions could not be reserved")
    }
    keys = memory.bindMemory(to: UInt16.self, capacity: 2 * half)
    values = keys + half
  }

  deinit { munmap(keys, byteCount) }

  /// The key block that holds `position`: (headSize, 16).
  @inline(__always)
  func keyBlock(layer: Int, head: Int, position: Int) -> UnsafeMutablePointer<UInt16> {
    let block = position / VectorTable.keyBlock
    return keys + ((layer * headCountKV + head) * capacity + block * VectorTable.keyBlock)
      * headSize
  }

  /// The value at `position`: (headSize); the following positions come after it.
  @inline(__always)
  func value(layer: Int, head: Int, position: Int) -> UnsafeMutablePointer<UInt16> {
    values + ((layer * headCountKV + head) * capacity + position) * headSize
  }
}
