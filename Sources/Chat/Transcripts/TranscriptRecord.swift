import FoundationEssentials

/// One line of a transcript.
///
/// A transcript is a text file of JSON objects, one a line, only ever appended to. Unknown
/// fields and unknown types are ignored by readers and stay in the file.
///
///     {"cria":1,"id":…,"created":date,"title":…,"system":…}          first line
///     {"type":"message","id":…,"role":…,"date":…,"parent":…,"text":…,…}  a whole message
///     {"type":"begin", …as message…}        a reply begins; text that it goes on from
///     {"type":"part","id":…,"at":n,"text":…}  more of it, from UTF-8 offset n on
///     {"type":"head","id":…}                the message the next one follows; null: none
///     {"type":"title","title":…}            renamed; null: automatic again
///     {"type":"system","system":…}          system prompt; null: the format's own
///     {"type":"hide","id":…,"hidden":bool}  deleted, or shown again
///
/// A reply that began is ended by its `message`, which repeats the whole text; without one it
/// was interrupted, and its text is that of `begin` and the parts. A `message` with the id of
/// an earlier one takes its place. `message` and `begin` make the message the head. Besides
/// the fields above, messages have `input`, `hidden`, `model`, `fingerprint`, `format`,
/// `sampling`, `stats`, `stop`. Dates are ISO 8601 in UTC. Writers put `type`, `id` and
/// `role` first, so that a list of transcripts can be made without parsing every line.
struct TranscriptRecord: Codable, Sendable {
  static let version = 1

  /// Values of `type`.
  enum Kind: String {
    case message, begin, part, head, title, system, hide
  }

  var cria: Int?
  var type: String?
  var id: String?
  var role: String?
  var at: Int?
  var created: String?
  var date: String?
  var fingerprint: String?
  var format: String?
  var hidden: Bool?
  var input: String?
  var model: String?
  var parent: String?
  var sampling: SamplingRecord?
  var stats: ReplyStats?
  var stop: StopReason?
  var system: String?
  var text: String?
  var title: String?

  var kind: Kind? { type.flatMap(Kind.init) }
}

extension TranscriptRecord {
  /// The first line of a conversation's transcript.
  static func header(of conversation: Conversation) -> TranscriptRecord {
    var record = TranscriptRecord()
    record.cria = version
    record.id = conversation.id
    record.created = Timestamp.string(conversation.created)
    record.title = conversation.customTitle
    record.system = conversation.systemPrompt
    return record
  }

  init(_ kind: Kind, id: String? = nil) {
    self.init()
    type = kind.rawValue
    self.id = id
  }

  /// - Parameter kind: `.message` or `.begin`.
  init(_ kind: Kind, _ message: Message) {
    self.init(kind, id: message.id)
    role = message.role.rawValue
    parent = message.parent
    text = message.text
    input = message.input
    date = Timestamp.string(message.date)
    hidden = message.isHidden ? true : nil
    model = message.reply?.model
    fingerprint = message.reply?.fingerprint
    format = message.reply?.format
    sampling = message.reply?.sampling
    stats = message.reply?.stats
    stop = message.reply?.stop
  }

  /// The message of a `message` or `begin` record; `nil` when it lacks its id or has a role
  /// that this version does not know. A missing date becomes `fallbackDate`.
  func message(fallbackDate: Date) -> Message? {
    guard let id, !id.isEmpty, let role = role.flatMap(Role.init) else { return nil }
    var details: ReplyDetails?
    if role == .assistant {
      details = ReplyDetails(
        model: model, fingerprint: fingerprint, format: format, sampling: sampling,
        stats: stats, stop: stop)
    }
    return Message(
      id: id, parent: parent, role: role, text: text ?? "", input: input,
      date: date.flatMap(Timestamp.date) ?? fallbackDate, reply: details,
      isHidden: hidden ?? false)
  }

  /// The record as one line with its line feed.
  func line() throws(ChatError) -> [UInt8] {
    var rest = self
    var fields: [String] = []
    do {
      if let cria {
        fields.append("\"cria\":\(cria)")
        rest.cria = nil
      }
      for (name, value, path) in [
        ("type", type, \Self.type), ("id", id, \Self.id), ("role", role, \Self.role),
      ] {
        guard let value else { continue }
        fields.append("\"\(name)\":\(try Self.json(value))")
        rest[keyPath: path] = nil
      }
      let body = try Self.json(rest)
      if body != "{}" { fields.append(String(body.dropFirst().dropLast())) }
    } catch {
      // Numbers that JSON cannot hold, such as a rate that is no number.
      throw ChatError(
        .inputOutput, at: id ?? "transcript", "the record cannot be written as JSON",
        cause: error)
    }
    return Array("{\(fields.joined(separator: ","))}\n".utf8)
  }

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Reads a line; `nil` when it is no JSON object of the right types.
  static func parse(_ line: some Collection<UInt8>) -> TranscriptRecord? {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try? decoder.decode(TranscriptRecord.self, from: Data(line))
  }
}
