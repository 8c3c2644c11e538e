/// Hands rows to a sink, and tells its errors in the library's words.
struct RowDelivery {
  private let sink: (any RowSink)?

  init(_ sink: (any RowSink)?) { self.sink = sink }

  func begin(_ columns: [String]) throws(UpkeepError) {
    guard let sink else { return }
    do { try sink.begin(columns: columns) } catch { throw Self.wrapped(error) }
  }

  func row(_ values: [Value]) throws(UpkeepError) {
    guard let sink else { return }
    do { try sink.row(values) } catch { throw Self.wrapped(error) }
  }

  /// A whole result.
  func deliver(_ columns: [String], _ rows: [[Value]]) throws(UpkeepError) {
    try begin(columns)
    for values in rows { try row(values) }
  }

  /// The rows that a statement returned.
  func deliver(_ columns: [String], _ rows: RowSpool<Value>?) throws(UpkeepError) {
    try begin(columns)
    try rows?.forEach { values throws(UpkeepError) in try row(values) }
  }

  private static func wrapped(_ error: any Error) -> UpkeepError {
    if let error = error as? UpkeepError { return error }
    var wrapped = UpkeepError(.sinkFailed, "the receiver of the result's rows failed: \(error)")
    wrapped.cause = error
    return wrapped
  }
}

extension UpkeepError {
  /// Whether it is the data of a row that is wrong, and not the statement or the store.
  var isOfRow: Bool {
    [
      .uniqueViolation, .notNullViolation, .checkViolation, .ambiguous, .typeMismatch, .tooLong, .overflow,
      .changedTwice, .refused,
    ].contains(code)
  }
}
