import ArgumentParser
import Upkeep

/// What `upkeep load` and `.import` have in common: what the feed is and what becomes of its rows.
struct FeedArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What happens to a row that is there: insert (an error; the default), ignore, replace, merge, or sync, which also deletes what the feed lacks.",
      valueName: "MODE"))
  var mode: FeedOptions.Mode?

  @Option(
    help: ArgumentHelp(
      "Which unique key identifies a row; the primary key unless said. With --create it is the table's primary key.",
      valueName: "COLUMNS"))
  var key: String?

  @Option(help: ArgumentHelp("Which unique index identifies a row.", valueName: "INDEX"))
  var on: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What stands for NULL besides an empty field without quotes and JSON's null.", valueName: "TEXT"))
  var null: String?

  @Option(
    help: ArgumentHelp(
      "The feed's columns in order, where it does not name them: its first line is then a row. Of JSON objects only these are taken.",
      valueName: "NAMES"))
  var columns: String?

  @Option(
    help: ArgumentHelp(
      "Take a column of the feed as another of the table; FILECOLUMN= passes it over.",
      valueName: "FILECOLUMN=COLUMN"))
  var map: [String] = []

  @Flag(help: "Make the table if it is not there, with types found by reading the whole feed.")
  var create = false

  @Option(
    help: ArgumentHelp(
      "What the feed is: csv, tsv, json or jsonl; else its name's ending says, before .gz if it has that, else csv.",
      valueName: "FORMAT"))
  var `as`: FeedFormat?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What stands between fields, where it is neither a comma nor, in TSV, a tab: one character, as ';' or '|'.",
      valueName: "SIGN"))
  var separator: FieldSeparator?

  @Option(
    help: ArgumentHelp(
      "Set bad lines aside in this file, as they were and with the reason; it can be loaded again.",
      valueName: "FILE"))
  var rejects: String?

  @Option(
    help: ArgumentHelp("Set aside at most this many lines; above it nothing is stored.", valueName: "N"))
  var rejectLimit: Int?

  @Option(
    help: ArgumentHelp(
      "What happens to a row that meets several by several keys: fail, first, or displace, under which stale holders of its keys give way.",
      valueName: "POLICY"))
  var onAmbiguity = AmbiguityWord.fail

  @Option(
    help: ArgumentHelp(
      "Which of several lines with one key counts: fold (each in turn), first, last, or fail.",
      valueName: "POLICY"))
  var duplicates = DuplicatesWord.fold

  @Flag(help: "Say what would happen and change nothing.")
  var dryRun = false

  func validate() throws {
    if key != nil && on != nil {
      throw ValidationError("--key and --on both name the key; give one of them.")
    }
    if let rejectLimit, rejectLimit < 0 { throw ValidationError("--reject-limit takes a number from 0.") }
    for pair in map where !pair.contains("=") {
      throw ValidationError("--map takes FILECOLUMN=COLUMN, not \(pair).")
    }
    if let columns, Self.names(columns).contains("") {
      throw ValidationError("--columns takes names with commas between them, not \(columns).")
    }
  }

  /// Names with commas between them.
  private static func names(_ list: String) -> [String] {
    list.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmed }
  }

  /// The columns of the key.
  var keyColumns: [String] { key.map(Self.names) ?? [] }

  /// The options of the load, for a feed from these files.
  func options(into table: String, files: [String]) throws(ShellError) -> FeedOptions {
    var options = FeedOptions(into: table)
    options.mode = mode ?? .insert
    options.null = null
    options.isDryRun = dryRun
    options.collectsRejects = rejects != nil || rejectLimit != nil
    options.rejectLimit = rejectLimit
    if let word = self.as { options.format = word } else { options.format = try Self.format(of: files) }
    if let separator {
      guard options.format.separator != nil else {
        throw ShellError(
          "--separator is for CSV and its like; \(options.format.rawValue) has no fields to part")
      }
      options.separator = separator.byte
    }
    options.ambiguity = onAmbiguity.policy
    options.duplicates = duplicates.policy
    options.columns = columns.map(Self.names)
    for pair in map {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      options.columnNames[Names.folded(String(parts[0]))] = String(parts[1])
    }
    if let on { options.target = .index(on) }
    if key != nil {
      options.target = .columns(keyColumns.map { .column(ColumnReference($0)) }, where: nil)
    }
    return options
  }

  /// What files are by their endings; one feed is of one format.
  private static func format(of files: [String]) throws(ShellError) -> FeedFormat {
    var format: FeedFormat?
    for file in files {
      let next = try self.format(of: file)
      if let format, format != next {
        throw ShellError(
          "one feed is of one format: \(files[0]) is \(format.rawValue), \(file) \(next.rawValue)")
      }
      format = next
    }
    return format ?? .csv
  }

  /// What a file is by its ending.
  static func format(of file: String) throws(ShellError) -> FeedFormat {
    var name = file.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    for ending in [".zip", ".xz", ".zst", ".bz2", ".parquet", ".xlsx"] where name.hasSuffix(ending) {
      throw ShellError(
        "upkeep does not read \(ending) files; it reads CSV, TSV, JSON and JSONL, as they are or as .gz",
        code: .unsupported)
    }
    let endings: [(String, FeedFormat)] = [
      (".tsv", .tsv), (".tab", .tsv), (".json", .json), (".jsonl", .jsonl), (".ndjson", .jsonl),
    ]
    return endings.first { name.hasSuffix($0.0) }?.1 ?? .csv
  }
}

extension FeedFormat: ExpressibleByArgument {}

/// What stands between fields: one ASCII character, a tab also as `tab` or `\t`.
struct FieldSeparator: ExpressibleByArgument {
  var byte: UInt8

  init?(argument: String) {
    if argument == "tab" || argument == "\\t" {
      byte = 9
      return
    }
    // A letter, a digit, a quote or a line end would be taken for part of a field.
    guard argument.utf8.count == 1, let byte = argument.utf8.first, byte >= 32 && byte < 127 || byte == 9,
      byte != UInt8(ascii: "\""), argument.first?.isLetter == false, argument.first?.isNumber == false
    else { return nil }
    self.byte = byte
  }
}

extension FeedOptions.Mode: ExpressibleByArgument {}

/// What happens to a row that meets several, by its word.
enum AmbiguityWord: String, ExpressibleByArgument, CaseIterable {
  case fail
  case first
  case displace

  var policy: AmbiguityPolicy {
    switch self {
    case .fail: .fail
    case .first: .first
    case .displace: .displace
    }
  }
}

/// What happens to lines with one key, by its word.
enum DuplicatesWord: String, ExpressibleByArgument, CaseIterable {
  case fold
  case first
  case last
  case fail

  var policy: DuplicatePolicy {
    switch self {
    case .fold: .fold
    case .first: .first
    case .last: .last
    case .fail: .fail
    }
  }
}

/// `upkeep load DATABASE FILE… --into TABLE`
struct LoadArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep load",
    abstract: "Take CSV, TSV, JSON or JSONL files into a table, as one statement: all of it, or nothing.",
    discussion: """
      The first line of CSV and TSV names columns; JSON is an array of objects, JSONL one object a line; all of them \
      may be gzipped. Several files are one feed. The line of counts goes to standard output.

      Example: upkeep load feeds.upkeep airports.csv.gz --into airport --mode merge --rejects bad.csv
      """)

  @Argument(help: ArgumentHelp("The database's file.", valueName: "DATABASE"))
  var database: String

  @Argument(help: ArgumentHelp("The files; - is standard input.", valueName: "FILE"))
  var files: [String]

  @Option(help: ArgumentHelp("The table.", valueName: "TABLE"))
  var into: String

  @OptionGroup var feed: FeedArguments

  @Flag(help: "Tell the counts as a JSON object.")
  var json = false

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var writing: WritingOptions
}

/// `upkeep diff DATABASE FILE… --into TABLE`
struct DiffArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep diff",
    abstract: "List the rows that a load would change, and change nothing.",
    discussion: """
      Takes what `upkeep load` takes; --mode is merge unless said. A line for each row, in the order of the primary key: \
      + one that is new, ~ one that changes and how, - one that goes; then the counts.

      Example: upkeep diff feeds.upkeep airports.csv --into airport --mode sync --key icao
      """)

  @Argument(help: ArgumentHelp("The database's file.", valueName: "DATABASE"))
  var database: String

  @Argument(help: ArgumentHelp("The files; - is standard input.", valueName: "FILE"))
  var files: [String]

  @Option(help: ArgumentHelp("The table.", valueName: "TABLE"))
  var into: String

  @OptionGroup var feed: FeedArguments

  @Flag(help: "Tell each row and the counts as JSON objects, one a line.")
  var json = false

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var writing: WritingOptions
}

/// What follows `.import`, `.sync` and `.diff`.
struct ImportArguments: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: ".import")

  @Argument var file: String
  @Argument var table: String
  @OptionGroup var feed: FeedArguments
  @Flag var json = false
}
