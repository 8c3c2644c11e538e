import ArgumentParser
import Upkeep

/// What the subcommands that only look at a database have in common.
struct InspectOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The database's file.", valueName: "DATABASE"))
  var database: String

  @Flag(help: "Answer in JSON.")
  var json = false

  @Option(help: ArgumentHelp("How long to wait for another process to let go.", valueName: "SECONDS"))
  var wait: Double = 0

  /// Runs work that takes a while, with a line that says how far it is.
  func watched<T>(_ database: Database, _ work: (StatementWatch) throws -> T) rethrows -> T {
    let watch = StatementWatch(database.session.cancellation)
    let progress = ProgressLine(isQuiet: json)
    progress?.watch(watch)
    defer { progress?.clear() }
    return try work(watch)
  }

  /// Opens the database, for reading unless said, and tells what `body` finds.
  func inspect(
    writing: Bool = false, _ body: (Database, Output) throws -> ExitStatus
  ) -> ExitStatus {
    let output = Output(STDOUT_FILENO)
    let messages = Messages(results: output, errors: .standard(STDERR_FILENO))
    let opening = Opening(isReadOnly: !writing, wait: wait)
    do {
      let database = try Database(self.database, opening, mustExist: true)
      let status = try Interrupts.during { try body(database, output) }
      output.flush()
      try database.close()
      return status
    } catch {
      return messages.end(with: error)
    }
  }
}

/// `upkeep schema DATABASE`
struct SchemaArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep schema", abstract: "Show the SQL that makes the database's tables and indexes.",
    discussion: "Example: upkeep schema feeds.upkeep > schema.sql")

  @OptionGroup var options: InspectOptions

  func show() -> ExitStatus {
    options.inspect { database, output in
      let scope = try database.store.beginRead()
      defer { scope.rollback() }
      let catalog = try scope.catalog
      let texts =
        catalog.tables.map { (name: $0.name, sql: SchemaText.of($0)) }
        + catalog.views.map { (name: $0.name, sql: SchemaText.of($0)) }
      if options.json {
        let tables = texts.map { "{\"name\":\(JSONText.quoted($0.name)),\"sql\":\(JSONText.quoted($0.sql))}" }
        output.write("[\(tables.joined(separator: ","))]\n")
      } else {
        for text in texts { output.write(text.sql) }
      }
      return .success
    }
  }
}

/// `upkeep stats DATABASE`
struct StatsArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep stats", abstract: "Say what a database holds and takes up.",
    discussion: "Example: upkeep stats feeds.upkeep --json")

  @OptionGroup var options: InspectOptions

  func show() -> ExitStatus {
    options.inspect { database, output in
      let screen = try StatisticsScreen(database.path, database.session)
      output.write(options.json ? screen.json : screen.text)
      return .success
    }
  }
}

/// `upkeep check DATABASE`
struct CheckArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep check", abstract: "Verify every page, tree, index and row.",
    discussion:
      "Prints ok (status 0), or each problem on its line (status 4).\n\nExample: upkeep check feeds.upkeep")

  @OptionGroup var options: InspectOptions

  func check() -> ExitStatus {
    options.inspect { database, output in
      let problems = try options.watched(database) { watch in try database.store.verify(watch: watch) }
      if options.json {
        output.write(
          "{\"ok\":\(problems.isEmpty),\"problems\":[\(problems.map(JSONText.quoted).joined(separator: ","))]}\n"
        )
      } else {
        output.write(Findings.text(problems))
      }
      return problems.isEmpty ? .success : .corrupt
    }
  }
}
