import UpkeepTestSupport

@testable import Upkeep

/// Keeps the rows of a result.
final class CollectedRows: RowSink {
  var columns: [String] = []
  var rows: [[Value]] = []

  func begin(columns: [String]) { self.columns = columns }
  func row(_ values: [Value]) { rows.append(values) }
}

extension Session {
  /// The rows of a query.
  func rows(_ query: Query) throws(UpkeepError) -> [[Value]] {
    let sink = CollectedRows()
    try execute(.select(query), into: sink)
    return sink.rows
  }

  /// The lines of EXPLAIN.
  func plan(_ query: Query) throws(UpkeepError) -> [String] { try plan(.select(query)) }

  func plan(_ statement: Statement) throws(UpkeepError) -> [String] {
    let sink = CollectedRows()
    try execute(.explain(.statement(statement)), into: sink)
    return sink.rows.compactMap { if case .text(let line) = $0[0] { line } else { nil } }
  }

  /// Puts rows into a table.
  func insert(_ table: String, _ rows: [[Value]]) throws(UpkeepError) {
    try execute(.upsert(UpsertStatement(into: table, source: .values(rows.map { $0.map { .literal($0) } }))))
  }
}

/// Short ways to write expressions in tests.
func col(_ name: String) -> Expression { .column(ColumnReference(name)) }
func lit(_ value: Value) -> Expression { .literal(value) }
func shown(_ expression: Expression, _ name: String = "x") -> ResultColumn {
  .expression(expression, name: name)
}

let allColumns: [ResultColumn] = [.all(of: nil)]

extension Expression {
  static func compare(_ name: String, _ operation: BinaryOperator, _ value: Value) -> Expression {
    .binary(operation, col(name), lit(value))
  }

  static func both(_ a: Expression, _ b: Expression) -> Expression { .binary(.and, a, b) }
}
