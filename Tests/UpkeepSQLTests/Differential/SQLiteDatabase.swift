import CSQLite

/// What a statement gave: its rows, or that it failed.
struct Outcome: Equatable {
  /// Values with their types; sorted by whoever compares, where the order is free.
  var rows: [[String]] = []
  var changes = 0
  var error: String?

  var failed: Bool { error != nil }
}

/// SQLite in memory, for comparison.
final class SQLiteDatabase {
  private var handle: OpaquePointer?

  init() { sqlite3_open(":memory:", &handle) }

  deinit { sqlite3_close_v2(handle) }

  func run(_ sql: String) -> Outcome {
    var outcome = Outcome()
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
      outcome.error = message
      return outcome
    }
    defer { sqlite3_finalize(statement) }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        outcome.rows.append((0..<sqlite3_column_count(statement)).map { value(statement, $0) })
      case SQLITE_DONE:
        if sqlite3_stmt_readonly(statement) == 0 { outcome.changes = Int(sqlite3_changes(handle)) }
        return outcome
      default:
        outcome.rows = []
        outcome.error = message
        return outcome
      }
    }
  }

  private var message: String { sqlite3_errmsg(handle).map { String(cString: $0) } ?? "?" }

  private func value(_ statement: OpaquePointer?, _ column: Int32) -> String {
    switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: "\(sqlite3_column_int64(statement, column))"
    case SQLITE_FLOAT: "\(sqlite3_column_double(statement, column))r"
    case SQLITE_TEXT: "'" + (sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "")
    case SQLITE_BLOB: "blob"
    default: "NULL"
    }
  }
}
