/// Which field of a feed's lines goes to which column of a table, from its first line.
struct FeedHeader {
  /// Columns of a reject file that say why a line is in it; passed over when it is loaded again.
  static let rejectColumns = ["_line", "_reason", "_index", "_existing"]

  /// The column of each field; nil for one that is passed over.
  let ordinals: [Int?]
  /// The columns that the feed gives.
  let given: Set<Int>

  var fieldCount: Int { ordinals.count }

  init(_ reader: CSVReader, _ schema: TableSchema, _ options: FeedOptions) throws(UpkeepError) {
    if let problem = reader.problem { throw problem }
    var ordinals: [Int?] = []
    var given = Set<Int>()
    for field in 0..<reader.fieldCount {
      var name = String(decoding: reader.bytes(field), as: UTF8.self)
      if !reader.wasQuoted(field) { name = Self.trimmed(name) }
      guard let ordinal = try Self.ordinal(of: name, schema, options) else {
        ordinals.append(nil)
        continue
      }
      guard given.insert(ordinal).inserted else {
        throw .badLine(reader.line, "two fields are for column \(schema.columns[ordinal].name)")
      }
      ordinals.append(ordinal)
    }
    self.ordinals = ordinals
    self.given = given
  }

  private static func ordinal(
    of name: String, _ schema: TableSchema, _ options: FeedOptions
  ) throws(UpkeepError) -> Int? {
    let wanted = options.columnNames[Names.folded(name)] ?? name
    if let column = schema.columns.first(where: { Names.equal($0.name, wanted) }) { return column.ordinal }
    if rejectColumns.contains(name) { return nil }
    let suggestion = Names.suggestion(for: wanted, among: schema.columns.map(\.name))
    var error = UpkeepError(
      .unknownColumn,
      "the feed's column \(wanted) is not in table \(schema.name)\(suggestion); the first line must name columns"
    )
    error.table = schema.name
    error.name = wanted
    throw error
  }

  private static func trimmed(_ name: String) -> String {
    var rest = Substring(name)
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }
}
