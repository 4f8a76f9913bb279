import Glibc
import TUI
import Testing

@Suite struct MailboxTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wanted, 1, 0) == 1
  }

  @Test func isReadableExactlyWhileItHoldsSomething() throws {
    let mailbox = try Mailbox<Int>()
    #expect(!isReadable(mailbox.pipe.readDescriptor))
    mailbox.post(1)
    mailbox.post(2)
    #expect(isReadable(mailbox.pipe.readDescriptor))
    #expect(mailbox.take() == [1, 2])
    #expect(!isReadable(mailbox.pipe.readDescriptor))
    #expect(mailbox.take().isEmpty)
    mailbox.post(3)
    #expect(isReadable(mailbox.pipe.readDescriptor))
  }

  @Test func keepsEverythingFromManyThreads() async throws {
    let mailbox = try Mailbox<Int>()
    let taken = await withTaskGroup(of: Void.self) { group in
      for sender in 0..<8 {
        group.addTask { for number in 0..<1000 { mailbox.post(sender * 1000 + number) } }
      }
      var taken: [Int] = []
      while !group.isEmpty {
        await group.next()
        taken += mailbox.take()
      }
      return taken + mailbox.take()
    }
    #expect(taken.sorted() == Array(0..<8000))
    // Each sender's own order holds.
    for sender in 0..<8 {
      let own = taken.filter { $0 / 1000 == sender }
      #expect(own == own.sorted())
    }
  }
}
