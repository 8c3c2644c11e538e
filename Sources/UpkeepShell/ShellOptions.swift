import Upkeep

/// What the command line asks of the shell.
struct ShellOptions: Equatable {
  var format: ResultFormat?
  var header: Bool?
  var null: String?
  var color = ColorChoice.auto
  var bails = false
  var isQuiet = false
  var opening = Opening()
  var database: String?
  /// The words behind the database.
  var sql: [String] = []
}

extension ShellOptions {
  /// Reads a command line on which all is as it should be, and of which each option is written in the usual way and once.
  ///
  /// Nil for any other one, and for `--help` and `--version`: then the library for command lines reads it, which has words
  /// for all that can be wrong. It looks at its own types by name as it goes, which takes as long as all else that a short
  /// question needs; this takes no time. Where both read a line they come to the same.
  init?(plain arguments: [String]) {
    // What it ends, and where it is a value, is for the library to judge.
    guard !arguments.contains("--") else { return nil }
    var seen: Set<String> = []
    var words: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument != "-" else {
        words.append(argument)
        continue
      }
      if argument == "--no-header" || argument == "--header" {
        guard seen.insert("header").inserted else { return nil }
        header = argument == "--header"
        continue
      }
      let mayRepeat = ["-c", "--command", "-f", "--file"].contains(argument)
      guard seen.insert(argument).inserted || mayRepeat else { return nil }
      switch argument {
      case "--bail": bails = true
      case "--quiet": isQuiet = true
      case "--readonly": opening.isReadOnly = true
      default:
        guard ArgumentReading.valueOptions.contains(argument), let value = rest.popFirst(),
          take(value, of: argument)
        else { return nil }
      }
    }
    guard !words.contains("-") else { return nil }
    database = words.first
    sql = Array(words.dropFirst())
  }

  /// - Returns: whether it is a value of the option.
  private mutating func take(_ value: String, of option: String) -> Bool {
    switch option {
    // What they say is read in the order of the line.
    case "-c", "--command", "-f", "--file": return true
    case "--null":
      null = value
      return true
    default: break
    }
    guard !value.hasPrefix("-") else { return false }
    switch option {
    case "--format":
      format = ResultFormat(rawValue: value)
      return format != nil
    case "--color":
      guard let choice = ColorChoice(rawValue: value) else { return false }
      color = choice
    case "--durability":
      guard let word = DurabilityWord(rawValue: value) else { return false }
      opening.durability = word
    case "--cache":
      opening.cache = ByteSize(argument: value)
      return opening.cache != nil
    case "--wait":
      guard let seconds = Double(value), seconds >= 0, seconds.isFinite else { return false }
      opening.wait = seconds
    default: return false
    }
    return true
  }
}
