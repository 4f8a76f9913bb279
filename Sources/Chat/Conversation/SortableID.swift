import FoundationEssentials

/// Short ids that sort by the time they were made: nine characters of milliseconds and five
/// of chance, in an alphabet without look-alikes (32 characters, lower case, so that ids
/// differ on file systems that ignore case).
package enum SortableID {
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// A new id for `date`. Two ids of the same millisecond differ by 25 random bits; whoever
  /// keeps a set of ids makes another one on a clash.
  package static func make(
    date: Date, using generator: inout some RandomNumberGenerator
  ) -> String {
    let milliseconds = UInt64(clamping: max(0, Timestamp.milliseconds(of: date)))
    return encode(milliseconds, digitCount: 9) + random(digitCount: 5, using: &generator)
  }

  /// `digitCount` random characters of the alphabet.
  package static func random(
    digitCount: Int, using generator: inout some RandomNumberGenerator
  ) -> String {
    encode(generator.next(), digitCount: digitCount)
  }

  private static func encode(_ number: UInt64, digitCount: Int) -> String {
    var rest = number
    var digits = [UInt8](repeating: 0, count: digitCount)
    for index in digits.indices.reversed() {
      digits[index] = alphabet[Int(rest & 31)]
      rest >>= 5
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
