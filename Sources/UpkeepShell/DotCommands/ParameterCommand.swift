import Upkeep
import UpkeepSQL

extension DotCommand {
  /// The command that gives parameters of statements their values.
  static var parameterCommand: DotCommand {
    DotCommand(
      ".param", ".parameter", arguments: "set|unset|list|clear [NAME] [VALUE]",
      does: "give :NAME, @NAME, $NAME or ?N in statements a value, as SQL writes it",
      example: ".param set :country 'IS'"
    ) { shell, arguments in
      switch arguments.words.first {
      case "set": try shell.setParameter(arguments)
      case "unset":
        guard arguments.words.count == 2 else { throw ShellError(".param unset takes a name") }
        try shell.unsetParameter(arguments.words[1])
      case "list": shell.listParameters()
      case "clear": shell.settings.parameters = SQLParameters([])
      default: throw ShellError(".param takes set NAME VALUE, unset NAME, list or clear")
      }
    }
  }
}

extension Shell {
  fileprivate func setParameter(_ arguments: DotArguments) throws {
    let parts = arguments.text.split(maxSplits: 2, omittingEmptySubsequences: true) {
      $0 == " " || $0 == "\t"
    }
    guard parts.count == 3 else { throw ShellError(".param set takes a name and a value") }
    let value = try value(String(parts[2]))
    switch try Self.key(String(parts[1])) {
    case .name(let name): settings.parameters.named[name] = value
    case .number(let number):
      let missing = number - settings.parameters.positional.count
      if missing > 0 { settings.parameters.positional += [Value](repeating: .null, count: missing) }
      settings.parameters.positional[number - 1] = value
    }
  }

  fileprivate func unsetParameter(_ text: String) throws {
    switch try Self.key(text) {
    case .name(let name): settings.parameters.named[name] = nil
    case .number(let number) where number == settings.parameters.positional.count:
      settings.parameters.positional.removeLast()
    case .number(let number) where number < settings.parameters.positional.count:
      settings.parameters.positional[number - 1] = .null
    case .number: break
    }
  }

  fileprivate func listParameters() {
    for (place, value) in settings.parameters.positional.enumerated() {
      results.write("?\(place + 1) = \(SQLPrinter.literal(value))\n")
    }
    for (name, value) in settings.parameters.named.sorted(by: { $0.key < $1.key }) {
      results.write(":\(name) = \(SQLPrinter.literal(value))\n")
    }
  }

  private enum ParameterKey {
    case name(String)
    case number(Int)
  }

  private static func key(_ text: String) throws -> ParameterKey {
    if text.hasPrefix("?") {
      guard let number = Int(text.dropFirst()), (1...1000).contains(number) else {
        throw ShellError("parameters are numbered from ?1 to ?1000 here, not \(text)")
      }
      return .number(number)
    }
    let name = text.first.map { ":@$".contains($0) } == true ? String(text.dropFirst()) : text
    guard !name.isEmpty else { throw ShellError("a parameter's name is missing") }
    return .name(name)
  }

  /// The value of an expression; a bare word that is none is a text.
  private func value(_ text: String) throws -> Value {
    final class OneValue: RowSink {
      var value: Value?
      func begin(columns: [String]) {}
      func row(_ values: [Value]) { value = values.first }
    }
    let sink = OneValue()
    do throws(UpkeepError) {
      var parser = SQLParser("SELECT \(text)")
      guard let statement = try parser.next(), try parser.next() == nil else { return .text(text) }
      try database.session.execute(statement, into: sink)
    } catch {
      guard error.code == .syntax || error.code == .unknownColumn, !text.hasPrefix("'") else { throw error }
      return .text(text)
    }
    return sink.value ?? .text(text)
  }
}
