import ArgumentParser
import Upkeep

/// The options of the shell itself: `upkeep [OPTIONS] [DATABASE]`.
struct ShellArguments: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "upkeep",
    abstract: "The shell of Upkeep, an embedded database whose basic write is the upsert.",
    usage: """
      upkeep [OPTIONS] [DATABASE [SQL …]]
      upkeep load|diff DATABASE FILE… --into TABLE [--mode MODE] [OPTIONS]
      upkeep schema|dump|stats|check|compact DATABASE
      upkeep backup DATABASE FILE
      upkeep draw DATABASE TABLE --svg FILE
      upkeep import-sqlite DATABASE SQLITEFILE
      """,
    discussion: """
      Without DATABASE the store is in memory; one that does not exist is made. SQL and dot commands come \
      from -c and -f, else from standard input: a statement ends with `;`, a dot command stands alone on \
      its line (.help lists them). A database named like a subcommand is written ./load.

      Example: upkeep feeds.upkeep -c "SELECT count(*) FROM airport"
      """,
    version: "upkeep \(version)")

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Run this and exit; may be repeated, also among -f.", valueName: "SQL"))
  var command: [String] = []

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Run a script and exit; - is standard input.", valueName: "FILE"))
  var file: [String] = []

  @Option(
    help: ArgumentHelp(
      "How rows are shown: \(ResultFormat.names). On a terminal table, else list.", valueName: "FORMAT"))
  var format: ResultFormat?

  @Flag(inversion: .prefixedNo, help: "Show the names of columns above rows.")
  var header: Bool?

  @Option(parsing: .unconditional, help: ArgumentHelp("What stands for NULL.", valueName: "TEXT"))
  var null: String?

  @Option(
    help: ArgumentHelp(
      "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.", valueName: "WHEN"))
  var color = ColorChoice.auto

  @Flag(help: "Stop at the first error.")
  var bail = false

  @Flag(help: "Never write to the database.")
  var readonly = false

  @OptionGroup var writing: WritingOptions

  @Flag(help: "Say nothing but results and errors.")
  var quiet = false

  @Argument(help: ArgumentHelp("The database's file.", valueName: "DATABASE"))
  var database: String?

  @Argument(help: ArgumentHelp("Run this and exit, as with -c.", valueName: "SQL"))
  var sql: [String] = []

  var options: ShellOptions {
    var opening = writing.opening
    opening.isReadOnly = readonly
    return ShellOptions(
      format: format, header: header, null: null, color: color, bails: bail, isQuiet: quiet, opening: opening,
      database: database, sql: sql)
  }
}

/// How a database is opened.
struct Opening: Equatable {
  var isReadOnly = false
  var durability = DurabilityWord.full
  var cache: ByteSize?
  /// How long to wait for another process, in seconds.
  var wait: Double = 0
}

/// How a database is opened by what writes to it.
struct WritingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When a commit returns: full (on disk), interval (on disk within 10 ms) or none (as the system gets to it).",
      valueName: "MODE"))
  var durability = DurabilityWord.full

  @Option(help: ArgumentHelp("Memory for pages, as 64MB.", valueName: "SIZE"))
  var cache: ByteSize?

  @Option(help: ArgumentHelp("How long to wait for another process to let go.", valueName: "SECONDS"))
  var wait: Double = 0

  func validate() throws {
    guard wait >= 0, wait.isFinite else { throw ValidationError("--wait takes a number of seconds.") }
  }

  var opening: Opening { Opening(durability: durability, cache: cache, wait: wait) }
}

/// The durability modes by the words of the command line.
enum DurabilityWord: String, ExpressibleByArgument, CaseIterable {
  case full
  case interval
  case none

  var mode: StoreOptions.Durability {
    switch self {
    case .full: .full
    case .interval: .interval(.milliseconds(10))
    case .none: .none
    }
  }
}

/// A number of bytes: `65536`, `64KB`, `64MB`, `1GB`, in any case, the B left out or not; units are of 1,024.
struct ByteSize: ExpressibleByArgument, Equatable {
  var byteCount: Int

  init?(argument: String) {
    var text = argument.lowercased()
    if text.hasSuffix("b") { text.removeLast() }
    let units = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
    let unit = text.last.flatMap { units[String($0)] }
    if unit != nil { text.removeLast() }
    guard let number = Int(text), number > 0 else { return nil }
    let (count, overflows) = number.multipliedReportingOverflow(by: unit ?? 1)
    guard !overflows else { return nil }
    byteCount = count
  }
}

extension ResultFormat: ExpressibleByArgument {}
extension ColorChoice: ExpressibleByArgument {}

/// What -c, -f and the words behind the database ask for, in the order given.
enum ScriptSource: Equatable {
  case text(String)
  case file(String)
}

/// Reads the command line.
enum ArgumentReading {
  /// The subcommands: their names are not database names.
  static let subcommands = [
    "load", "diff", "dump", "import-sqlite", "schema", "stats", "check", "backup", "compact", "draw",
  ]

  /// What to say of a line whose first word is nearly a subcommand: it would be a new database, and the database that is
  /// meant would be SQL. Nil where there is a file of that name, where nothing follows, and for what looks like a file.
  static func misspeltSubcommand(_ arguments: [String]) -> String? {
    guard let word = arguments.first, arguments.count > 1, !arguments[1].hasPrefix("-"),
      word.allSatisfy({ $0.isLetter || $0 == "-" }), !word.hasPrefix("-"), access(word, F_OK) != 0
    else { return nil }
    let suggestion = Names.suggestion(for: word, among: subcommands)
    guard !suggestion.isEmpty else { return nil }
    return "there is no subcommand \(word)\(suggestion) A new database of that name is written ./\(word)"
  }

  /// The options that take a value which is the next word.
  static let valueOptions: Set<String> = [
    "-c", "--command", "-f", "--file", "--format", "--null", "--durability", "--wait", "--cache", "--color",
  ]

  /// The scripts of -c and -f, and the words behind the database, in the order in which they stand. The parser keeps
  /// each option's values in order, but not the order between them.
  static func scripts(_ arguments: [String]) -> [ScriptSource] {
    var scripts: [ScriptSource] = []
    var hasDatabase = false
    func take(_ word: String) {
      if hasDatabase { scripts.append(.text(word)) }
      hasDatabase = true
    }
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      switch argument {
      case "--":
        for word in arguments[index...] { take(word) }
        return scripts
      case "-c", "--command", "-f", "--file":
        guard index < arguments.count else { return scripts }
        let isText = argument == "-c" || argument == "--command"
        scripts.append(isText ? .text(arguments[index]) : .file(arguments[index]))
        index += 1
      default:
        if valueOptions.contains(argument) { index += 1 } else if !argument.hasPrefix("-") { take(argument) }
        if argument.hasPrefix("--command=") { scripts.append(.text(String(argument.dropFirst(10)))) }
        if argument.hasPrefix("--file=") { scripts.append(.file(String(argument.dropFirst(7)))) }
      }
    }
    return scripts
  }

  /// Parses arguments, or says what is wrong with them (status 2), or shows help or version (status 0).
  static func parse<T: ParsableCommand>(_ type: T.Type, _ arguments: [String]) -> Result<T, Ending> {
    do {
      let parsed = try type.parseAsRoot(arguments)
      guard let result = parsed as? T else {
        // `--help` and `--version` come back as commands of the parser's own.
        var other = parsed
        do {
          try other.run()
          return .failure(Ending(text: "", isError: false))
        } catch {
          return .failure(ending(type, error))
        }
      }
      return .success(result)
    } catch {
      return .failure(ending(type, error))
    }
  }

  private static func ending<T: ParsableCommand>(_ type: T.Type, _ error: any Error) -> Ending {
    if type.exitCode(for: error).isSuccess {
      return Ending(text: type.fullMessage(for: error), isError: false)
    }
    let message = type.message(for: error)
    let usage = type.usageString().split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    return Ending(text: "error: \(message)\nusage:\n\(usage)\n--help tells more", isError: true)
  }

  /// Why the program ends before it began: help, or a command line that means nothing.
  struct Ending: Error {
    var text: String
    var isError: Bool
  }
}
