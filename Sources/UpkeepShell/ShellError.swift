import Upkeep

/// What goes wrong in the shell itself: a file that cannot be read, a dot command used wrongly.
struct ShellError: Error {
  var message: String
  var code = UpkeepError.Code.misuse

  init(_ message: String, code: UpkeepError.Code = .misuse) {
    self.message = message
    self.code = code
  }

  /// A call on the system that failed.
  static func system(_ what: String, _ number: Int32) -> ShellError {
    ShellError("\(what): \(System.meaning(of: number))", code: .io)
  }
}

/// What the process says when it ends; where several apply, the first of 130, 4, 5, 3, 1.
enum ExitStatus: Int32 {
  case success = 0
  /// A statement failed.
  case failure = 1
  case usage = 2
  /// More rows were rejected than allowed.
  case rejects = 3
  /// Damaged, or no database.
  case corrupt = 4
  /// Locked by another process, or busy for longer than was to be waited.
  case busy = 5
  /// Stopped by Ctrl-C: what a program has whose end that is.
  case interrupted = 130

  /// The status that an error of this kind asks for.
  init(_ code: UpkeepError.Code) {
    switch code {
    case .corrupt, .notADatabase: self = .corrupt
    case .locked, .busy: self = .busy
    case .tooManyRejects: self = .rejects
    case .cancelled: self = .interrupted
    default: self = .failure
    }
  }

  private var weight: Int {
    switch self {
    case .success: 0
    case .failure: 1
    case .rejects: 2
    case .busy: 3
    case .corrupt: 4
    case .usage: 5
    case .interrupted: 6
    }
  }

  /// Takes the graver of the two.
  mutating func raise(to other: ExitStatus) {
    if other.weight > weight { self = other }
  }
}
