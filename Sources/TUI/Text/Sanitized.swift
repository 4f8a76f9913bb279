/// A text with nothing in it that could steer a terminal or turn text around; for what is
/// written to a terminal without a surface. Line feeds and tabs stay.
package func sanitized(_ text: some StringProtocol) -> String {
  var clean = String.UnicodeScalarView()
  for character in text {
    if character == "\n" || character == "\t" || character == "\r\n" {
      clean.append(character == "\t" ? "\t" : "\n")
      continue
    }
    DisplayWidth.forEachPiece(of: character.unicodeScalars) { piece in
      for value in [piece.base] + piece.marks {
        if let scalar = Unicode.Scalar(value) { clean.append(scalar) }
      }
    }
  }
  return String(clean)
}
