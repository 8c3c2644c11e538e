import ArgumentParser
import Upkeep

extension DotCommand {
  /// What may follow `.import FILE TABLE`.
  static let importOptions =
    "[--mode insert|ignore|replace|merge|sync] [--key COLUMNS | --on INDEX] "
    + "[--as csv|tsv|json|jsonl] [--separator SIGN] [--columns NAMES] [--map FILECOLUMN=COLUMN] [--null TEXT] "
    + "[--on-ambiguity fail|first|displace] [--duplicates fold|first|last|fail] "
    + "[--rejects FILE] [--reject-limit N] [--create] [--dry-run]"

  /// Commands that take data in.
  static var importCommands: [DotCommand] {
    [
      DotCommand(
        ".import", arguments: "FILE TABLE [OPTIONS]",
        does: "take a CSV, TSV, JSON or JSONL file into a table; options as of `upkeep load`",
        example: ".import airports.csv airport --mode merge --rejects bad.csv"
      ) { shell, arguments in
        try shell.load(try shell.importArguments(arguments))
      },
      DotCommand(
        ".sync", arguments: "FILE TABLE [OPTIONS]",
        does: "make a table equal to a file: .import with --mode sync",
        example: ".sync airports.csv airport"
      ) { shell, arguments in
        var parsed = try shell.importArguments(arguments)
        guard parsed.feed.mode ?? .sync == .sync else {
          throw ShellError(".sync has a mode of its own; use .import for another one")
        }
        parsed.feed.mode = .sync
        try shell.load(parsed)
      },
      DotCommand(
        ".diff", arguments: "FILE TABLE [OPTIONS]",
        does: "list the rows that an import would change, and change nothing; --mode is merge unless said",
        example: ".diff airports.csv airport --mode sync"
      ) { shell, arguments in
        try shell.compare(try shell.importArguments(arguments))
      },
    ]
  }
}

extension Shell {
  fileprivate func importArguments(_ arguments: DotArguments) throws -> ImportArguments {
    let words = try Self.translated(arguments.words)
    switch ArgumentReading.parse(ImportArguments.self, words) {
    case .success(let parsed): return parsed
    case .failure(let ending):
      guard ending.isError else {
        throw ShellError("\(arguments.name) FILE TABLE \(DotCommand.importOptions)")
      }
      guard words.filter({ !$0.hasPrefix("-") }).count >= 2 else {
        throw ShellError(
          "\(arguments.name) takes a file and a table; .help \(arguments.name) tells of its options")
      }
      let firstLine = ending.text.split(separator: "\n").first.map(String.init) ?? ""
      throw ShellError(String(firstLine.dropFirst("error: ".count)))
    }
  }

  /// The options of SQLite's .import as those that they are here.
  private static func translated(_ words: [String]) throws -> [String] {
    try words.flatMap { word in
      switch word {
      case "--csv", "-csv": return ["--as", "csv"]
      case "--skip", "-skip":
        throw ShellError(
          "\(word) is not needed: the first line names columns; where it does not, --columns NAMES does")
      case "--ascii", "-ascii", "--schema", "-schema", "-v":
        throw ShellError(
          "\(word) is no option here; .help .import and `upkeep load --help` tell of those that are")
      default: return [word]
      }
    }
  }

  fileprivate func load(_ arguments: ImportArguments) throws {
    try run(arguments) { load in try load.run(in: database.session) }
  }

  fileprivate func compare(_ arguments: ImportArguments) throws {
    let printer = DiffPrinter(results, asJSON: arguments.json)
    try run(arguments) { load in
      load.options.isDryRun = true
      load.options.mode = arguments.feed.mode ?? .merge
      return try load.compare(in: database.session) { printer.show($0, $1) }
    }
  }

  private func run(_ arguments: ImportArguments, _ body: (inout Load) throws -> Load.Outcome) throws {
    let clock = ContinuousClock()
    let began = clock.now
    var load = try Load(
      [arguments.file], into: arguments.table, arguments.feed, isQuiet: messages.isQuiet)
    let outcome = try body(&load)
    if let made = outcome.made, !load.options.isDryRun { messages.notice(made) }
    messages.notices(of: outcome.result, showsRejects: arguments.feed.rejects == nil)
    // The line of counts belongs to an import as rows belong to a query.
    messages.line("\(Figures.counts(outcome.result.summary)) (\(Figures.seconds(clock.now - began)))")
  }
}
