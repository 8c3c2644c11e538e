import Upkeep

/// Reads the queries of views, which the catalog keeps as SQL.
struct SQLViewReader: ViewReading {
  func query(_ text: String) throws(UpkeepError) -> Query {
    var parser = SQLParser(text)
    switch try parser.next()?.statement {
    case .select(let query)?: return query
    case .values(let rows)?: return Query(.values(rows))
    default: throw UpkeepError(.corrupt, "the text of a view is no query: \(text)")
    }
  }

  func text(_ query: Query) -> String { SQLPrinter.query(query) }

  func naming(_ name: String, at places: Set<Int>, in text: String) -> String {
    let source = SourceText(Array(text.utf8))
    var lexer = Lexer(source)
    var result: [UInt8] = []
    var copied = 0
    for place in places.sorted() where place >= copied {
      lexer.offset = place
      guard let token = try? lexer.next() else { continue }
      result += source.bytes[copied..<place]
      result += SQLPrinter.name(name).utf8
      copied = token.end
    }
    result += source.bytes[copied...]
    return String(decoding: result, as: UTF8.self)
  }
}

extension Session {
  /// A session whose statements read views, whoever gives them to it.
  static func readingViews(of store: Store) -> Session {
    let session = Session(store)
    session.viewReader = SQLViewReader()
    return session
  }
}
