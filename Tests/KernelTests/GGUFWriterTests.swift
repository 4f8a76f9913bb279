import FoundationEssentials
import Kernel
import Testing

@Suite struct GGUFWriterTests {
  private let scratch: GGUFScratch

  init() throws { scratch = try GGUFScratch() }

  /// Gives `bytes` in chunks of 7.
  private func source(_ bytes: [UInt8]) -> GGUFWriter.Source {
    { (sink) throws(KernelError) in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { copy.deallocate() }
      copy.copyBytes(from: bytes)
      for start in stride(from: 0, to: bytes.count, by: 7) {
        let chunk = copy[start..<min(start + 7, bytes.count)]
        try sink(
          UnsafeRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(rebasing: chunk)[...]))
      }
    }
  }

  private func sample(alignment: Int = 32) throws -> GGUFWriter {
    var writer = GGUFWriter(alignment: alignment)
    writer.set("text", .string("héllo\n"))
    writer.set("u32", .uint32(7))
    writer.set("i32", .int32(-7))
    writer.set("u64", .uint64(1 << 40))
    writer.set("f32", .float32(0.25))
    writer.set("f64", .float64(1e-300))
    writer.set("flag", .bool(true))
    writer.set("tokens", .strings([[0x61], [], [0xFF, 0xFE]]))
    writer.set("floats", .floats([1, -0.5]))
    writer.set("ints", .int32s([3, -3]))
    writer.set("u32", .uint32(8))
    try writer.addTensor("a", shape: [3], type: .f32, source: source(Array(0..<12)))
    try writer.addTensor("b", shape: [32, 2, 2], type: .q4_0, source: source(Array(0..<72)))
    return writer
  }

  @Test(arguments: [8, 32, 4096])
  func whatIsWrittenIsRead(alignment: Int) throws {
    let path = scratch.file("out.gguf")
    var last = 0
    try sample(alignment: alignment).write(
      to: path,
      progress: { done, total in
        last = done
        #expect(done <= total)
      })
    let file = try GGUFFile(path: path)
    #expect(last == file.file.byteCount)
    #expect(file.version == 3)
    #expect(file.alignment == alignment)
    #expect(file.dataOffset % alignment == 0)
    let metadata = file.metadata
    #expect(try metadata.string("text") == "héllo\n")
    #expect(try metadata.int("u32") == 8)
    #expect(try metadata.int("i32") == -7)
    #expect(try metadata.int("u64") == 1 << 40)
    #expect(try metadata.double("f32") == 0.25)
    #expect(try metadata.double("f64") == 1e-300)
    #expect(try metadata.bool("flag") == true)
    let tokens = try #require(try metadata.array("tokens"))
    #expect(
      try tokens.stringSpans().map { Array(file.file.bytes[$0]) } == [[0x61], [], [0xFF, 0xFE]])
    #expect(try metadata.array("floats")?.floats() == [1, -0.5])
    #expect(try metadata.array("ints")?.ints() == [3, -3])
    let b = try #require(file.tensor(named: "b"))
    #expect(b.shape == [32, 2, 2])
    #expect(Array(file.bytes(of: b)) == Array(0..<72))
    #expect(try scratch.names == ["out.gguf"])
  }

  @Test func copiesKeysUnchanged() throws {
    let original = try GGUFFile(path: scratch.write(GGUFBytes.honest.bytes))
    var writer = GGUFWriter()
    for key in original.metadata.keys {
      writer.set(key, try #require(GGUFField.copy(key, of: original.metadata)))
    }
    try writer.write(to: scratch.file("copy.gguf"))
    let copy = try GGUFFile(path: scratch.file("copy.gguf"))
    #expect(copy.metadata.keys == original.metadata.keys)
    #expect(try copy.metadata.string("general.architecture") == "llama")
    #expect(try copy.metadata.array("tokens")?.strings() == ["a", "", "▁b"])
  }

  @Test func cancellingLeavesWhatWasThere() throws {
    let path = try scratch.write(Array("before".utf8), "out.gguf")
    var chunks = 0
    let error = #expect(throws: KernelError.self) {
      try sample().write(
        to: path,
        isCancelled: {
          chunks += 1; return chunks > 3
        })
    }
    #expect(error?.code == .fileUnwritable)
    #expect(error?.cause is CancellationError)
    #expect(try scratch.names == ["out.gguf"])
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("before".utf8))
  }

  @Test func aSourceThatFailsLeavesNothing() throws {
    var writer = try sample()
    try writer.addTensor("c", shape: [4], type: .f32) { (_) throws(KernelError) in
      throw KernelError(.malformed, at: "elsewhere", "bad")
    }
    let error = #expect(throws: KernelError.self) {
      try writer.write(to: scratch.file("out.gguf"))
    }
    #expect(error?.place == "elsewhere")
    #expect(try scratch.names.isEmpty)
  }

  @Test(arguments: [11, 13])
  func aSourceOfAnotherSizeIsRefused(byteCount: Int) throws {
    var writer = GGUFWriter()
    let bytes = [UInt8](repeating: 1, count: byteCount)
    try writer.addTensor("a", shape: [3], type: .f32, source: source(bytes))
    let error = #expect(throws: KernelError.self) {
      try writer.write(to: scratch.file("out.gguf"))
    }
    #expect(error?.code == .invalidRequest)
    #expect(error?.place.contains("tensor a") == true)
    #expect(try scratch.names.isEmpty)
  }

  @Test func placesThatCannotBeWrittenAreNamed() throws {
    for path in [scratch.file("absent/out.gguf"), scratch.path, "/dev/null"] {
      let error = #expect(throws: KernelError.self) { try sample().write(to: path) }
      #expect(error?.code == .fileUnwritable)
      #expect(error?.place == path)
    }
  }

  @Test func aFullDiskIsSaidBeforeWriting() throws {
    var writer = GGUFWriter()
    try writer.addTensor("a", shape: [1 << 50], type: .f32) { (_) throws(KernelError) in }
    let error = #expect(throws: KernelError.self) {
      try writer.write(to: scratch.file("out.gguf"))
    }
    #expect(error?.code == .fileUnwritable)
    #expect(error?.detail.contains("bytes free") == true)
    #expect(try scratch.names.isEmpty)
  }

  @Test func shapesThatCannotBeAreRefused() throws {
    var writer = try sample()
    let none: GGUFWriter.Source = { (_) throws(KernelError) in }
    #expect(throws: KernelError.self) {
      try writer.addTensor("a", shape: [3], type: .f32, source: none)
    }
    #expect(throws: KernelError.self) {
      try writer.addTensor("d", shape: [33], type: .q4_0, source: none)
    }
    #expect(throws: KernelError.self) {
      try writer.addTensor("d", shape: [], type: .f32, source: none)
    }
  }
}
