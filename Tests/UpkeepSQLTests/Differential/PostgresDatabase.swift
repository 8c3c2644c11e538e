import Foundation

/// The few functions of libpq that a comparison needs, loaded at run time, so that nothing is linked that may be absent.
private struct Libpq: @unchecked Sendable {
  typealias Handle = UnsafeMutableRawPointer

  let connect: @convention(c) (UnsafePointer<CChar>) -> Handle?
  let status: @convention(c) (Handle?) -> Int32
  let finish: @convention(c) (Handle?) -> Void
  let errorMessage: @convention(c) (Handle?) -> UnsafePointer<CChar>?
  let execute: @convention(c) (Handle?, UnsafePointer<CChar>) -> Handle?
  let resultStatus: @convention(c) (Handle?) -> Int32
  let resultField: @convention(c) (Handle?, Int32) -> UnsafePointer<CChar>?
  let rowCount: @convention(c) (Handle?) -> Int32
  let columnCount: @convention(c) (Handle?) -> Int32
  let columnType: @convention(c) (Handle?, Int32) -> UInt32
  let value: @convention(c) (Handle?, Int32, Int32) -> UnsafePointer<CChar>?
  let isNull: @convention(c) (Handle?, Int32, Int32) -> Int32
  let changedCount: @convention(c) (Handle?) -> UnsafePointer<CChar>?
  let clear: @convention(c) (Handle?) -> Void

  static let loaded = Libpq()

  private init?() {
    guard let library = dlopen("libpq.so.5", RTLD_NOW) ?? dlopen("libpq.5.dylib", RTLD_NOW) else {
      return nil
    }
    func find<F>(_ name: String, as type: F.Type) -> F? {
      dlsym(library, name).map { unsafeBitCast($0, to: type) }
    }
    guard let connect = find("PQconnectdb", as: type(of: connect)),
      let status = find("PQstatus", as: type(of: status)),
      let finish = find("PQfinish", as: type(of: finish)),
      let errorMessage = find("PQerrorMessage", as: type(of: errorMessage)),
      let execute = find("PQexec", as: type(of: execute)),
      let resultStatus = find("PQresultStatus", as: type(of: resultStatus)),
      let resultField = find("PQresultErrorField", as: type(of: resultField)),
      let rowCount = find("PQntuples", as: type(of: rowCount)),
      let columnCount = find("PQnfields", as: type(of: columnCount)),
      let columnType = find("PQftype", as: type(of: columnType)),
      let value = find("PQgetvalue", as: type(of: value)),
      let isNull = find("PQgetisnull", as: type(of: isNull)),
      let changedCount = find("PQcmdTuples", as: type(of: changedCount)),
      let clear = find("PQclear", as: type(of: clear))
    else { return nil }
    self.connect = connect
    self.status = status
    self.finish = finish
    self.errorMessage = errorMessage
    self.execute = execute
    self.resultStatus = resultStatus
    self.resultField = resultField
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.columnType = columnType
    self.value = value
    self.isNull = isNull
    self.changedCount = changedCount
    self.clear = clear
  }
}

/// A connection to the PostgreSQL that `.ci/postgres` started.
final class PostgresDatabase {
  /// The folder of its socket; nil where there is none.
  static var socketFolder: String? { ProcessInfo.processInfo.environment["UPKEEP_POSTGRES"] }

  struct Unreachable: Error { let message: String }

  private let libpq: Libpq
  private let connection: UnsafeMutableRawPointer?

  init(_ folder: String) throws {
    guard let libpq = Libpq.loaded else { throw Unreachable(message: "libpq is not there") }
    self.libpq = libpq
    connection = libpq.connect("host=\(folder) user=upkeep dbname=postgres client_encoding=UTF8")
    guard libpq.status(connection) == 0 else {
      throw Unreachable(message: text(libpq.errorMessage(connection)))
    }
    _ = run("SET client_min_messages = error")
  }

  deinit { libpq.finish(connection) }

  /// Runs a statement.
  ///
  /// - Returns: what it gave, and the code of its error in the words of the standard (SQLSTATE).
  func run(_ sql: String) -> (outcome: Outcome, code: String?) {
    let result = libpq.execute(connection, sql)
    defer { libpq.clear(result) }
    var outcome = Outcome()
    switch libpq.resultStatus(result) {
    case 1: outcome.changes = Int(text(libpq.changedCount(result))) ?? 0
    case 2:
      outcome.changes = Int(text(libpq.changedCount(result))) ?? 0
      let columns = libpq.columnCount(result)
      for row in 0..<libpq.rowCount(result) {
        outcome.rows.append((0..<columns).map { value(result, row, $0) })
      }
    default:
      outcome.error = text(libpq.errorMessage(connection))
      return (outcome, text(libpq.resultField(result, Int32(UInt8(ascii: "C")))))
    }
    return (outcome, nil)
  }

  private func value(_ result: UnsafeMutableRawPointer?, _ row: Int32, _ column: Int32) -> String {
    if libpq.isNull(result, row, column) != 0 { return "NULL" }
    let text = text(libpq.value(result, row, column))
    return switch libpq.columnType(result, column) {
    case 20, 21, 23: text
    case 701: Double(text).map { "\($0)r" } ?? text
    default: "'" + text
    }
  }

  private func text(_ start: UnsafePointer<CChar>?) -> String { start.map { String(cString: $0) } ?? "" }
}
