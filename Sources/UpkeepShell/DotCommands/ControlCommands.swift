import Upkeep

extension DotCommand {
  /// Commands that run scripts, open databases and end the shell.
  static var controlCommands: [DotCommand] {
    [
      DotCommand(".read", arguments: "FILE", does: "run a script") { shell, arguments in
        shell.run(file: try arguments.one("a file"))
      },
      DotCommand(".open", arguments: "[FILE]", does: "close this database and open another, or one in memory")
      {
        shell, arguments in
        try shell.open(try arguments.atMostOne("a file"))
      },
      DotCommand(".close", does: "close this database and go on in memory") { shell, arguments in
        try arguments.none()
        try shell.open(nil)
      },
      DotCommand(".help", "\\?", arguments: "[COMMAND]", does: "say what dot commands there are") {
        shell, arguments in
        try shell.help(try arguments.atMostOne("a command"))
      },
      DotCommand(".quit", ".exit", "\\q", does: "leave") { shell, _ in shell.quit() },
    ]
  }
}

extension Shell {
  fileprivate func help(_ name: String?) throws {
    var commands = DotCommand.all
    if let name {
      let dotted = name.hasPrefix(".") || name.hasPrefix("\\") ? name : "." + name
      commands = commands.filter { $0.names.contains(dotted) }
      guard !commands.isEmpty else {
        let suggestion = Names.suggestion(for: dotted, among: DotCommand.all.flatMap(\.names))
        throw ShellError("there is no dot command \(dotted)\(suggestion)")
      }
    }
    let width = commands.map(\.usage.count).max() ?? 0
    for command in commands {
      let padding = String(repeating: " ", count: width - command.usage.count)
      let others = command.names.dropFirst()
      let also = others.isEmpty ? "" : " (also \(others.joined(separator: ", ")))"
      console.write("\(command.usage)\(padding)  \(command.summary)\(also)\n")
    }
  }
}
