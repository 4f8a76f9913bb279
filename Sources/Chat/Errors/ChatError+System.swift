import Glibc

extension ChatError {
  /// The error for a failed system call: `number` is its `errno`, `place` the path.
  package static func system(_ number: Int32, at place: String, _ action: String) -> ChatError {
    let code: Code =
      switch number {
      case ENOENT, ENOTDIR: .folderMissing
      case EACCES, EPERM: .accessDenied
      case EROFS: .readOnly
      case ENOSPC, EDQUOT: .diskFull
      case EWOULDBLOCK: .locked
      default: .inputOutput
      }
    let reason = strerror(number).map { String(cString: $0) } ?? "error"
    return ChatError(code, at: place, "\(action): \(reason) (errno \(number))")
  }
}
