import Upkeep

extension DotCommand {
  /// Commands that say how and where things are shown.
  static var showingCommands: [DotCommand] {
    [
      DotCommand(".format", ".mode", arguments: "FORMAT", does: "show rows as \(ResultFormat.names)") {
        shell, arguments in
        let word = try arguments.one("a format: \(ResultFormat.names)")
        guard let format = ResultFormat(rawValue: word) else {
          let suggestion = Names.suggestion(for: word, among: ResultFormat.allCases.map(\.rawValue))
          throw ShellError(
            "there is no format \(word)\(suggestion.isEmpty ? "; there are \(ResultFormat.names)" : suggestion)"
          )
        }
        shell.settings.style.format = format
      },
      DotCommand(".header", ".headers", arguments: "on|off", does: "show the names of columns above rows") {
        shell, arguments in
        shell.settings.style.header = try arguments.onOff()
      },
      DotCommand(
        ".null", ".nullvalue", arguments: "[TEXT]", does: "show NULL as TEXT; without TEXT as the format does"
      ) {
        shell, arguments in
        shell.settings.style.null = try arguments.atMostOne("a text")
      },
      DotCommand(".timer", "\\timing", arguments: "on|off", does: "tell how long each statement took") {
        shell, arguments in
        shell.settings.showsTime = try arguments.onOff()
      },
      DotCommand(".changes", arguments: "on|off", does: "tell what each change did, in one line") {
        shell, arguments in
        shell.settings.showsChanges = try arguments.onOff()
      },
      DotCommand(".echo", arguments: "on|off", does: "show each statement before it runs") {
        shell, arguments in
        shell.settings.echoes = try arguments.onOff()
      },
      DotCommand(".errors", arguments: "stdout|stderr", does: "where errors go; on stdout as JSON lines") {
        shell, arguments in
        switch try arguments.one("stdout or stderr") {
        case "stdout": shell.messages.showsErrorsAmongResults = true
        case "stderr": shell.messages.showsErrorsAmongResults = false
        case let word: throw ShellError(".errors takes stdout or stderr, not \(word)")
        }
      },
      DotCommand(".bail", arguments: "on|off", does: "stop at the first error") { shell, arguments in
        shell.settings.bails = try arguments.onOff()
      },
      DotCommand(".print", arguments: "TEXT", does: "print TEXT") { shell, arguments in
        let isOneQuotedWord = arguments.words.count == 1
        shell.results.write((isOneQuotedWord ? arguments.words[0] : arguments.text) + "\n")
      },
      DotCommand(
        ".output", arguments: "[FILE]", does: "send results to FILE from now on; without FILE back here"
      ) {
        shell, arguments in
        try shell.sendResults(to: try arguments.atMostOne("a file"), once: false)
      },
      DotCommand(".once", arguments: "FILE", does: "send the next result to FILE") { shell, arguments in
        try shell.sendResults(to: try arguments.one("a file"), once: true)
      },
      DotCommand(".show", does: "say what is set") { shell, arguments in
        try arguments.none()
        shell.showSettings()
      },
    ]
  }
}

extension Shell {
  fileprivate func showSettings() {
    func word(_ flag: Bool) -> String { flag ? "on" : "off" }
    let lines: [(String, String)] = [
      ("database", database.path ?? "in memory"),
      ("format", settings.style.format.rawValue),
      ("header", settings.style.header.map(word) ?? "as the format does"),
      ("null", settings.style.null.map { "\"\($0)\"" } ?? "as the format does"),
      ("changes", word(settings.showsChanges)),
      ("timer", word(settings.showsTime)),
      ("echo", word(settings.echoes)),
      ("bail", word(settings.bails)),
      ("errors", messages.showsErrorsAmongResults ? "stdout" : "stderr"),
    ]
    for (name, value) in lines { console.write("\(name): \(value)\n") }
  }
}
