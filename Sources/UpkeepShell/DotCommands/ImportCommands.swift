import ArgumentParser
import Upkeep

extension DotCommand {
  /// Commands that take data in.
  static var importCommands: [DotCommand] {
    [
      DotCommand(
        ".import", arguments: "FILE TABLE [OPTIONS]",
        does: "take a CSV or TSV file into a table; options as of `upkeep load`"
      ) { shell, arguments in
        try shell.runImport(try shell.importArguments(arguments))
      }
    ]
  }
}

extension Shell {
  fileprivate func importArguments(_ arguments: DotArguments) throws -> ImportArguments {
    switch ArgumentReading.parse(ImportArguments.self, arguments.words) {
    case .success(let parsed): return parsed
    case .failure(let ending):
      let firstLine = ending.text.split(separator: "\n").first.map(String.init) ?? ""
      throw ShellError(
        ending.isError
          ? String(firstLine.dropFirst("error: ".count))
          : ".import FILE TABLE [--mode insert|ignore|replace|merge|sync] [--key COLUMNS | --on INDEX] "
            + "[--as csv|tsv] [--null TEXT] [--rejects FILE] [--reject-limit N] [--dry-run]")
    }
  }

  fileprivate func runImport(_ arguments: ImportArguments) throws {
    let clock = ContinuousClock()
    let began = clock.now
    let load = Load(
      files: [arguments.file],
      options: try arguments.feed.options(into: arguments.table, file: arguments.file),
      rejectPath: arguments.feed.rejects, isQuiet: messages.isQuiet)
    let result = try load.run(in: database.session)
    if arguments.feed.rejects == nil { messages.rejects(result.rejects) }
    for notice in result.notices { messages.notice(notice) }
    // The line of counts belongs to an import as rows belong to a query.
    messages.line("\(Figures.counts(result.summary)) (\(Figures.seconds(clock.now - began)))")
  }
}
