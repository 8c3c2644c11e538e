/// Rows that are text go into a sweep from where they lie.
extension UpsertBatch {
  /// Whether the next row, which is text, can go in without being made values; then `addTaken` must follow. What may be
  /// the only row cannot.
  @inline(__always)
  func takes(_ row: some RowText) -> Bool {
    guard let encoder, savepoint != nil, isOpen else { return false }
    return encoder.take(row)
  }

  /// Gives the statement the row that it has just taken as text.
  ///
  /// - Parameter values: the same row, should it have to go the general way.
  func addTaken(number: Int, _ values: () -> [Value?]) throws(UpkeepError) {
    let index = begin(number)
    try whole { () throws(UpkeepError) in
      if let encoder, try addToSweep(encoder, index) {
        try sweepIfFull()
      } else {
        try takeGenerally(values(), index)
      }
    }
  }
}
