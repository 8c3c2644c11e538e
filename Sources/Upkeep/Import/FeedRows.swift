/// The rows of one file of a feed, one after the other: what its text is and how its values go to columns is known here.
protocol FeedRows: AnyObject {
  /// The line of names, as it stands at the head of a file of rejects; nil where records name their values.
  var header: [UInt8]? { get }
  /// The line on which the current record begins, from 1.
  var line: Int { get }
  /// By which errors name the record: its line, or its number where several may stand on one.
  var number: Int { get }
  /// How many bytes of the source lie before the next record.
  var bytesRead: Int { get }
  /// The current record as it was; valid until `next()`.
  var record: UnsafeRawBufferPointer { get }

  /// Goes to the next record, or returns false at the end.
  func next() throws(UpkeepError) -> Bool

  /// Whether an encoder takes the record as text, without values being made of it.
  func isTaken(by encoder: RowEncoder) -> Bool

  /// Puts the record's values where they go; columns that it does not give are nil.
  func read(into row: inout [Value?]) -> FeedRecordState
}

/// Whether a record can be taken.
enum FeedRecordState {
  case good
  /// Some of its values cannot; the others are in the row.
  case flawed(UpkeepError)
  /// Nothing of it can be read.
  case unreadable(UpkeepError)
}

extension UpkeepError {
  /// A column of a feed without a name, as a comma at the end of each line makes one.
  ///
  /// - Parameter number: which it is, from 1, where they have an order.
  static func namelessFeedColumn(_ number: Int?) -> UpkeepError {
    let column = number.map { "column \($0) of the feed" } ?? "a column of the feed"
    var error = UpkeepError(
      .unknownColumn, "\(column) has no name; --map =COLUMN gives it one, and --map = passes it over")
    error.name = ""
    return error
  }

  /// A column of a feed that the table does not have.
  static func unknownFeedColumn(_ name: String, _ schema: TableSchema, _ hint: String = "") -> UpkeepError {
    let suggestion = Names.suggestion(for: name, among: schema.columns.map(\.name))
    var error = UpkeepError(
      .unknownColumn, "the feed's column \(name) is not in table \(schema.name)\(suggestion)\(hint)")
    error.table = schema.name
    error.name = name
    return error
  }

  static func doubledFeedColumn(_ column: ColumnSchema) -> UpkeepError {
    var error = UpkeepError(.badInput, "two fields of the feed are \(column.table).\(column.name)")
    error.table = column.table
    error.column = column.name
    return error
  }
}
