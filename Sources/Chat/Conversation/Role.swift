/// Who speaks in a message.
package enum Role: String, Sendable, Codable, CaseIterable {
  case system
  case user
  case assistant
}
