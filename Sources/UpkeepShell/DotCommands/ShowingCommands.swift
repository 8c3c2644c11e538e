import Upkeep
import UpkeepSQL

extension DotCommand {
  /// Commands that say how and where things are shown.
  static var showingCommands: [DotCommand] {
    [
      DotCommand(
        ".format", ".mode", arguments: "[FORMAT] [TABLE]",
        does: "show rows as \(ResultFormat.names); TABLE is for insert", example: ".format box"
      ) { shell, arguments in
        if arguments.words.isEmpty {
          return shell.console.write("\(shell.settings.style.format.rawValue)\n")
        }
        guard let word = arguments.words.first, arguments.words.count <= (word == "insert" ? 2 : 1) else {
          throw ShellError("\(arguments.name) takes a format: \(ResultFormat.names)")
        }
        guard let format = ResultFormat(argument: word) else {
          let suggestion = Names.suggestion(for: word, among: ResultFormat.allCases.map(\.rawValue))
          throw ShellError(
            "there is no format \(word)\(suggestion.isEmpty ? "; there are \(ResultFormat.names)" : suggestion)"
          )
        }
        shell.settings.style.format = format
        shell.settings.style.separator = nil
        shell.settings.style.insertTable = arguments.words.dropFirst().first
      },
      DotCommand(
        ".header", ".headers", arguments: "on|off", does: "show the names of columns above rows",
        example: ".header off"
      ) { shell, arguments in
        shell.settings.style.header = try arguments.onOff()
      },
      DotCommand(
        ".null", ".nullvalue", arguments: "[TEXT]",
        does: "show NULL as TEXT; without TEXT as the format does",
        example: ".null -"
      ) { shell, arguments in
        shell.settings.style.null = try arguments.atMostOne("a text")
      },
      DotCommand(
        ".separator", arguments: "[TEXT]",
        does:
          "put TEXT, as '\\t', between the values of list, and of csv and tsv; without TEXT as the format does",
        example: ".separator ', '"
      ) { shell, arguments in
        // SQLite's shell takes the end of a row too, which is the line's here.
        let isUsual = arguments.words.count == 2 && ["\\n", "\n"].contains(arguments.words[1])
        let word = isUsual ? arguments.words[0] : try arguments.atMostOne("a text")
        shell.settings.style.separator = word.map(Self.unescaped)
      },
      DotCommand(
        ".width", arguments: "[N …]",
        does:
          "give columns of tables widths, to the right if negative, 0 for their own; without N all their own",
        example: ".width 4 30 -8"
      ) { shell, arguments in
        shell.settings.style.widths = try arguments.words.map { word in
          guard let width = Int(word), abs(width) <= 10_000 else {
            throw ShellError(".width takes numbers of characters, not \(word)")
          }
          return width
        }
      },
      DotCommand(
        ".maxrows", arguments: "N|all", does: "show at most N rows of a result in tables",
        example: ".maxrows 40"
      ) { shell, arguments in
        let word = try arguments.one("a number, or all")
        guard word != "all" else { return shell.settings.style.mostRows = nil }
        guard let count = Int(word), count >= 0 else {
          throw ShellError(".maxrows takes a number, or all, not \(word)")
        }
        shell.settings.style.mostRows = count
      },
      DotCommand(
        "\\x", arguments: "on|off", does: "show a line for each column, or a table", example: "\\x on"
      ) {
        shell, arguments in
        let isOn = try arguments.onOff(shell.settings.style.format == .line)
        shell.settings.style.format = isOn ? .line : .table
      },
      DotCommand(
        ".timer", "\\timing", arguments: "on|off", does: "tell how long each statement took",
        example: ".timer on"
      ) { shell, arguments in
        shell.settings.showsTime = try arguments.onOff(shell.settings.showsTime)
      },
      DotCommand(
        ".changes", arguments: "on|off", does: "tell what each change did, in one line",
        example: ".changes on"
      ) { shell, arguments in
        shell.settings.showsChanges = try arguments.onOff()
      },
      DotCommand(
        ".echo", arguments: "on|off", does: "show each statement before it runs", example: ".echo on"
      ) { shell, arguments in
        shell.settings.echoes = try arguments.onOff()
      },
      DotCommand(
        ".errors", arguments: "stdout|stderr", does: "where errors go; on stdout as JSON lines",
        example: ".errors stdout"
      ) { shell, arguments in
        switch try arguments.one("stdout or stderr") {
        case "stdout": shell.messages.showsErrorsAmongResults = true
        case "stderr": shell.messages.showsErrorsAmongResults = false
        case let word: throw ShellError(".errors takes stdout or stderr, not \(word)")
        }
      },
      DotCommand(".bail", arguments: "on|off", does: "stop at the first error", example: ".bail on") {
        shell, arguments in
        shell.settings.bails = try arguments.onOff()
      },
      DotCommand(
        ".explain", arguments: "[STATEMENT]",
        does: "say how a statement, or the last one, would run, without running it",
        example: ".explain UPSERT INTO airport (icao, name) VALUES ('EGLL', 'Heathrow');"
      ) { shell, arguments in
        try shell.explain(arguments.text)
      },
      DotCommand(".print", arguments: "TEXT", does: "print TEXT", example: ".print 'done'") {
        shell, arguments in
        let isOneQuotedWord = arguments.words.count == 1
        shell.results.write((isOneQuotedWord ? arguments.words[0] : arguments.text) + "\n")
      },
      DotCommand(
        ".output", arguments: "[FILE]", does: "send results to FILE from now on; without FILE back here",
        example: ".output rows.csv"
      ) { shell, arguments in
        let file = try arguments.file()
        try shell.sendResults(to: file == "stdout" ? nil : file, once: false)
      },
      DotCommand(
        ".once", arguments: "FILE", does: "send the next result to FILE", example: ".once rows.csv"
      ) { shell, arguments in
        guard let file = try arguments.file() else { throw ShellError(".once takes a file") }
        try shell.sendResults(to: file, once: true)
      },
      DotCommand(".show", does: "say what is set", example: ".show") { shell, arguments in
        try arguments.none()
        shell.showSettings()
      },
    ]
  }
}

extension DotCommand {
  /// A text in which a backslash begins what cannot be typed.
  fileprivate static func unescaped(_ text: String) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      switch (isEscaped, character) {
      case (false, "\\"):
        isEscaped = true
        continue
      case (true, "t"): result.append("\t")
      case (true, "n"): result.append("\n")
      case (true, "\\"): result.append("\\")
      case (true, _): result += "\\\(character)"
      case (false, _): result.append(character)
      }
      isEscaped = false
    }
    return isEscaped ? result + "\\" : result
  }
}

extension Shell {
  /// Shows the plan of a statement, a step a line; without one, of the last that ran.
  fileprivate func explain(_ text: String) throws {
    guard let statement = text.isEmpty ? lastStatement : text else {
      throw ShellError(".explain takes a statement; none has run yet")
    }
    let sink = PlanLines()
    var parser = SQLParser("EXPLAIN \(statement)")
    while let parsed = try parser.next() { try database.session.execute(parsed, into: sink) }
    for line in sink.lines { results.write(line + "\n") }
  }

  fileprivate func showSettings() {
    func word(_ flag: Bool) -> String { flag ? "on" : "off" }
    let widths = settings.style.widths
    let lines: [(String, String)] = [
      ("database", database.path ?? "in memory"),
      ("format", settings.style.format.rawValue),
      ("header", settings.style.header.map(word) ?? "as the format does"),
      ("null", settings.style.null.map { "\"\($0)\"" } ?? "as the format does"),
      ("separator", settings.style.separator.map { "\"\($0)\"" } ?? "as the format does"),
      ("width", widths.isEmpty ? "as the table does" : widths.map(String.init).joined(separator: " ")),
      ("maxrows", settings.style.mostRows.map(String.init) ?? "all"),
      ("changes", word(settings.showsChanges)),
      ("timer", word(settings.showsTime)),
      ("echo", word(settings.echoes)),
      ("bail", word(settings.bails)),
      ("errors", messages.showsErrorsAmongResults ? "stdout" : "stderr"),
    ]
    for (name, value) in lines { console.write("\(name): \(value)\n") }
  }
}

/// The lines of a plan.
private final class PlanLines: RowSink {
  private(set) var lines: [String] = []

  func begin(columns: [String]) {}

  func row(_ values: [Value]) {
    lines.append(values.map { $0.description }.joined(separator: "  "))
  }
}
