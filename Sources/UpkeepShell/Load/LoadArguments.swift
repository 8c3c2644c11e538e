import ArgumentParser
import Upkeep

/// What `upkeep load` and `.import` have in common: what the feed is and what becomes of its rows.
struct FeedArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What happens to a row that is there: insert (an error), ignore, replace, merge, or sync, which also deletes what the feed lacks.",
      valueName: "MODE"))
  var mode = FeedOptions.Mode.insert

  @Option(
    help: ArgumentHelp(
      "Which unique key identifies a row; the primary key unless said.", valueName: "COLUMNS"))
  var key: String?

  @Option(help: ArgumentHelp("Which unique index identifies a row.", valueName: "INDEX"))
  var on: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("What stands for NULL besides an empty field without quotes.", valueName: "TEXT"))
  var null: String?

  @Option(
    help: ArgumentHelp(
      "What the feed is: csv or tsv; else its name's ending says, else csv.", valueName: "FORMAT"))
  var `as`: FeedFormatWord?

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
  }

  /// The options of the load, for a feed from `file`.
  func options(into table: String, file: String) throws(ShellError) -> FeedOptions {
    var options = FeedOptions(into: table)
    options.mode = mode
    options.null = null
    options.isDryRun = dryRun
    options.collectsRejects = rejects != nil || rejectLimit != nil
    options.rejectLimit = rejectLimit
    if let word = self.as { options.format = word.format } else { options.format = try Self.format(of: file) }
    options.ambiguity = onAmbiguity.policy
    options.duplicates = duplicates.policy
    if let on { options.target = .index(on) }
    if let key {
      let columns = key.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      options.target = .columns(columns.map { .column(ColumnReference($0)) }, where: nil)
    }
    return options
  }

  /// What a file is by its ending.
  private static func format(of file: String) throws(ShellError) -> CSVReader.Format {
    let name = file.lowercased()
    for ending in [".gz", ".json", ".jsonl", ".ndjson", ".zip", ".xz", ".zst"] where name.hasSuffix(ending) {
      let way =
        ending == ".gz" ? "; use gunzip -c \(file) | upkeep load DATABASE - …" : "; it reads CSV and TSV"
      throw ShellError("upkeep does not read \(ending) files yet\(way)", code: .unsupported)
    }
    return name.hasSuffix(".tsv") || name.hasSuffix(".tab") ? .tsv : .csv
  }
}

/// The formats of a feed by their words.
enum FeedFormatWord: String, ExpressibleByArgument, CaseIterable {
  case csv
  case tsv

  var format: CSVReader.Format { self == .csv ? .csv : .tsv }
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
    abstract: "Take CSV or TSV files into a table, as one statement: all of it, or nothing.",
    discussion: """
      The first line names columns. Several files are one feed. The line of counts goes to standard output.

      Example: gunzip -c airports.csv.gz | upkeep load feeds.upkeep - --into airport --mode merge --rejects bad.csv
      """)

  @Argument(help: ArgumentHelp("The database's file.", valueName: "DATABASE"))
  var database: String

  @Argument(help: ArgumentHelp("The files; - is standard input.", valueName: "FILE"))
  var files: [String]

  @Option(help: ArgumentHelp("The table.", valueName: "TABLE"))
  var into: String

  @OptionGroup var feed: FeedArguments

  @Option(
    help: ArgumentHelp("Take a column of the file as another of the table.", valueName: "FILECOLUMN=COLUMN"))
  var map: [String] = []

  @Flag(help: "Tell the counts as a JSON object.")
  var json = false

  @Flag(help: "Show no progress.")
  var quiet = false

  @OptionGroup var opening: OpeningOptions

  func validate() throws {
    for pair in map where !pair.contains("=") {
      throw ValidationError("--map takes FILECOLUMN=COLUMN, not \(pair).")
    }
  }
}

/// What follows `.import`.
struct ImportArguments: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: ".import")

  @Argument var file: String
  @Argument var table: String
  @OptionGroup var feed: FeedArguments
}
