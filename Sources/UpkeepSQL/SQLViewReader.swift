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
}

extension Session {
  /// A session whose statements read views, whoever gives them to it.
  static func readingViews(of store: Store) -> Session {
    let session = Session(store)
    session.viewReader = SQLViewReader()
    return session
  }
}
