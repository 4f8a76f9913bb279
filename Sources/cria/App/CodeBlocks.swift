/// Fenced blocks in Markdown text.
package enum CodeBlocks {
  /// What stands between the fences, without them. An open block at the end counts.
  package static func find(in text: String) -> [String] {
    var blocks: [String] = []
    var current: (lines: [Substring], fence: Substring)?
    // A carriage return and a line feed are one character.
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for line in lines {
      let content = line.drop { $0 == " " }
      let mark: Character = content.first == "~" ? "~" : "`"
      let fence = content.prefix { $0 == mark }
      if let open = current {
        // A block ends with a fence of its own kind that is no shorter and says nothing.
        let ends =
          fence.first == open.fence.first && fence.count >= open.fence.count
          && content.dropFirst(fence.count).allSatisfy(\.isWhitespace)
        if ends {
          blocks.append(open.lines.joined(separator: "\n"))
          current = nil
        } else {
          current?.lines.append(line)
        }
      } else if fence.count >= 3 {
        current = ([], fence)
      }
    }
    if let current, !current.lines.isEmpty {
      blocks.append(current.lines.joined(separator: "\n"))
    }
    return blocks
  }
}
