import Upkeep
import UpkeepSQL

/// Rows as texts that tell their values' types.
private final class TypedRows: RowSink {
  var rows: [[String]] = []

  func begin(columns: [String]) {}

  func row(_ values: [Value]) {
    rows.append(
      values.map { value in
        switch value {
        case .null: "NULL"
        case .integer(let integer): "\(integer)"
        case .real(let real): "\(real)r"
        // JSON is a text in SQLite.
        case .text(let text), .json(let text): "'" + text
        case .blob: "blob"
        default: "\(value)"
        }
      })
  }
}

extension Session {
  /// Runs a statement and keeps what it gave, as the peers' results are kept.
  func outcome(of sql: String) -> Outcome {
    let sink = TypedRows()
    var outcome = Outcome()
    do throws(UpkeepError) {
      outcome.changes = try execute(sql: sql, into: sink).last?.changes ?? 0
      outcome.rows = sink.rows
    } catch {
      outcome.error = error.message
    }
    return outcome
  }
}
