/// A file's bytes, and what its text is.
package struct OpenFile {
  package var bytes: any ByteSource
  package var format: FeedFormat

  package init(_ bytes: any ByteSource, _ format: FeedFormat) {
    self.bytes = bytes
    self.format = format
  }
}

/// A file of a feed as the source of a statement's rows.
final class FeedFile: SourceFile {
  private let path: String
  /// The columns, once they were looked for: that takes reading the file once more.
  private var found: TableSchema?
  private let open: (String) throws(UpkeepError) -> OpenFile

  /// - Parameter open: opens a file, from its start.
  init(_ path: String, _ open: @escaping (String) throws(UpkeepError) -> OpenFile) {
    self.path = path
    self.open = open
  }

  func columns(besides table: TableSchema, called name: String) throws(UpkeepError) -> TableSchema {
    if let found { return found }
    let file = try open(path)
    let inference = TypeInference(options(file))
    try inference.take(FeedSource(file.bytes, name: path))
    var definition = try inference.definition(key: [])
    definition.name = name
    for place in definition.columns.indices {
      guard let ordinal = table.ordinal(of: definition.columns[place].name), ordinal < table.columns.count
      else { continue }
      definition.columns[place].type = table.columns[ordinal].type
      definition.columns[place].collation = table.columns[ordinal].collation
    }
    let schema = try TableSchema(definition, id: 0, tree: table.tree, indexes: { _ in [] })
    found = schema
    return schema
  }

  func forEach(
    _ schema: TableSchema, _ body: (Int, [Value?]?, UpkeepError?) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let file = try open(path)
    var row = [Value?](repeating: nil, count: schema.columns.count)
    let rows = try reading { () throws(UpkeepError) in
      try FeedImport.rows(FeedSource(file.bytes, name: path), schema, options(file))
    }
    while try reading({ () throws(UpkeepError) in try rows.next() }) {
      switch rows.read(into: &row) {
      case .good: try body(rows.number, row, nil)
      case .flawed(let problem): try body(rows.number, row, problem)
      case .unreadable(let problem): try body(rows.number, nil, problem)
      }
    }
  }

  func place(of number: Int) -> String { "\(path), \(word) \(number)" }

  private var word = "line"

  private func options(_ file: OpenFile) -> FeedOptions {
    var options = FeedOptions(into: "")
    options.format = file.format
    if file.format == .json { word = "record" }
    return options
  }

  /// Runs what reads the file; its errors have the line at which they end the reading.
  private func reading<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    do throws(UpkeepError) { return try body() } catch {
      var placed = error
      placed.file = path
      if let line = error.rowNumber { placed.message = "\(path), line \(line): \(error.message)" }
      throw placed
    }
  }
}
