import Upkeep

/// A command to the shell itself.
struct DotCommand {
  /// Its name with the dot, then other names for it.
  var names: [String]
  /// What follows the name: `FILE TABLE [OPTIONS]`.
  var arguments: String
  /// What it does, in one line.
  var summary: String
  /// A line that a person could type.
  var example: String
  /// Does it. The first argument is the shell, the second what follows the name.
  var run: (Shell, DotArguments) throws -> Void

  init(
    _ names: String..., arguments: String = "", does summary: String, example: String = "",
    run: @escaping (Shell, DotArguments) throws -> Void
  ) {
    self.names = names
    self.arguments = arguments
    self.summary = summary
    self.example = example
    self.run = run
  }

  /// The name and what follows it.
  var usage: String { arguments.isEmpty ? names[0] : "\(names[0]) \(arguments)" }

  /// Every dot command, in the order of `.help`.
  static var all: [DotCommand] {
    tableCommands + importCommands + exportCommands + showingCommands + [parameterCommand] + careCommands
      + controlCommands
  }
}

/// What follows a dot command's name.
struct DotArguments {
  /// The command's name as it was typed.
  let name: String
  /// The rest of the line, without the blanks around it.
  let text: String
  /// The rest as words; quotes, single or double, hold a word together.
  let words: [String]

  init(_ line: String) throws {
    var rest = Substring(line).drop { $0 == " " || $0 == "\t" }
    let name = rest.prefix { $0 != " " && $0 != "\t" }
    rest = rest.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    self.name = String(name)
    text = String(rest)
    words = try Self.split(rest)
  }

  private static func split(_ text: Substring) throws -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " || character == "\t" {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let quote { throw ShellError("a \(quote) is opened and not closed") }
    if let word { words.append(word) }
    return words
  }

  /// The one word that must be there.
  func one(_ what: String) throws -> String {
    guard words.count == 1 else { throw ShellError("\(name) takes \(what)") }
    return words[0]
  }

  /// The name of a file to write, which may be missing: neither a command to pipe into nor an option, as SQLite's shell
  /// takes them.
  func file() throws -> String? {
    guard let word = words.first else { return nil }
    if word.hasPrefix("|") {
      throw ShellError(
        "\(name) writes to files; what goes to a program is piped outside, as in `upkeep … | less`")
    }
    guard words.count == 1 else {
      throw ShellError("\(name) takes a file; one with blanks in its name in quotes")
    }
    guard !word.hasPrefix("-") else {
      throw ShellError("\(word) is no option of \(name); a file of that name is written ./\(word)")
    }
    return word
  }

  /// The one word that may be there.
  func atMostOne(_ what: String) throws -> String? {
    guard words.count <= 1 else { throw ShellError("\(name) takes \(what), or nothing") }
    return words.first
  }

  func none() throws {
    guard words.isEmpty else { throw ShellError("\(name) takes nothing after it") }
  }

  /// `on` or `off`; for psql's commands, nothing is the other than `current`.
  func onOff(_ current: Bool? = nil) throws -> Bool {
    if let current, words.isEmpty, name.hasPrefix("\\") { return !current }
    switch try one("on or off").lowercased() {
    case "on", "yes", "true", "1": return true
    case "off", "no", "false", "0": return false
    case let word: throw ShellError("\(name) takes on or off, not \(word)")
    }
  }
}

extension Shell {
  /// The names of all dot commands.
  static var commandNames: [String] { DotCommand.all.flatMap(\.names) }

  /// Runs a line that begins with a dot, or with psql's backslash.
  func runDotCommand(_ line: String) {
    if settings.echoes { console.write(line + "\n") }
    do {
      let arguments = try DotArguments(line)
      let commands = DotCommand.all
      guard let command = commands.first(where: { $0.names.contains(arguments.name) }) else {
        throw Self.unknown(arguments.name, commands)
      }
      try command.run(self, arguments)
    } catch let error as ShellError {
      report(error)
    } catch let error as UpkeepError {
      report(error)
    } catch {
      report(ShellError("\(error)"))
    }
  }

  private static func unknown(_ name: String, _ commands: [DotCommand]) -> ShellError {
    if let advice = CommandAdvice.all[name] {
      return ShellError("there is no dot command \(name); \(advice)")
    }
    let suggestion = Names.suggestion(for: name, among: commands.flatMap(\.names))
    return ShellError(
      "there is no dot command \(name)\(suggestion.isEmpty ? "; .help lists them" : suggestion)")
  }
}
