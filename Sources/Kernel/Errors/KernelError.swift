/// What went wrong in the kernel: a code to decide by, the place, and what was found there.
///
/// The wording a person sees is made at the edge, from these parts.
package struct KernelError: Error, Sendable {
  package enum Code: String, Sendable {
    /// No file at the path.
    case fileMissing
    /// The file is there but cannot be opened, read or mapped.
    case fileUnreadable
    /// A file could not be written.
    case fileUnwritable
    /// The file does not start as a GGUF file does.
    case notGGUF
    /// A GGUF version other than 2 and 3, or the other byte order.
    case unsupportedVersion
    /// The file ends before what its header promises.
    case truncated
    /// A count, length, offset, type or value that cannot be true.
    case malformed
    /// A key or tensor that the architecture needs is not there.
    case missing
    /// An architecture that is not implemented.
    case unsupportedArchitecture
    /// A block type that is not implemented.
    case unsupportedBlockType
    /// A tokenizer model or split that is not implemented.
    case unsupportedTokenizer
    /// Memory for the cache or the scratch buffers could not be had.
    case outOfMemory
    /// The prompt, or prompt and reply, do not fit the window.
    case windowExceeded
    /// A token id outside the vocabulary.
    case invalidToken
    /// The engine computed something that is not a number.
    case notFinite
    /// The request asks for what cannot be (no tokens, no model loaded).
    case invalidRequest
  }

  package var code: Code
  /// File name, with the offset, key or tensor where there is one.
  package var place: String
  /// What was found and what was expected, as a phrase without a full stop.
  package var detail: String
  package var cause: (any Error)?

  package init(_ code: Code, at place: String, _ detail: String, cause: (any Error)? = nil) {
    self.code = code
    self.place = place
    self.detail = detail
    self.cause = cause
  }
}
