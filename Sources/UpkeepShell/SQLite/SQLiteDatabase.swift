import Upkeep

/// A SQLite file, open for reading, in one state from the first query to the last.
final class SQLiteDatabase {
  private enum Code {
    static let row: Int32 = 100
    static let done: Int32 = 101
    static let openReadOnly: Int32 = 1
  }

  private let library: SQLiteLibrary
  private let path: String
  private var handle: SQLiteLibrary.Database?

  init(_ path: String) throws {
    library = try SQLiteLibrary()
    self.path = path
    // SQLite would make a missing file an empty database only for writing; its own message does not name the file.
    _ = try FileSource(path)
    guard library.open(path, &handle, Code.openReadOnly, nil) == 0 else { throw failure() }
    _ = library.busyTimeout(handle, 5000)
    try query("BEGIN") { _ in }
    try query("SELECT count(*) FROM sqlite_master") { _ in }
  }

  deinit { _ = library.close(handle) }

  private func failure() -> UpkeepError {
    let message = library.errorMessage(handle).map { String(cString: $0) } ?? "unknown error"
    return UpkeepError(.badInput, "cannot read \(path): \(message)")
  }

  /// A name in SQLite's quotes.
  static func quoted(_ name: String) -> String { "\"\(name.doubling("\""))\"" }

  /// Runs a query and gives each row to `body`.
  func query(_ sql: String, _ body: (Row) throws -> Void) throws {
    var statement: SQLiteLibrary.Statement?
    guard library.prepare(handle, sql, -1, &statement, nil) == 0 else { throw failure() }
    defer { _ = library.finalize(statement) }
    let row = Row(library: library, statement: statement)
    while true {
      switch library.step(statement) {
      case Code.row: try body(row)
      case Code.done: return
      default: throw failure()
      }
    }
  }

  /// The collation of a column, as `BINARY`.
  func collation(of column: String, in table: String) -> String? {
    var name: SQLiteLibrary.Text?
    guard library.columnMetadata(handle, "main", table, column, nil, &name, nil, nil, nil) == 0 else {
      return nil
    }
    return name.map { String(cString: $0) }
  }

  /// The row that a query stands on.
  struct Row {
    fileprivate let library: SQLiteLibrary
    fileprivate let statement: SQLiteLibrary.Statement?

    var count: Int { Int(library.columnCount(statement)) }

    /// A value as it is; text that is not UTF-8 as the blob of its bytes.
    func value(_ column: Int) -> Value {
      let place = Int32(column)
      switch library.columnType(statement, place) {
      case 1: return .integer(library.columnInteger(statement, place))
      case 2: return .real(library.columnReal(statement, place))
      case 3:
        guard let text = library.columnText(statement, place) else { return .text("") }
        let bytes = UnsafeBufferPointer(start: text, count: Int(library.columnByteCount(statement, place)))
        guard let string = String(validating: bytes, as: UTF8.self) else { return .blob(Array(bytes)) }
        return .text(string)
      case 4:
        let blob = library.columnBlob(statement, place)
        return .blob(
          Array(UnsafeRawBufferPointer(start: blob, count: Int(library.columnByteCount(statement, place)))))
      default: return .null
      }
    }

    func text(_ column: Int) -> String? {
      if case .text(let text) = value(column) { text } else { nil }
    }

    func integer(_ column: Int) -> Int {
      if case .integer(let integer) = value(column) { Int(clamping: integer) } else { 0 }
    }
  }
}
