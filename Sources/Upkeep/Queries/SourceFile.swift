/// A file that a statement names as the source of its rows.
package protocol SourceFile: AnyObject {
  /// The columns that its records name: each has the type of the table's column of its name, or the narrowest type that
  /// holds all its values.
  ///
  /// - Parameter name: of the rows, in messages.
  func columns(besides table: TableSchema, called name: String) throws(UpkeepError) -> TableSchema

  /// Calls `body` with each record: its number, its values in the order of the columns of a schema, and why it cannot be
  /// taken. Of such a record the values are those that could be read, or nil if nothing could.
  func forEach(
    _ schema: TableSchema, _ body: (Int, [Value?]?, UpkeepError?) throws(UpkeepError) -> Void
  ) throws(UpkeepError)

  /// A record by its number, as messages have it: `feed.csv, line 3`.
  func place(of number: Int) -> String
}

extension UpkeepError {
  /// The error of a record, with its place in front.
  func saying(recordOf file: any SourceFile) -> UpkeepError {
    guard let rowNumber, self.file == nil else { return self }
    var error = self
    error.message = "\(file.place(of: rowNumber)): \(message)"
    return error
  }
}
