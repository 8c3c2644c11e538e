/// Who looks on while a statement, a check or a backup runs: the button that stops it, and what is told how far it is.
package final class StatementWatch {
  /// How much is done, and of how much, where that is known.
  package struct Progress: Equatable {
    package enum Unit: String { case rows, pages }

    package var done: Int
    package var total: Int?
    package var unit: Unit
  }

  package let cancellation: Cancellation
  /// Called now and then by the thread that works.
  package var progress: ((Progress) -> Void)?

  package init(_ cancellation: Cancellation = Cancellation()) { self.cancellation = cancellation }

  /// To be called for each row, or some of them: throws now and then if somebody pressed, and tells how far it is.
  @inline(__always)
  package func note(_ rows: Int, of total: @autoclosure () -> Int? = nil) throws(UpkeepError) {
    if rows & 1023 == 0 { try look(rows, total()) }
  }

  @inline(never)
  private func look(_ rows: Int, _ total: Int?) throws(UpkeepError) {
    progress?(Progress(done: rows, total: total, unit: .rows))
    try cancellation.check()
  }
}
