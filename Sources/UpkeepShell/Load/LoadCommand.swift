import Upkeep
import UpkeepSQL

/// `upkeep load` and `upkeep diff`.
struct LoadCommand {
  private let output = Output(STDOUT_FILENO)
  private let messages: Messages

  init(isQuiet: Bool) {
    messages = Messages(results: output, errors: .standard(STDERR_FILENO))
    messages.isQuiet = isQuiet
  }

  func load(_ arguments: LoadArguments) -> ExitStatus {
    run(arguments.feed, arguments.files, arguments.database, arguments.writing.opening) { database in
      let load = try Load(
        arguments.files, into: arguments.into, arguments.feed, isQuiet: arguments.quiet)
      let outcome = Result { try load.run(in: database.session) }
      return {
        let outcome = try outcome.get()
        if let made = outcome.made, !arguments.feed.dryRun { messages.notice(made) }
        messages.notices(of: outcome.result, showsRejects: arguments.feed.rejects == nil)
        tell(outcome.result, json: arguments.json)
      }
    }
  }

  func compare(_ arguments: DiffArguments) -> ExitStatus {
    run(arguments.feed, arguments.files, arguments.database, arguments.writing.opening, mustExist: true) {
      database in
      var load = try Load(arguments.files, into: arguments.into, arguments.feed, isQuiet: arguments.quiet)
      load.options.isDryRun = true
      load.options.mode = arguments.feed.mode ?? .merge
      let printer = DiffPrinter(output, asJSON: arguments.json)
      let outcome = Result { try load.compare(in: database.session) { printer.show($0, $1) } }
      return {
        let outcome = try outcome.get()
        messages.notices(of: outcome.result, showsRejects: arguments.feed.rejects == nil)
        tell(outcome.result, json: arguments.json)
      }
    }
  }

  /// Opens the database, does the work, closes it and tells what came of it.
  private func run(
    _ feed: FeedArguments, _ files: [String], _ path: String, _ opening: Opening,
    mustExist: Bool = false,
    _ body: (Database) throws -> () throws -> Void
  ) -> ExitStatus {
    do {
      // What cannot be read must not leave a new, empty database behind.
      _ = try feed.options(into: "", files: files)
      for file in files where file != "-" { _ = try FileSource(file) }
      let database = try Database(path, opening, mustExist: mustExist)
      let tell = Result { try Interrupts.during { try body(database) } }
      try database.close()
      try tell.get()()
      output.flush()
      if let failure = output.failure { throw ShellError.system("cannot write the counts", failure) }
      return .success
    } catch {
      return messages.end(with: error)
    }
  }

  private func tell(_ result: UpsertResult, json: Bool) {
    if json {
      let counts = result.summary.counts
      output.write("{" + counts.map { "\"\($0.kind.rawValue)\":\($0.count)" }.joined(separator: ",") + "}\n")
    } else {
      output.write(Figures.counts(result.summary) + "\n")
    }
    output.flush()
  }
}

extension Messages {
  /// What a load has to say besides its counts.
  func notices(of result: UpsertResult, showsRejects: Bool) {
    for notice in result.notices { self.notice(notice) }
    if showsRejects { rejects(result.rejects) }
  }

  /// The table that a load made.
  func notice(_ made: TableDefinition) {
    let columns = made.columns.map { "\(SQLPrinter.name($0.name)) \($0.type.name)" }
    notice("table \(made.name) was made: \(columns.joined(separator: ", "))")
  }
}
