/// Rows that are text go into a sweep from where they lie, on this thread or on another one.
extension UpsertBatch {
  /// What may take the next row, which is text, without its being made values; then `addTaken` must follow. Nil where no
  /// row can: what may be the only one cannot.
  @inline(__always)
  var textEncoder: RowEncoder? { savepoint != nil && isOpen ? encoder?.rows : nil }

  /// Gives the statement the row that `textEncoder` has just taken.
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

  // MARK: Filled by another thread

  /// What encodes rows on another thread while this one applies those before; nil where that cannot be, as conditions
  /// and expressions see rows on one thread only.
  func makeEncoder() -> SweepEncoder? {
    guard let encoder, savepoint != nil, isOpen, !encoder.needsValues else { return nil }
    return SweepEncoder(schema)
  }

  /// Another buffer of the kind that rows wait in.
  func makeSweep() -> SweepBuffer {
    SweepBuffer(
      indexCount: schema.indexes.count, byteCount: claims.transaction.batchByteCount, share: sweepShare)
  }

  /// Goes on with a buffer that another thread has filled: `sweep` as it was when it was lent, or one that was empty,
  /// with rows added for input rows that follow on one another. A full one is applied, and is empty then.
  ///
  /// - Parameter numbers: the numbers of the rows added.
  func take(_ filled: SweepBuffer, _ numbers: RowNumbers) throws(UpkeepError) {
    sweep = filled
    kinds.append(.rejected, count: numbers.count)
    self.numbers.append(numbers)
    try whole { () throws(UpkeepError) in try sweepIfFull() }
  }
}
