import Glibc

/// Waits for the terminal and the mailbox together, and gives what has come in one batch.
///
/// Used by the thread that owns the screen. Without a timeout an idle program is never woken.
package struct EventLoop<Message: Sendable> {
  /// Everything that came at once: draw once after dealing with all of it.
  package struct Batch {
    package var events: [Event]
    package var messages: [Message]
  }

  package let screen: Screen
  package let mailbox: Mailbox<Message>

  package init(screen: Screen, mailbox: Mailbox<Message>) {
    self.screen = screen
    self.mailbox = mailbox
    TerminalGuard.wake(mailbox.pipe)
    // A signal may have been noted before there was a pipe to say so.
    mailbox.pipe.wake()
  }

  /// Sleeps until something comes, or so many seconds have passed, and takes all of it.
  package func next(timeoutSeconds: Double? = nil) -> Batch {
    let milliseconds = timeoutSeconds.map { Int32(min(max(0, $0 * 1000).rounded(.up), 1e9)) }
    var descriptors = [
      pollfd(fd: screen.inputDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: mailbox.pipe.readDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    if !screen.hasInput {
      // An interrupted wait is a signal, and the pipe says so too.
      _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds ?? -1)
    }
    let messages = mailbox.take()
    let hungUp = descriptors[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0
    return Batch(events: screen.readEvents(hungUp: hungUp), messages: messages)
  }
}
