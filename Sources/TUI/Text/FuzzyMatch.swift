/// Finds what someone means by a few letters.
package enum FuzzyMatch {
  /// How well the letters of `query` stand in `text` in that order, and where, as places of
  /// its characters; nil when they do not. Case is ignored. Higher is better: letters that
  /// follow each other and starts of words count more, and an early place a little.
  ///
  /// Greedy from the best start; linear in the text for each start.
  package static func match(_ query: String, in text: String) -> (score: Int, places: [Int])? {
    let wanted = query.lowercased().filter { !$0.isWhitespace }
    guard let first = wanted.first else { return (0, []) }
    let original = Array(text)
    let letters = original.map { Character(String($0).lowercased().prefix(1).description) }
    var best: (score: Int, places: [Int])?
    for start in letters.indices where letters[start] == first {
      guard let found = match(Array(wanted), letters, original, from: start) else { break }
      if best.map({ found.score > $0.score }) ?? true { best = found }
    }
    return best
  }

  private static func match(
    _ wanted: [Character], _ letters: [Character], _ original: [Character], from start: Int
  ) -> (score: Int, places: [Int])? {
    var places: [Int] = []
    var score = -min(start, 20)
    var place = start
    for letter in wanted {
      while place < letters.count, letters[place] != letter { place += 1 }
      guard place < letters.count else { return nil }
      if let before = places.last {
        score += before == place - 1 ? 15 : -min(place - before, 10)
      }
      let startsWord =
        place == 0 || !(original[place - 1].isLetter || original[place - 1].isNumber)
        || (original[place].isUppercase && original[place - 1].isLowercase)
      if startsWord { score += 10 }
      places.append(place)
      place += 1
    }
    return (score, places)
  }
}
