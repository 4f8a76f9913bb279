import Glibc

/// Runs another program to its end, without a shell, in a process group of its own.
package enum Subprocess {
  /// How a program ended and the last it wrote.
  package struct Outcome: Sendable {
    /// The exit status, or 128 and the signal's number.
    package var status: Int32
    /// The end of what it wrote to standard output and standard error together.
    package var output: String
  }

  /// What is kept of the output.
  private static let outputByteLimit = 65536
  /// How often `proceed` is asked.
  private static let tickMilliseconds: Int32 = 100
  /// How long the group may take to end when asked before it is killed.
  private static let graceMilliseconds = 1500

  /// Runs `arguments`, the first found on PATH, and waits; standard input is the file `input`,
  /// or empty.
  ///
  /// `proceed` is called ten times a second; where it answers false, the whole group is ended
  /// and `Cancelled` thrown. Throws `SystemError` with ENOENT where there is no such program.
  /// Blocks: call it on a thread that may.
  package static func run(
    _ arguments: [String], environment: [String: String] = Environment.all, input: Int32? = nil,
    proceed: () -> Bool
  ) throws -> Outcome {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw SystemError("make a pipe", "") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let child: pid_t
    do {
      defer { close(ends[1]) }
      child = try spawn(arguments, environment, input: input, output: ends[1])
    }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)

    var tail: [UInt8] = []
    var isOpen = true
    while true {
      guard proceed() else {
        end(child)
        throw Cancelled()
      }
      if isOpen {
        isOpen = drain(ends[0], into: &tail)
      } else {
        usleep(UInt32(tickMilliseconds) * 100)
      }
      var status: Int32 = 0
      let waited = waitpid(child, &status, WNOHANG)
      if waited == child {
        while isOpen && drain(ends[0], into: &tail, waitMilliseconds: 0) {}
        return Outcome(status: exitStatus(status), output: String(decoding: tail, as: UTF8.self))
      }
      if waited < 0 && errno != EINTR { throw SystemError("wait for", arguments[0]) }
    }
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], input: Int32?, output: Int32
  ) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The caller's thread may block signals, and the program ignores SIGPIPE; a child must not
    // inherit either.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv = arguments.map { strdup($0) } + [nil]
    var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var child: pid_t = 0
    let number = posix_spawnp(&child, arguments[0], &actions, &attributes, &argv, &envp)
    guard number == 0 else { throw SystemError("start", arguments[0], number: number) }
    return child
  }

  /// Waits a tick for output and takes it; false at its end.
  private static func drain(
    _ descriptor: Int32, into tail: inout [UInt8], waitMilliseconds: Int32 = tickMilliseconds
  ) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, waitMilliseconds) > 0 else { return waitMilliseconds > 0 }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &buffer, buffer.count)
    if count > 0 {
      tail += buffer[..<count]
      if tail.count > outputByteLimit { tail.removeFirst(tail.count - outputByteLimit) }
      return true
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR)
  }

  /// Ends the group of `child`: asked first, then by force.
  private static func end(_ child: pid_t) {
    var status: Int32 = 0
    kill(-child, SIGTERM)
    for _ in 0..<graceMilliseconds / 10 {
      if waitpid(child, &status, WNOHANG) == child {
        // What the child had started itself.
        kill(-child, SIGKILL)
        return
      }
      usleep(10_000)
    }
    kill(-child, SIGKILL)
    waitpid(child, &status, 0)
  }

  /// The status of a shell's `$?`, from `waitpid`'s.
  private static func exitStatus(_ status: Int32) -> Int32 {
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
