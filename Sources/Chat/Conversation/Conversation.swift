import FoundationEssentials

/// A conversation as a tree of messages with a head: regenerating and editing add siblings,
/// nothing is overwritten. What is on the screen is the path from a root to the head.
package struct Conversation: Sendable, Equatable, Identifiable {
  /// The transcript's id: its file name without the extension.
  package let id: String
  /// Whole milliseconds.
  package let created: Date
  /// Set by the user; see `title`.
  package var customTitle: String?
  /// `nil` for the prompt format's own default, empty for none at all.
  package var systemPrompt: String?
  /// All messages in the order they were added; parents come before their children.
  package private(set) var messages: [Message] = []

  private var indices: [MessageID: Int] = [:]
  /// Children in the order they were added; roots under `rootIndex`.
  private var children: [Int: [Int]] = [:]
  /// The child of each message that the head was last under, so that walking to a sibling
  /// and back ends where one was.
  private var lastVisited: [Int: Int] = [:]
  /// Indices of the messages from the root to the head.
  private var pathIndices: [Int] = []

  private static let rootIndex = -1

  /// An empty conversation.
  package init(id: String, created: Date) {
    self.id = id
    self.created = Timestamp.rounded(created)
  }

  /// An empty conversation of this moment with a new id.
  package static func new(at date: Date) -> Conversation {
    var generator = SystemRandomNumberGenerator()
    let suffix = SortableID.random(digitCount: 6, using: &generator)
    return Conversation(id: "\(Timestamp.compact(date))-\(suffix)", created: date)
  }

  /// The message that the next one will follow; `nil` at the very start.
  package var head: MessageID? { pathIndices.last.map { messages[$0].id } }

  /// Messages from the root to the head, hidden ones included. O(length of the path).
  package var path: [Message] { pathIndices.map { messages[$0] } }

  /// The path without the hidden messages. O(length of the path).
  package var visiblePath: [Message] {
    pathIndices.compactMap { messages[$0].isHidden ? nil : messages[$0] }
  }

  package var isEmpty: Bool { messages.isEmpty }

  /// The message with that id. O(1).
  package subscript(id: MessageID) -> Message? { indices[id].map { messages[$0] } }

  /// Adds a message under its parent, wherever that is, and makes it the head.
  ///
  /// O(1) when the parent is the head, O(depth) otherwise. Fails when the id is taken or the
  /// parent is not there.
  package mutating func insert(_ message: Message) throws(ChatError) {
    guard indices[message.id] == nil else {
      throw ChatError(.unknownMessage, at: message.id, "the message is there already")
    }
    var parentIndex = Self.rootIndex
    if let parent = message.parent {
      guard let found = indices[parent] else {
        throw ChatError(.unknownMessage, at: parent, "no such parent message")
      }
      parentIndex = found
    }
    let index = messages.count
    messages.append(message)
    indices[message.id] = index
    children[parentIndex, default: []].append(index)
    lastVisited[parentIndex] = index
    if parentIndex == pathIndices.last ?? Self.rootIndex {
      pathIndices.append(index)
    } else {
      movePath(to: index)
    }
  }

  /// Changes a message's text, details or hidden flag in place: for replies that stream in.
  /// O(1) and without copying the text when nothing else holds the conversation. The parent
  /// and the id stay as they are.
  package mutating func update(
    _ id: MessageID, _ change: (inout Message) -> Void
  ) throws(ChatError) {
    guard let index = indices[id] else {
      throw ChatError(.unknownMessage, at: id, "no such message")
    }
    let parent = messages[index].parent
    change(&messages[index])
    messages[index].parent = parent
    if messages[index].id != id { messages[index] = messages[index].with(id: id) }
  }

  /// Makes the message the head, whatever follows it; `nil` goes back before the first.
  package mutating func moveHead(to id: MessageID?) throws(ChatError) {
    guard let id else {
      pathIndices = []
      return
    }
    guard let index = indices[id] else {
      throw ChatError(.unknownMessage, at: id, "no such message")
    }
    movePath(to: index)
  }

  /// Makes the head the end of the branch through the message that was last looked at.
  package mutating func select(_ id: MessageID) throws(ChatError) {
    guard var index = indices[id] else {
      throw ChatError(.unknownMessage, at: id, "no such message")
    }
    while let next = lastVisited[index] ?? children[index]?.last { index = next }
    movePath(to: index)
  }

  /// The messages under the same parent that are not hidden, oldest first, always with the
  /// message itself. Empty when there is no such message.
  package func siblings(of id: MessageID) -> [Message] {
    guard let index = indices[id] else { return [] }
    let parentIndex = messages[index].parent.flatMap { indices[$0] } ?? Self.rootIndex
    return (children[parentIndex] ?? []).compactMap {
      messages[$0].isHidden && $0 != index ? nil : messages[$0]
    }
  }

  private mutating func movePath(to index: Int) {
    var path: [Int] = []
    var next: Int? = index
    while let current = next {
      path.append(current)
      next = messages[current].parent.flatMap { indices[$0] }
    }
    path.reverse()
    var parent = Self.rootIndex
    for child in path {
      lastVisited[parent] = child
      parent = child
    }
    pathIndices = path
  }
}
