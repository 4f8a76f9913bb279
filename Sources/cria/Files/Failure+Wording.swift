import Chat
import Glibc
import Kernel
import TUI

/// The one place where errors become words.
extension Failure {
  /// Words any error; a `Failure` stays as it is.
  package init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as SystemError: self.init(error)
    case let error as KernelError: self.init(error)
    case let error as ChatError: self.init(error)
    case let error as TUIError: self.init(error)
    default: self.init("unexpected error: \(error)", remedy: "please report it")
    }
  }

  /// True for the errors that have words here; the rest is the argument parser's.
  package static func isWorded(_ error: any Error) -> Bool {
    error is Failure || error is SystemError || error is KernelError || error is ChatError
      || error is TUIError
  }

  /// There is no prompt format of that name.
  package static func noFormat(_ name: String) -> Failure {
    let names = PromptFormat.all.map(\.name).joined(separator: ", ")
    return Failure("no prompt format called \(name)", remedy: "there are: \(names)", status: .usage)
  }

  /// Words what the system refused.
  package init(_ error: SystemError) {
    let remedy =
      switch error.number {
      case ENOENT: "check the path"
      case EACCES, EPERM: "check the permissions"
      case EROFS: "the file system is read-only: choose another folder"
      case ENOSPC, EDQUOT: "free some disk space and try again"
      case EFBIG: "the file is too large for this"
      case EBADF where error.path == "standard output": "it is closed: redirect it to a file"
      default: ""
      }
    let object = error.path.isEmpty ? "" : " " + error.path
    self.init("cannot \(error.operation)\(object): \(error.reason)", remedy: remedy)
  }

  /// Words the kernel's findings.
  package init(_ error: KernelError) {
    if let shortage = error.cause as? MemoryShortage {
      self.init(shortage, at: error.place)
      return
    }
    let (what, remedy): (String, String) =
      switch error.code {
      case .fileMissing: ("no such model file", "see cria models for what is here")
      case .fileUnreadable: ("cannot read the model file", "check its permissions")
      case .fileUnwritable: ("cannot write the file", "check the folder and the free space")
      case .notGGUF: ("not a GGUF model file", "give a .gguf file")
      case .unsupportedVersion:
        ("unsupported version of the GGUF format", "cria reads versions 2 and 3")
      case .truncated: ("the file is cut short", "fetch or copy it again")
      case .malformed: ("the file is damaged", "fetch or copy it again")
      case .missing: ("the file lacks what its model needs", "fetch or convert it again")
      case .unsupportedArchitecture:
        ("unsupported model architecture", "cria runs models of the LLaMA architecture")
      case .unsupportedBlockType:
        ("unsupported quantization", "use a file in another type, for example Q4_0 or Q8_0")
      case .unsupportedTokenizer:
        ("unsupported tokenizer", "use a model with a LLaMA or byte-level BPE vocabulary")
      case .outOfMemory:
        ("not enough memory", "use a smaller context (--context) or a smaller model")
      case .windowExceeded:
        ("the prompt does not fit the context window", "shorten it or raise --context")
      case .invalidToken: ("no such token in the vocabulary", "check the token ids")
      case .notFinite:
        ("the model computed no finite numbers", "the file is probably damaged: fetch it again")
      case .invalidRequest: ("the request cannot be carried out", "")
      }
    let detail = error.detail.isEmpty ? what : "\(what): \(error.detail)"
    self.init(detail, at: error.place, remedy: remedy)
  }

  /// Words what does not fit into memory.
  init(_ shortage: MemoryShortage, at place: String) {
    self.init(
      "not enough memory: a window of \(Readable.grouped(shortage.contextLength)) tokens takes "
        + "\(Readable.byteCount(shortage.neededByteCount)) of "
        + "\(Readable.byteCount(shortage.availableByteCount)) here", at: place,
      remedy: shortage.fittingContextLength.map { "--context \($0) would fit" }
        ?? "use a smaller model")
  }

  /// Words what is wrong with a conversation.
  package init(_ error: ChatError) {
    let (what, remedy): (String, String) =
      switch error.code {
      case .systemPromptTooLong:
        ("the system prompt is too long for the window", "shorten it or raise --context")
      case .newestTurnTooLong:
        ("the message is too long for the window", "shorten it or raise --context")
      case .countFailed: ("the prompt's tokens cannot be counted", "try another model")
      case .unknownMessage: ("no such message in the conversation", "")
      case .invalidID:
        ("not a transcript's id", "see cria transcripts list for what is here")
      case .transcriptMissing:
        ("no such transcript", "see cria transcripts list for what is here")
      case .notTranscript: ("not a transcript", "")
      case .unsupportedVersion:
        ("the transcript was written by a newer cria", "use that version to open it")
      case .locked:
        ("another program is writing to the transcript", "close it there first")
      case .folderMissing: ("a file or folder is missing", "check the path")
      case .accessDenied: ("the system refuses access", "check the permissions")
      case .readOnly:
        ("the file system is read-only", "move the data folder with XDG_DATA_HOME")
      case .diskFull: ("no space is left on the disk", "free some and try again")
      case .inputOutput: ("the file cannot be read or written", "check the disk")
      }
    let saysMore = !error.detail.isEmpty && error.detail != what
    let detail = saysMore ? "\(what): \(error.detail)" : what
    self.init(detail, at: error.place, remedy: remedy)
  }

  /// Words what is wrong with the terminal, a theme or a key.
  package init(_ error: TUIError) {
    let withoutScreen = "cria chat --linear for plain lines, or cria run for one reply"
    let (what, remedy): (String, String) =
      switch error.code {
      case .noTerminal:
        ("the full-screen chat needs a terminal", "use \(withoutScreen)")
      case .unknownTerminal:
        ("the terminal's type is not known", "set TERM, or use \(withoutScreen)")
      case .incapableTerminal:
        ("the terminal cannot show the full-screen chat", "use \(withoutScreen)")
      case .system: ("the terminal cannot be used", "")
      case .themeMissing: ("no such theme", "the theme menu lists what is here")
      case .themeUnreadable: ("the theme cannot be read", "check the permissions")
      case .themeInvalid: ("the theme is not valid", "correct the line")
      case .themeCycle: ("the themes inherit each other", "correct one of them")
      case .badKey: ("not a key", "write keys like ctrl-n, alt-enter, f2")
      }
    // What the terminal is called says nothing to who has none.
    let terminal = error.code == .noTerminal ? "" : "TERM=\(error.place)"
    let isTerminal = [.noTerminal, .unknownTerminal, .incapableTerminal].contains(error.code)
    let place = [
      isTerminal ? terminal : error.place, error.line.map { "line \($0)" } ?? "",
      error.key.map { "key \($0)" } ?? "",
    ].filter { !$0.isEmpty }.joined(separator: ", ")
    let detail = error.detail.isEmpty ? what : "\(what): \(error.detail)"
    self.init(detail, at: place, remedy: remedy)
  }
}
