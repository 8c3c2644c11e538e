import Upkeep

extension DotCommand {
  /// Commands that look after the database as a whole.
  static var careCommands: [DotCommand] {
    [
      DotCommand(
        ".stats", does: "show rows, pages and how full they are, free space, log, cache", example: ".stats"
      ) { shell, arguments in
        try arguments.none()
        shell.results.write(try StatisticsScreen(shell.database.path, shell.database.session).text)
      },
      DotCommand(
        ".tree", arguments: "NAME", does: "show the tree of a table or an index, level by level",
        example: ".tree airport"
      ) { shell, arguments in
        shell.results.write(
          try TreeText(try arguments.one("a table or an index"), shell.database.session).text)
      },
      DotCommand(".check", does: "verify every page, tree, index and row", example: ".check") {
        shell, arguments in
        try arguments.none()
        let database = shell.database
        let problems = try shell.watched { watch in try database.store.verify(watch: watch) }
        shell.results.write(Findings.text(problems))
        if !problems.isEmpty { shell.raise(to: .corrupt) }
      },
      DotCommand(
        ".checkpoint", does: "write what the log holds into the database's file", example: ".checkpoint"
      ) { shell, arguments in
        try arguments.none()
        try shell.database.store.checkpoint()
      },
      DotCommand(
        ".backup", ".save", arguments: "FILE", does: "write the database to a new file, as it is now",
        example: ".backup feeds-friday.upkeep"
      ) { shell, arguments in
        // SQLite's shell lets the database be named before the file.
        let isMain = arguments.words.count == 2 && arguments.words[0] == "main"
        let path = isMain ? arguments.words[1] : try arguments.one("a file")
        let database = shell.database
        try shell.watched { watch in try database.store.backup(to: path, watch: watch) }
      },
      DotCommand(
        ".compact", does: "move what lies at the file's end down, and cut the file", example: ".compact"
      ) { shell, arguments in
        try arguments.none()
        let store = shell.database.store
        try shell.watched { watch in try store.compact(watch: watch) }
      },
    ]
  }
}

extension Shell {
  /// Runs work that takes a while, with a line that says how far it is; Ctrl-C stops it.
  func watched<T>(_ work: (StatementWatch) throws -> T) rethrows -> T {
    let watch = StatementWatch(database.session.cancellation)
    watch.cancellation.reset()
    let progress = ProgressLine(isQuiet: messages.isQuiet)
    progress?.watch(watch)
    defer { progress?.clear() }
    return try work(watch)
  }
}
