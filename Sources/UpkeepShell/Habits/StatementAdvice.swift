import Upkeep
import UpkeepSQL

/// What to do instead, for errors that come of what people type who know another shell.
enum StatementAdvice {
  /// The error, with advice behind it where there is some.
  ///
  /// - Parameter commands: the names of dot commands.
  static func advised(
    _ error: UpkeepError, in statement: StatementSplitter.Piece, commands: [String]
  ) -> UpkeepError {
    guard error.code == .syntax || error.code == .unsupported,
      let advice = misplacedCommand(error, statement, commands) ?? ofWords(error, statement)
    else { return error }
    var advised = error
    // What a statement that is not there could be said to be, the shell knows better than the language.
    let fact = error.code == .unsupported ? error.message.split(separator: ";").first.map(String.init) : nil
    advised.message = "\(fact ?? error.message); \(advice)"
    return advised
  }

  /// A dot command that became part of a statement.
  private static func misplacedCommand(
    _ error: UpkeepError, _ statement: StatementSplitter.Piece, _ commands: [String]
  ) -> String? {
    guard let line = error.sourceLine, let column = error.textColumn,
      line.prefix(column - 1).allSatisfy(\.isWhitespace)
    else { return nil }
    let word = line.dropFirst(column - 1).prefix { !$0.isWhitespace && $0 != ";" }
    guard commands.contains(String(word)) else { return nil }
    let isAlone = error.line == statement.line && column == 1
    return isAlone ? "\(word) must be alone on its line" : "the statement before \(word) has no ; at its end"
  }

  private static func ofWords(_ error: UpkeepError, _ statement: StatementSplitter.Piece) -> String? {
    let words = SQLWords(String(decoding: statement.utf8.prefix(80), as: UTF8.self)).words
    guard let first = words.first.map({ Names.folded($0) }) else { return nil }
    let second = words.dropFirst().first.map { Names.folded($0) } ?? ""
    switch first {
    case "show":
      return second == "tables"
        ? ".tables lists the tables" : ".tables, .indexes and .schema show what there is"
    case "describe", "desc": return ".schema TABLE shows a table, PRAGMA table_info(TABLE) its columns"
    case "use", "connect": return ".open FILE opens another database"
    case "exit", "quit", "bye": return ".quit leaves"
    case "help": return ".help lists the commands"
    case "source": return ".read FILE runs a script"
    case "load": return ".import FILE TABLE takes files in"
    case "copy": return ".import FILE TABLE takes files in, and .export FILE TABLE writes them"
    case "attach", "detach": return "one database is open at a time; .open FILE opens another"
    case "analyze": return "none is needed: plans count in the trees themselves"
    case "reindex": return "none is needed: indexes are always whole, and .check proves it"
    case "vacuum": return second == "into" ? ".backup FILE writes a compact copy" : ".compact does it at once"
    case "select" where second == "top": return "LIMIT 10 behind the statement gives ten rows"
    default: return nil
    }
  }
}
