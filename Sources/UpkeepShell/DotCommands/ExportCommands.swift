import ArgumentParser
import Upkeep
import UpkeepSQL

extension DotCommand {
  /// Commands that give data out.
  static var exportCommands: [DotCommand] {
    [
      DotCommand(
        ".export", arguments: "FILE TABLE|QUERY",
        does:
          "write rows to FILE (- for here), by its ending or --as FORMAT; also --header, --no-header, --null TEXT",
        example: ".export big.csv.gz SELECT * FROM airport WHERE elevation > 9000"
      ) { shell, arguments in
        try shell.export(try ExportArguments(arguments))
      },
      DotCommand(
        ".dump", arguments: "[TABLE…]",
        does:
          "print the SQL that makes the tables with their rows; --sqlite for SQLite, --no-comments with it",
        example: ".dump airport --sqlite"
      ) { shell, arguments in
        try shell.dump(arguments)
      },
    ]
  }
}

/// What follows `.export`: a file, options, and a table's name or a query, which is taken as it stands.
struct ExportArguments {
  static let usage =
    ".export takes FILE [--as FORMAT] [--header|--no-header] [--null TEXT], then a table or a query"

  var file: String
  var format: ResultFormat?
  var header: Bool?
  var null: String?
  var query: String
  /// How the command would be if the file, which comes first, stands last; nil if it does not look so.
  var order: String?

  init(_ arguments: DotArguments) throws {
    var rest = Substring(arguments.text)
    guard let file = Self.word(&rest) else { throw ShellError(Self.usage) }
    self.file = file
    while rest.hasPrefix("--"), let option = Self.word(&rest) {
      switch option {
      case "--header": header = true
      case "--no-header": header = false
      case "--null": null = try Self.value(of: option, &rest)
      case "--as":
        let word = try Self.value(of: option, &rest)
        guard let format = ResultFormat(rawValue: word) else {
          throw ShellError("there is no format \(word); there are \(ResultFormat.names)")
        }
        self.format = format
      default: throw ShellError("\(option) is no option; \(Self.usage)")
      }
    }
    var after = rest
    guard let first = Self.word(&after) else { throw ShellError(Self.usage) }
    order = Self.rightOrder(file, first, after: after, of: String(rest))
    query = after.isEmpty ? "SELECT * FROM \(SQLPrinter.name(first))" : String(rest)
    // A word in single quotes, or one that is a whole statement, is none of a table.
    if after.isEmpty, rest.hasSuffix(";") { query = String(rest) }
  }

  /// - Parameters:
  ///   - first: the word that stands where the file belongs.
  ///   - second: the word that stands where the table or the query begins.
  ///   - after: what follows that one.
  private static func rightOrder(
    _ first: String, _ second: String, after: Substring, of rest: String
  ) -> String? {
    if Export.format(of: first) != nil || first == "-" { return nil }
    if after.isEmpty {
      return Export.format(of: second) == nil ? nil : ".export \(second) \(SQLPrinter.name(first))"
    }
    guard ["SELECT", "VALUES", "WITH"].contains(first.uppercased()),
      let last = rest.split(separator: " ").last, Export.format(of: String(last)) != nil
    else { return nil }
    return ".export \(last) \(first) \(rest.dropLast(last.count))".trimmed
  }

  private static func value(of option: String, _ rest: inout Substring) throws -> String {
    guard let value = word(&rest) else { throw ShellError("\(option) takes a value") }
    return value
  }

  /// Takes a word from the front; quotes, single or double, hold it together.
  private static func word(_ rest: inout Substring) -> String? {
    guard let first = rest.first else { return nil }
    var word: Substring
    if first == "'" || first == "\"" {
      rest = rest.dropFirst()
      word = rest.prefix { $0 != first }
      rest = rest.dropFirst(word.count + 1)
    } else {
      word = rest.prefix { $0 != " " && $0 != "\t" }
      rest = rest.dropFirst(word.count)
    }
    rest = rest.drop { $0 == " " || $0 == "\t" }
    return String(word)
  }
}

/// What follows `.dump`.
struct DumpWords: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: ".dump")

  @Argument var tables: [String] = []
  @OptionGroup var dialect: DumpDialectOptions
}

extension Shell {
  fileprivate func export(_ arguments: ExportArguments) throws {
    if let order = arguments.order { throw ShellError("the file comes first: \(order)") }
    var parser = SQLParser(arguments.query)
    guard let statement = try parser.next(), try parser.next() == nil else {
      throw ShellError(".export takes one query")
    }
    switch statement.statement {
    case .select, .values: break
    default: throw ShellError(".export takes a query, which changes nothing")
    }
    let format = arguments.format ?? Export.format(of: arguments.file)
    if arguments.file == "-" {
      let style = ResultStyle(
        format: format ?? settings.style.format, header: arguments.header, null: arguments.null)
      let sink = ResultSink(results, style)
      defer { sink.end() }
      try database.session.execute(statement.statement, into: sink)
      return
    }
    guard let format else {
      throw ShellError(
        "the ending of \(arguments.file) does not say what to write; --as does: \(ResultFormat.names)")
    }
    let style = ResultStyle(format: format, header: arguments.header, null: arguments.null)
    let count = try Export(file: arguments.file, style: style).run(statement.statement, in: database.session)
    messages.line("\(Figures.grouped(count)) \(count == 1 ? "row" : "rows") in \(arguments.file)")
  }

  fileprivate func dump(_ arguments: DotArguments) throws {
    switch ArgumentReading.parse(DumpWords.self, arguments.words) {
    case .failure: throw ShellError(".dump takes tables, --sqlite and --no-comments")
    case .success(let words):
      let dump = Dump(
        dialect: words.dialect.dialect, tables: words.tables.isEmpty ? nil : words.tables)
      try database.session.look { scope throws(UpkeepError) in
        try dump.write(scope, to: results) { messages.notice($0) }
      }
    }
  }
}
