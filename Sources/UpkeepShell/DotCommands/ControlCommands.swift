import Upkeep

extension DotCommand {
  /// Commands that run scripts, open databases and end the shell.
  static var controlCommands: [DotCommand] {
    [
      DotCommand(".read", arguments: "FILE", does: "run a script", example: ".read schema.sql") {
        shell, arguments in
        shell.run(file: try arguments.script)
      },
      DotCommand(
        ".open", arguments: "[FILE]", does: "close this database and open another, or one in memory",
        example: ".open feeds.upkeep"
      ) { shell, arguments in
        try shell.open(try arguments.atMostOne("a file"))
      },
      DotCommand(".close", does: "close this database and go on in memory", example: ".close") {
        shell, arguments in
        try arguments.none()
        try shell.open(nil)
      },
      DotCommand(
        ".history", arguments: "[N]", does: "show the last N entries that were typed, or all",
        example: ".history 10"
      ) { shell, arguments in
        var entries = shell.typedBefore()[...]
        if let word = try arguments.atMostOne("a number") {
          guard let count = Int(word), count >= 0 else {
            throw ShellError(".history takes a number, not \(word)")
          }
          entries = entries.suffix(count)
        }
        for entry in entries { shell.results.write(entry + "\n") }
      },
      DotCommand(
        ".help", "\\?", arguments: "[COMMAND]", does: "say what dot commands there are",
        example: ".help .import"
      ) { shell, arguments in
        try shell.help(try arguments.atMostOne("a command"))
      },
      DotCommand(".quit", ".exit", "\\q", does: "leave", example: ".quit") { shell, _ in shell.quit() },
    ]
  }
}

extension DotArguments {
  /// The file of a script.
  fileprivate var script: String {
    get throws {
      let file = try one("a file")
      guard !file.hasPrefix("|") else {
        throw ShellError(
          ".read takes a file; what a program writes is piped in outside, as in `program | upkeep …`")
      }
      return file
    }
  }
}

extension Shell {
  fileprivate func help(_ name: String?) throws {
    var commands = DotCommand.all
    if let name, !["all", "-all", "--all"].contains(name) {
      let dotted = name.hasPrefix(".") || name.hasPrefix("\\") ? name : "." + name
      commands = commands.filter { $0.names.contains(dotted) }
      guard !commands.isEmpty else {
        let suggestion = Names.suggestion(for: dotted, among: DotCommand.all.flatMap(\.names))
        throw ShellError("there is no dot command \(dotted)\(suggestion)")
      }
    }
    for command in commands {
      let others = command.names.dropFirst()
      let also = others.isEmpty ? "" : " (also \(others.joined(separator: ", ")))"
      console.write("\(console.paint(command.usage, .bold))\n    \(command.summary)\(also)\n")
      // Of one command all is told.
      if name != nil, command.arguments.hasSuffix("[OPTIONS]") {
        console.write("    options: \(DotCommand.importOptions)\n")
      }
      let isTold = command.example.isEmpty || command.example == command.usage
      if !isTold { console.write(console.paint("    \(command.example)", .dim) + "\n") }
    }
    if name == nil { console.write("\nStatements are SQL, and end with a semicolon.\n") }
  }
}
