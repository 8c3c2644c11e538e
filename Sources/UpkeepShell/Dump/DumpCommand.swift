import ArgumentParser
import Upkeep

/// For whom a dump is.
struct DumpDialectOptions: ParsableArguments {
  @Flag(help: "Write what SQLite 3.40 understands; what it lacks is a comment.")
  var sqlite = false

  @Flag(help: "With --sqlite: leave out what it lacks, without comments.")
  var noComments = false

  func validate() throws {
    if noComments && !sqlite { throw ValidationError("--no-comments goes with --sqlite.") }
  }

  var dialect: Dump.Dialect { sqlite ? .sqlite(comments: !noComments) : .upkeep }
}

/// `upkeep dump DATABASE`
struct DumpArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep dump", abstract: "Print the SQL that makes a database's tables with their rows.",
    discussion: """
      With --json each statement is an object on a line of its own.

      Example: upkeep dump feeds.upkeep --sqlite | sqlite3 feeds.sqlite
      """)

  @OptionGroup var options: InspectOptions
  @OptionGroup var dialect: DumpDialectOptions

  @Option(help: ArgumentHelp("Only this table; may be repeated.", valueName: "TABLE"))
  var table: [String] = []

  func dump() -> ExitStatus {
    options.inspect { database, output in
      let messages = Messages(results: output, errors: Output(STDERR_FILENO))
      let dump = Dump(
        dialect: dialect.dialect, tables: table.isEmpty ? nil : table, asJSON: options.json)
      try database.session.look { scope throws(UpkeepError) in
        try dump.write(scope, to: output) { messages.notice($0) }
      }
      output.flush()
      guard let failure = output.failure else { return .success }
      if failure != EPIPE { throw UpkeepError(.io, "cannot write: \(System.meaning(of: failure))") }
      return .failure
    }
  }
}
