extension TranscriptWriter {
  /// Writes everything that a conversation holds, in the order in which reading it back gives
  /// the same tree and head.
  func appendAll(of conversation: Conversation) throws(ChatError) {
    var lines: [TranscriptRecord] = []
    var streaming: Message?
    for message in conversation.messages {
      let isStreaming = message.role == .assistant && message.reply?.stop == nil
      if isStreaming && message.id == conversation.head {
        // Last, so that its parts can follow.
        streaming = message
      } else {
        lines.append(TranscriptRecord(.message, message))
      }
    }
    if streaming == nil, conversation.head != conversation.messages.last?.id {
      lines.append(TranscriptRecord(.head, id: conversation.head))
    }
    try write(lines, beginning: streaming)
  }
}
