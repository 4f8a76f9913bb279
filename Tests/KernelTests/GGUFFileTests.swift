import Kernel
import Testing

@Suite struct GGUFFileTests {
  private let scratch: GGUFScratch

  init() throws { scratch = try GGUFScratch() }

  @Test(arguments: [UInt32(2), 3])
  func readsKeysTensorsAndData(version: UInt32) throws {
    var bytes = GGUFBytes.honest
    bytes.version = version
    let file = try GGUFFile(path: scratch.write(bytes.bytes))
    #expect(file.version == version)
    #expect(file.alignment == 32)
    #expect(file.dataOffset == bytes.bytes.count - bytes.data.count)
    #expect(file.metadata.keys == ["general.architecture", "tokens"])
    #expect(try file.metadata.string("general.architecture") == "llama")
    #expect(file.tensors.map(\.name) == ["norm", "matrix"])
    let matrix = try #require(file.tensor(named: "matrix"))
    #expect(matrix.shape == [32, 2])
    #expect(matrix.rowWidth == 32)
    #expect(matrix.rowCount == 2)
    #expect(matrix.valueCount == 64)
    #expect(matrix.type == .q8_0)
    #expect(Array(file.bytes(of: matrix)) == Array(bytes.data[32..<100]))
    #expect(file.tensor(named: "other") == nil)
  }

  @Test func readsScalarsOfEveryType() throws {
    var bytes = GGUFBytes()
    bytes.keys = [
      GGUFBytes.key("u8", type: 0, [200]),
      GGUFBytes.key("i8", type: 1, [0xFE]),
      GGUFBytes.key("u16", type: 2, little(UInt16(65_000))),
      GGUFBytes.key("i16", type: 3, little(Int16(-3))),
      GGUFBytes.key("u32", type: 4, little(UInt32(4_000_000_000))),
      GGUFBytes.key("i32", type: 5, little(Int32(-4))),
      GGUFBytes.key("f32", type: 6, little(Float(1.5).bitPattern)),
      GGUFBytes.key("yes", type: 7, [1]),
      GGUFBytes.key("u64", type: 10, little(UInt64(1) << 62)),
      GGUFBytes.key("i64", type: 11, little(Int64(-5))),
      GGUFBytes.key("f64", type: 12, little(Double(-2.5).bitPattern)),
    ]
    let metadata = try GGUFFile(path: scratch.write(bytes.bytes)).metadata
    #expect(try metadata.int("u8") == 200)
    #expect(try metadata.int("i8") == -2)
    #expect(try metadata.int("u16") == 65_000)
    #expect(try metadata.int("i16") == -3)
    #expect(try metadata.int("u32") == 4_000_000_000)
    #expect(try metadata.int("i32") == -4)
    #expect(try metadata.int("u64") == 1 << 62)
    #expect(try metadata.int("i64") == -5)
    #expect(try metadata.double("f32") == 1.5)
    #expect(try metadata.double("f64") == -2.5)
    #expect(try metadata.double("i16") == -3)
    #expect(try metadata.bool("yes") == true)
    #expect(try metadata.int("absent") == nil)
  }

  @Test func readsArraysWhereTheyLie() throws {
    let metadata = try GGUFFile(path: scratch.write(GGUFBytes.honest.bytes)).metadata
    let tokens = try #require(try metadata.array("tokens"))
    #expect(tokens.count == 3)
    #expect(try tokens.strings() == ["a", "", "▁b"])
    let spans = try tokens.stringSpans()
    #expect(spans.map { Array(tokens.file.bytes[$0]) } == ["a", "", "▁b"].map { Array($0.utf8) })
    #expect(throws: KernelError.self) { try tokens.ints() }
    #expect(throws: KernelError.self) { try tokens.floats() }
  }

  @Test func readsNumbersInArrays() throws {
    var bytes = GGUFBytes()
    bytes.keys = [
      GGUFBytes.key(
        "floats", type: 9,
        GGUFBytes.array(
          type: 6, count: 2, [Float(0.5), -8].flatMap { little($0.bitPattern) })),
      GGUFBytes.key("ints", type: 9, GGUFBytes.array(type: 1, count: 2, [1, 0xFF])),
      GGUFBytes.key("bools", type: 9, GGUFBytes.array(type: 7, count: 2, [1, 0])),
      GGUFBytes.key(
        "nested", type: 9,
        GGUFBytes.array(type: 9, count: 1, GGUFBytes.array(type: 0, count: 3, [1, 2, 3]))),
      GGUFBytes.key("last", type: 0, [9]),
    ]
    let metadata = try GGUFFile(path: scratch.write(bytes.bytes)).metadata
    #expect(try metadata.array("floats")?.floats() == [0.5, -8])
    #expect(try metadata.array("ints")?.ints() == [1, -1])
    #expect(try metadata.array("ints")?.floats() == [1, -1])
    #expect(try metadata.array("bools")?.bools() == [true, false])
    #expect(throws: KernelError.self) { try metadata.array("nested")?.ints() }
    #expect(try metadata.int("last") == 9)
  }

  @Test(arguments: ["text", "flag", "huge", "endless"])
  func namesFileAndKeyOfAWrongType(key: String) throws {
    var bytes = GGUFBytes()
    bytes.keys = [
      GGUFBytes.key("text", type: 8, GGUFBytes.string(Array("7".utf8))),
      GGUFBytes.key("flag", type: 7, [1]),
      GGUFBytes.key("huge", type: 10, little(UInt64.max)),
      GGUFBytes.key("endless", type: 6, little(Float.infinity.bitPattern)),
    ]
    let metadata = try GGUFFile(path: scratch.write(bytes.bytes)).metadata
    let error = #expect(throws: KernelError.self) {
      if key == "endless" { _ = try metadata.double(key) } else { _ = try metadata.int(key) }
    }
    #expect(error?.code == .malformed)
    #expect(error?.place == "model.gguf, key \(key)")
  }

  @Test func opensAFileWithATypeThatIsNotImplemented() throws {
    var bytes = GGUFBytes()
    bytes.tensors = [
      GGUFBytes.tensor("exotic", [256], type: 10),
      GGUFBytes.tensor("unheard", [3], type: 77, offset: 96),
    ]
    bytes.data = [UInt8](repeating: 0, count: 128)
    let file = try GGUFFile(path: scratch.write(bytes.bytes))
    let tensor = try #require(file.tensor(named: "exotic"))
    #expect(tensor.type == nil)
    #expect(tensor.byteCount == 84)
    let error = #expect(throws: KernelError.self) { try file.blockType(of: tensor) }
    #expect(error?.code == .unsupportedBlockType)
    #expect(error?.place == "model.gguf, tensor exotic")
    #expect(error?.detail.contains("Q2_K") == true)
    #expect(file.tensor(named: "unheard")?.typeName == "type 77")
  }

  @Test func opensAVocabularyWithoutTensors() throws {
    var bytes = GGUFBytes.honest
    bytes.tensors = []
    let file = try GGUFFile(path: scratch.write(bytes.header))
    #expect(file.tensors.isEmpty)
    #expect(try file.metadata.array("tokens")?.count == 3)
  }

  @Test func refusesWhatIsNoFile() throws {
    let missing = #expect(throws: KernelError.self) {
      try GGUFFile(path: scratch.file("missing.gguf"))
    }
    #expect(missing?.code == .fileMissing)
    #expect(missing?.place.hasSuffix("missing.gguf") == true)
    let folder = #expect(throws: KernelError.self) { try GGUFFile(path: scratch.path) }
    #expect(folder?.code == .fileUnreadable)
    let empty = #expect(throws: KernelError.self) { try GGUFFile(path: scratch.write([])) }
    #expect(empty?.code == .fileUnreadable)
    let device = #expect(throws: KernelError.self) { try GGUFFile(path: "/dev/null") }
    #expect(device?.code == .fileUnreadable)
  }

  @Test func noticesThatTheFileShrank() throws {
    let path = try scratch.write(GGUFBytes.honest.bytes)
    let file = try GGUFFile(path: path)
    try file.file.checkNotShrunk()
    try truncateFile(path, to: 100)
    let error = #expect(throws: KernelError.self) { try file.file.checkNotShrunk() }
    #expect(error?.code == .truncated)
  }
}
