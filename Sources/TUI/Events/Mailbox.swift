import Synchronization

/// Messages from any thread to the one that draws.
///
/// The pipe gets one byte when the mailbox stops being empty, so the reader can sleep in
/// `poll` and a busy sender costs no system call for each message.
package final class Mailbox<Message: Sendable>: Sendable {
  package let pipe: WakePipe
  private let messages = Mutex<[Message]>([])

  package init() throws(TUIError) { pipe = try WakePipe() }

  /// Adds a message. Any thread; never waits for the reader.
  package func post(_ message: Message) {
    let wasEmpty = messages.withLock { messages in
      messages.append(message)
      return messages.count == 1
    }
    if wasEmpty { pipe.wake() }
  }

  /// Takes all messages, in the order they were posted.
  package func take() -> [Message] {
    pipe.drain()
    return messages.withLock { messages in
      let taken = messages
      messages = []
      return taken
    }
  }
}
