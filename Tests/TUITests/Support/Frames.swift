import TUI
import Testing

/// Compares a surface with the picture of it: one line a row, blanks at the end left out.
func expect(
  _ surface: Surface, _ picture: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  var wanted = picture.split(separator: "\n", omittingEmptySubsequences: false).map { line in
    var line = String(line)
    while line.last == " " { line.removeLast() }
    return line
  }
  while wanted.count < surface.size.rows { wanted.append("") }
  let shown = surface.lines
  #expect(
    shown == wanted, "shown:\n\(shown.joined(separator: "\n"))", sourceLocation: sourceLocation)
}

func surface(_ columns: Int, _ rows: Int) -> Surface {
  Surface(size: Size(columns: columns, rows: rows), glyphs: .unicode)
}

func rect(_ columns: Int, _ rows: Int) -> Rect {
  Rect(column: 0, row: 0, columns: columns, rows: rows)
}

/// Types keys in notation into an editor and gives the last outcome.
@discardableResult
func type(_ keys: String, into editor: inout TextEditor) throws -> TextEditor.Outcome {
  var outcome = TextEditor.Outcome.handled
  for key in try Key.sequence(keys) { outcome = editor.handle(key) }
  return outcome
}

/// Every scalar that could steer a terminal or turn text around.
let hostileScalars: [Unicode.Scalar] = {
  let ranges: [ClosedRange<UInt32>] = [
    0x00...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF...0xFEFF,
    0xFFF9...0xFFFB, 0x061C...0x061C, 0xE0001...0xE007F,
  ]
  return ranges.flatMap { $0.compactMap(Unicode.Scalar.init) }
}()

let hostileValues = Set(hostileScalars.map(\.value))
