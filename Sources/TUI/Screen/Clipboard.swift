/// Copying through the terminal itself (OSC 52), which works over ssh too.
package enum Clipboard {
  /// Terminals cut or drop longer ones; counted before encoding.
  package static let maximumByteCount = 74_994

  /// The bytes that ask the terminal to take a text into its clipboard, or nil where the text
  /// is too long for that. In tmux the request is sent both to tmux and through it.
  package static func request(for text: String, inTmux: Bool) -> [UInt8]? {
    let bytes = Array(text.utf8)
    guard bytes.count <= maximumByteCount else { return nil }
    let plain = Array("\u{1B}]52;c;".utf8) + base64(bytes) + [0x07]
    guard inTmux else { return plain }
    // Inside of the wrapper every escape is doubled.
    return plain + Array("\u{1B}Ptmux;\u{1B}".utf8) + plain + Array("\u{1B}\\".utf8)
  }

  static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for (offset, byte) in group.enumerated() { bits |= UInt32(byte) << (16 - 8 * offset) }
      for place in 0..<4 {
        let digit = Int(bits >> (18 - 6 * place) & 63)
        out.append(place <= group.count ? alphabet[digit] : 0x3D)
      }
    }
    return out
  }
}
