import FoundationEssentials
import Glibc
import Kernel
import Testing

/// One lie in an otherwise honest file, and the answer it must get.
struct GGUFHazard: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var code: KernelError.Code
  /// Must appear in the error's place, after the file's name.
  var place: String
  var bytes: [UInt8]

  init(
    _ name: String, _ code: KernelError.Code, _ place: String,
    _ change: (inout GGUFBytes) -> Void
  ) {
    var file = GGUFBytes.honest
    change(&file)
    self.init(name, code, place, bytes: file.bytes)
  }

  init(_ name: String, _ code: KernelError.Code, _ place: String, bytes: [UInt8]) {
    testDescription = name
    self.code = code
    self.place = place
    self.bytes = bytes
  }
}

private typealias B = GGUFBytes

private let headerHazards: [GGUFHazard] = [
  GGUFHazard("other magic", .notGGUF, "offset 0") { $0.magic = Array("GGML".utf8) },
  GGUFHazard("one byte", .notGGUF, "offset 0", bytes: [0x47]),
  GGUFHazard("version 1", .unsupportedVersion, "offset 4") { $0.version = 1 },
  GGUFHazard("version 4", .unsupportedVersion, "offset 4") { $0.version = 4 },
  GGUFHazard("big-endian", .unsupportedVersion, "offset 4") { $0.version = 3 << 24 },
  GGUFHazard("2^63 tensors", .malformed, "offset 8") { $0.tensorCount = 1 << 63 },
  GGUFHazard("200,000 tensors", .truncated, "offset 8") { $0.tensorCount = 200_000 },
  GGUFHazard("2^64 - 1 keys", .malformed, "offset 16") { $0.keyCount = .max },
  GGUFHazard("60,000 keys", .truncated, "offset 16") { $0.keyCount = 60_000 },
]

private let keyHazards: [GGUFHazard] = [
  GGUFHazard("key of 2^64 - 1 bytes", .malformed, "key 3 of 3") {
    $0.keys.append(little(UInt64.max) + little(UInt32(0)) + [0, 0])
  },
  GGUFHazard("empty key", .malformed, "key 3 of 3") { $0.keys.append(B.key("", type: 0, [0])) },
  GGUFHazard("key that is not UTF-8", .malformed, "key 3 of 3") {
    $0.keys.append(B.string([0x61, 0xFF]) + little(UInt32(0)) + [0])
  },
  GGUFHazard("key twice", .malformed, "key tokens") {
    $0.keys.append(B.key("tokens", type: 0, [0]))
  },
  GGUFHazard("value type 13", .malformed, "key odd") {
    $0.keys.append(B.key("odd", type: 13, [0]))
  },
  GGUFHazard("truth value 2", .malformed, "key odd") { $0.keys.append(B.key("odd", type: 7, [2])) },
  GGUFHazard("string of 2^64 - 1 bytes", .malformed, "key text") {
    $0.keys.append(B.key("text", type: 8, little(UInt64.max)))
  },
  GGUFHazard("string of a megabyte", .truncated, "key text") {
    $0.keys.append(B.key("text", type: 8, little(UInt64(1 << 20))))
  },
  GGUFHazard("2^62 array elements", .malformed, "key list") {
    $0.keys.append(B.key("list", type: 9, B.array(type: 12, count: 1 << 62, [])))
  },
  GGUFHazard("2^31 array elements", .truncated, "key list") {
    $0.keys.append(B.key("list", type: 9, B.array(type: 12, count: 1 << 31, [])))
  },
  GGUFHazard("array element type 99", .malformed, "key list") {
    $0.keys.append(B.key("list", type: 9, B.array(type: 99, count: 1, [0])))
  },
  GGUFHazard("array of a string near 2^64", .truncated, "key list") {
    $0.keys.append(B.key("list", type: 9, B.array(type: 8, count: 1, little(UInt64.max - 8))))
  },
  GGUFHazard("arrays nested 40 deep", .malformed, "key list") {
    let deep = (0..<40).reduce([UInt8](repeating: 0, count: 64)) { inner, _ in
      B.array(type: 9, count: 1, inner)
    }
    $0.keys.append(B.key("list", type: 9, deep))
  },
  GGUFHazard("alignment 0", .malformed, "key general.alignment") {
    $0.keys.append(B.key("general.alignment", type: 4, little(UInt32(0))))
  },
  GGUFHazard("alignment 3", .malformed, "key general.alignment") {
    $0.keys.append(B.key("general.alignment", type: 4, little(UInt32(3))))
  },
  GGUFHazard("alignment 4", .malformed, "key general.alignment") {
    $0.keys.append(B.key("general.alignment", type: 4, little(UInt32(4))))
  },
  GGUFHazard("alignment 2^31", .malformed, "key general.alignment") {
    $0.keys.append(B.key("general.alignment", type: 4, little(UInt32(1 << 31))))
  },
  GGUFHazard("alignment as a text", .malformed, "key general.alignment") {
    $0.keys.append(B.key("general.alignment", type: 8, B.string(Array("32".utf8))))
  },
  GGUFHazard("alignment of 64 bits", .malformed, "key general.alignment") {
    $0.keys.append(B.key("general.alignment", type: 10, little(UInt64(32))))
  },
  GGUFHazard("control characters in a key", .malformed, "key a\\u{1b}[2J") {
    $0.keys.append(B.key("a\u{1b}[2J", type: 13, [0]))
  },
]

private let tensorHazards: [GGUFHazard] = [
  GGUFHazard("tensor's name of 2^63 bytes", .malformed, "tensor 3 of 3") {
    $0.tensors.append(little(UInt64(1) << 63) + [UInt8](repeating: 0, count: 32))
  },
  GGUFHazard("tensor's name of 256 bytes", .malformed, "tensor 3 of 3") {
    $0.tensors.append(B.tensor(String(repeating: "n", count: 256), [1], type: 0))
  },
  GGUFHazard("tensor's name twice", .malformed, "tensor norm") {
    $0.tensors.append(B.tensor("norm", [8], type: 0, offset: 128))
  },
  GGUFHazard("no dimensions", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [], type: 0))
  },
  GGUFHazard("five dimensions", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1, 1, 1, 1, 1], type: 0))
  },
  GGUFHazard("2^32 - 1 dimensions", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1], type: 0, dimensions: .max))
  },
  GGUFHazard("dimension of 0", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [8, 0], type: 0))
  },
  GGUFHazard("negative dimension", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [UInt64(bitPattern: -8)], type: 0))
  },
  GGUFHazard("product of dimensions overflows", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1 << 32, 1 << 32], type: 0))
  },
  GGUFHazard("bytes overflow", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1 << 62], type: 0))
  },
  GGUFHazard("offset and bytes overflow", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1 << 40, 1 << 20], type: 0, offset: 1 << 62))
  },
  GGUFHazard("row that is no whole blocks", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [33, 32], type: 2))
  },
  GGUFHazard("offset not aligned", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1], type: 0, offset: 33))
  },
  GGUFHazard("offset near 2^64", .malformed, "tensor t") {
    $0.tensors.append(B.tensor("t", [1], type: 0, offset: .max - 31))
  },
  GGUFHazard("offset beyond the file", .truncated, "tensor t") {
    $0.tensors.append(B.tensor("t", [1], type: 0, offset: 1 << 20))
  },
  GGUFHazard("offset of an unknown type beyond the file", .truncated, "tensor t") {
    $0.tensors.append(B.tensor("t", [1], type: 77, offset: 1 << 20))
  },
  GGUFHazard("data cut by a byte", .truncated, "tensor matrix") { $0.data.removeLast() },
  GGUFHazard("overlapping tensors", .malformed, "tensor") {
    $0.tensors.append(B.tensor("t", [8], type: 0, offset: 64))
  },
  GGUFHazard("the same place twice", .malformed, "tensor") {
    $0.tensors.append(B.tensor("t", [8], type: 0, offset: 0))
  },
]

@Suite struct GGUFHostileTests {
  @Test func shapesOfUnknownTypesMayAddUpToMoreThanANumberHolds() throws {
    let folder = try GGUFScratch()
    var bytes = GGUFBytes.honest
    bytes.data += Array(repeating: 0, count: 28)
    for name in ["x", "y", "z"] {
      bytes.tensors.append(GGUFBytes.tensor(name, [1 << 62], type: 200, offset: 128))
    }
    let file = try GGUFFile(path: folder.write(bytes.bytes))
    #expect(try ModelDescription(file: file).parameterCount == .max)
  }

  private let scratch: GGUFScratch

  init() throws { scratch = try GGUFScratch() }

  @Test(arguments: headerHazards + keyHazards + tensorHazards)
  func refuses(_ hazard: GGUFHazard) throws {
    let path = try scratch.write(hazard.bytes)
    let error = #expect(throws: KernelError.self) { try GGUFFile(path: path) }
    #expect(error?.code == hazard.code)
    #expect(error?.place.hasPrefix("model.gguf") == true, "\(error?.place ?? "")")
    #expect(error?.place.contains(hazard.place) == true, "\(error?.place ?? "")")
    let unescaped = ((error?.place ?? "") + (error?.detail ?? "")).unicodeScalars
    #expect(unescaped.allSatisfy { $0.properties.generalCategory != .control })
  }

  /// A count far above what the file can hold must not be believed for an allocation.
  @Test func memoryStaysSmallUnderLies() throws {
    let before = try peakAddressSpace()
    for hazard in headerHazards + keyHazards + tensorHazards {
      _ = try? GGUFFile(path: scratch.write(hazard.bytes))
    }
    // Other tests run beside this one; believing the largest lie would take 16 GiB.
    let after = try peakAddressSpace()
    #expect(after - before < 4 << 30)
  }

  @Test func everyCutOfTheHeaderIsAnError() throws {
    let path = scratch.file("tiny.gguf")
    try synthesize(shape: .tiny, type: .q4_0, seed: 1, to: path)
    let whole = try GGUFFile(path: path)
    let byteCount = whole.file.byteCount
    let dataOffset = whole.dataOffset
    let sample = stride(from: dataOffset, to: byteCount, by: 4_999)
    let cuts = Array(1..<dataOffset) + Array(sample) + [byteCount - 1]
    for cut in cuts.reversed() {
      try truncateFile(path, to: cut)
      do {
        _ = try GGUFFile(path: path)
        Issue.record("a file cut at \(cut) of \(byteCount) bytes was opened")
      } catch {
        let expected: KernelError.Code = cut < 4 ? .notGGUF : .truncated
        if error.code != expected { Issue.record("cut at \(cut): \(error)") }
      }
    }
  }

  @Test func flippedBytesNeverCrash() throws {
    var file = GGUFBytes.honest
    file.keys += [
      B.key("general.alignment", type: 4, little(UInt32(32))),
      B.key("scores", type: 9, B.array(type: 6, count: 3, [UInt8](repeating: 0x3F, count: 12))),
      B.key("nested", type: 9, B.array(type: 9, count: 1, B.array(type: 7, count: 2, [0, 1]))),
    ]
    let path = try scratch.write(file.bytes)
    let headerCount = file.header.count
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    var random = TestRandom(state: 7)
    var opened = 0
    for _ in 0..<6_000 {
      var undo: [(offset: Int, byte: UInt8)] = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let offset = Int.random(in: 0..<headerCount, using: &random)
        // Small values, all ones and single bits make likelier lies than noise.
        let byte =
          [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
        undo.append((offset, file.bytes[offset]))
        #expect(pwrite(descriptor, [byte], 1, off_t(offset)) == 1)
      }
      if let damaged = try? GGUFFile(path: path) {
        opened += 1
        _ = readEverything(damaged)
      }
      for (offset, byte) in undo { _ = pwrite(descriptor, [byte], 1, off_t(offset)) }
    }
    // Flips inside names and values are harmless; if none were, the test would test nothing.
    #expect(opened > 100 && opened < 6_000)
    #expect(try GGUFFile(path: path).tensors.count == 2)
  }

  /// The file is rewritten behind an open mapping: lengths are checked again when walked.
  @Test func rewrittenLengthsAreNoticed() throws {
    let bytes = GGUFBytes.honest
    let path = try scratch.write(bytes.bytes)
    let file = try GGUFFile(path: path)
    let tokens = try #require(try file.metadata.array("tokens"))
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    _ = pwrite(descriptor, little(UInt64.max), 8, off_t(tokens.byteRange.lowerBound))
    #expect(throws: KernelError.self) { try tokens.strings() }
  }
}

/// A small linear congruential generator, so that the runs of a test are alike.
struct TestRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}

func truncateFile(_ path: String, to byteCount: Int) throws {
  try #require(truncate(path, off_t(byteCount)) == 0)
}

/// The most address space the process has had, in bytes: reservations count, touched or not.
private func peakAddressSpace() throws -> Int {
  let status = try String(contentsOf: URL(filePath: "/proc/self/status"), encoding: .utf8)
  let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") })
  return try #require(line.split(separator: " ").compactMap { Int($0) }.first) * 1024
}
