extension TranscriptWriter {
  /// Writes everything that a conversation holds, in the order in which reading it back gives
  /// the same tree and head.
  ///
  /// - Parameter streaming: the reply that `stream` and `end` will go on with.
  func appendAll(of conversation: Conversation, streaming: MessageID?) throws(ChatError) {
    var records: [TranscriptRecord] = []
    for message in conversation.messages {
      let kind: TranscriptRecord.Kind = message.id == streaming ? .begin : .message
      records.append(TranscriptRecord(kind, message))
    }
    if conversation.head != conversation.messages.last?.id {
      records.append(TranscriptRecord(.head, id: conversation.head))
    }
    try write(records, streaming: streaming.flatMap { conversation[$0] })
  }
}
