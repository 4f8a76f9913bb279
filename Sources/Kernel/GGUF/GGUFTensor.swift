/// One tensor of a file: its name, shape, type and place.
package struct GGUFTensor: Sendable {
  package let name: String
  /// 1 to 4 sizes, fastest first: a matrix is (row width, rows). Each at least 1.
  package let shape: [Int]
  /// The type's number in the file.
  package let typeNumber: UInt32
  /// The offset of the first byte in the file, not in the data section.
  package let byteOffset: Int
  /// Bytes of data; 0 when the type's number is one nobody knows the size of.
  package let byteCount: Int

  /// The type, nil when it is not implemented; see `GGUFFile.blockType(of:)`.
  package var type: BlockType? { BlockType(rawValue: typeNumber) }
  /// The type's name in the field, `Q2_K`, also of types that are not implemented.
  package var typeName: String { GGUFTypeInfo.name(of: typeNumber) }
  /// Values in a row.
  package var rowWidth: Int { shape[0] }
  /// Rows: the product of all sizes but the first.
  package var rowCount: Int { shape.dropFirst().reduce(1, *) }
  /// Values in all.
  package var valueCount: Int { shape.reduce(1, *) }
}

/// Names and block sizes of all tensor types with a number, also of those that are not
/// implemented, so that errors can name them and their extent can be checked.
///
/// Source: ggml's type table.
struct GGUFTypeInfo {
  var name: String
  var valuesPerBlock: Int
  var bytesPerBlock: Int

  static func name(of number: UInt32) -> String { table[number]?.name ?? "type \(number)" }

  static let table: [UInt32: GGUFTypeInfo] = {
    let rows: [(UInt32, String, Int, Int)] = [
      (0, "F32", 1, 4), (1, "F16", 1, 2), (2, "Q4_0", 32, 18), (3, "Q4_1", 32, 20),
      (6, "Q5_0", 32, 22), (7, "Q5_1", 32, 24), (8, "Q8_0", 32, 34), (9, "Q8_1", 32, 36),
      (10, "Q2_K", 256, 84), (11, "Q3_K", 256, 110), (12, "Q4_K", 256, 144),
      (13, "Q5_K", 256, 176), (14, "Q6_K", 256, 210), (15, "Q8_K", 256, 292),
      (16, "IQ2_XXS", 256, 66), (17, "IQ2_XS", 256, 74), (18, "IQ3_XXS", 256, 98),
      (19, "IQ1_S", 256, 50), (20, "IQ4_NL", 32, 18), (21, "IQ3_S", 256, 110),
      (22, "IQ2_S", 256, 82), (23, "IQ4_XS", 256, 136), (24, "I8", 1, 1), (25, "I16", 1, 2),
      (26, "I32", 1, 4), (27, "I64", 1, 8), (28, "F64", 1, 8), (29, "IQ1_M", 256, 56),
      (30, "BF16", 1, 2), (34, "TQ1_0", 256, 54), (35, "TQ2_0", 256, 66),
      (39, "MXFP4", 32, 17), (40, "NVFP4", 64, 36), (41, "Q1_0", 128, 18),
    ]
    return Dictionary(
      uniqueKeysWithValues: rows.map { row in
        (row.0, GGUFTypeInfo(name: row.1, valuesPerBlock: row.2, bytesPerBlock: row.3))
      })
  }()
}
