import Upkeep
import UpkeepSQL

/// The tables that a statement makes for itself, with their columns as far as its text says them: those of WITH, and
/// queries in parentheses with a name behind them. The text may be unfinished anywhere.
struct DerivedTables {
  private(set) var tables: [Completer.Table] = []
  private let known: [Completer.Table]
  private let words: [String]
  private let depth: Int

  /// - Parameters:
  ///   - words: of the statement.
  ///   - known: the tables that are there, for what `*` stands for.
  init(_ words: [String], known: [Completer.Table], depth: Int = 0) {
    self.words = words
    self.known = known
    self.depth = depth
    guard depth < 8 else { return }
    for place in words.indices where words[place] == "(" && beginsQuery(place + 1) { take(place) }
  }

  /// Takes the query whose parenthesis stands there, if it has a name.
  private mutating func take(_ open: Int) {
    let close = closing(open)
    guard let (name, columns) = nameBefore(open) ?? nameBehind(close) else { return }
    // One that reads itself is known to itself by its own first query.
    let inside = Array(words[(open + 1)..<close])
    let found = columns ?? self.columns(of: inside)
    tables.append(Completer.Table(name: name, columns: found, indexes: []))
  }

  private func beginsQuery(_ place: Int) -> Bool {
    guard place < words.count else { return false }
    return ["select", "values", "with"].contains(Names.folded(words[place]))
  }

  /// Where the parenthesis that opens there is closed; the end, if it is not.
  private func closing(_ open: Int) -> Int {
    var depth = 0
    for place in open..<words.count {
      if words[place] == "(" { depth += 1 }
      if words[place] == ")" { depth -= 1 }
      if depth == 0 { return place }
    }
    return words.count
  }

  /// `name [(columns)] AS [[NOT] MATERIALIZED]` before the parenthesis.
  private func nameBefore(_ open: Int) -> (String, [String]?)? {
    var place = open - 1
    for word in ["materialized", "not"] where place >= 0 && Names.equal(words[place], word) { place -= 1 }
    guard place >= 1, Names.equal(words[place], "as") else { return nil }
    place -= 1
    guard words[place] == ")" else {
      return Self.isName(words[place]) ? (words[place], nil) : nil
    }
    guard let start = words[..<place].lastIndex(of: "("), start >= 1, Self.isName(words[start - 1]) else {
      return nil
    }
    return (words[start - 1], words[(start + 1)..<place].filter(Self.isName))
  }

  /// `[AS] name [(columns)]` behind it.
  private func nameBehind(_ close: Int) -> (String, [String]?)? {
    var place = close + 1
    if place < words.count, Names.equal(words[place], "as") { place += 1 }
    guard place < words.count, Self.isName(words[place]) else { return nil }
    let name = words[place]
    guard place + 1 < words.count, words[place + 1] == "(" else { return (name, nil) }
    return (name, words[(place + 2)..<max(place + 2, closing(place + 1))].filter(Self.isName))
  }

  private static func isName(_ word: String) -> Bool {
    word.first.map { SQLWords.continuesWord($0) && !$0.isNumber } == true
      && Keyword.find(Array(word.utf8)[...])?.isReserved != true
  }

  // MARK: - What a query shows

  /// The names of a query's columns, as far as it says them.
  private func columns(of query: [String]) -> [String] {
    var depth = 0
    var item: [String] = []
    var items: [[String]] = []
    var hasBegun = false
    var rest: [String] = []
    for (place, word) in query.enumerated() {
      if word == "(" { depth += 1 }
      if word == ")" { depth -= 1 }
      let folded = Names.folded(word)
      if !hasBegun {
        hasBegun = depth == 0 && folded == "select"
      } else if depth == 0,
        ["from", "union", "except", "intersect", "where", "order", "limit"].contains(folded)
      {
        rest = Array(query[place...])
        break
      } else if depth == 0, word == "," {
        items.append(item)
        item = []
      } else if !(item.isEmpty && ["distinct", "all"].contains(folded)) {
        item.append(word)
      }
    }
    items.append(item)
    var sources: [Completer.Scoped]?
    func scope() -> [Completer.Scoped] {
      let found = sources ?? Completer(tables: known + tables, depth: self.depth + 1).scope(rest)
      sources = found
      return found
    }
    return items.flatMap { item -> [String] in
      guard let last = item.last else { return [] }
      if item == ["*"] { return scope().flatMap(\.bareColumns) }
      if item.count == 3, item[1] == ".", last == "*" {
        return scope().first { $0.isCalled(item[0]) }?.bareColumns ?? []
      }
      guard Self.isName(last) else { return [] }
      let before = item.dropLast().last
      let isNamed = before.map { $0 == "." || $0 == ")" || $0 == "''" || Self.endsOperand($0) } ?? true
      return isNamed ? [last] : []
    }
  }

  /// Whether a name behind that word is a column's other name.
  private static func endsOperand(_ word: String) -> Bool {
    Names.equal(word, "as") || Names.equal(word, "end")
      || word.first.map(SQLWords.continuesWord) == true && Keyword.find(Array(word.utf8)[...]) == nil
  }
}
