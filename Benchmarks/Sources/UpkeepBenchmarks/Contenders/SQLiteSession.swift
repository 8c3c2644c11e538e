import CSQLite

/// A connection and its prepared statements.
final class SQLiteSession: Session {
  private var database: OpaquePointer?
  private var statements: [String: OpaquePointer] = [:]

  init(_ path: String) throws {
    try check(sqlite3_open(path, &database))
    sqlite3_busy_timeout(database, 60_000)
  }

  deinit { try? close() }

  func close() throws {
    for statement in statements.values { sqlite3_finalize(statement) }
    statements.removeAll()
    let old = database
    database = nil
    guard sqlite3_close(old) == SQLITE_OK else { throw PeerFailure("SQLite does not close") }
  }

  func check(_ code: Int32) throws {
    guard code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW else {
      throw PeerFailure(String(cString: sqlite3_errmsg(database)))
    }
  }

  func execute(_ sql: String) throws { try check(sqlite3_exec(database, sql, nil, nil, nil)) }

  func prepared(_ sql: String) throws -> OpaquePointer {
    if let known = statements[sql] { return known }
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    guard let statement else { throw PeerFailure("no statement") }
    statements[sql] = statement
    return statement
  }

  private func run(_ sql: String) throws {
    let statement = try prepared(sql)
    defer { sqlite3_reset(statement) }
    try check(sqlite3_step(statement))
  }

  private func inOne(_ begin: String = "BEGIN", _ body: () throws -> Void) throws {
    try run(begin)
    do { try body() } catch {
      try? execute("ROLLBACK")
      throw error
    }
    try run("COMMIT")
  }

  /// Binds text that stays where it is until the statement has run.
  private func withText(
    _ text: String, _ position: Int32, _ statement: OpaquePointer, _ body: () throws -> Void
  ) throws {
    var text = text
    try text.withUTF8 { bytes in
      try bytes.withMemoryRebound(to: CChar.self) {
        try check(sqlite3_bind_text(statement, position, $0.baseAddress, Int32($0.count), nil))
      }
      try body()
    }
  }

  // MARK: Reads

  @inline(__always)
  private func read(_ statement: OpaquePointer) -> Int {
    let email = UnsafeRawBufferPointer(
      start: sqlite3_column_text(statement, 1), count: Int(sqlite3_column_bytes(statement, 1)))
    let name = UnsafeRawBufferPointer(
      start: sqlite3_column_text(statement, 2), count: Int(sqlite3_column_bytes(statement, 2)))
    return sum(
      id: Int(sqlite3_column_int64(statement, 0)), email: email, name: name,
      score: sqlite3_column_double(statement, 3), updatedAt: Int(sqlite3_column_int64(statement, 4)))
  }

  private func readAll(_ statement: OpaquePointer) throws -> Int {
    var total = 0
    var code = sqlite3_step(statement)
    while code == SQLITE_ROW {
      total &+= read(statement)
      code = sqlite3_step(statement)
    }
    sqlite3_reset(statement)
    try check(code)
    return total
  }

  func keepsSnapshot(reading id: Int, _ body: () throws -> Void) throws -> Bool {
    var isSame = false
    try inOne {
      let first = try read([id], inOne: false)
      try body()
      isSame = try read([id], inOne: false) == first
    }
    return isSame
  }

  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int {
    let statement = try prepared("SELECT * FROM t WHERE id = ?")
    var total = 0
    func all() throws {
      for id in ids {
        sqlite3_bind_int64(statement, 1, Int64(id))
        let code = sqlite3_step(statement)
        if code == SQLITE_ROW { total &+= read(statement) } else { try check(code) }
        sqlite3_reset(statement)
      }
    }
    if inOne { try self.inOne { try all() } } else { try all() }
    return total
  }

  func read(emails: ArraySlice<String>) throws -> Int {
    let statement = try prepared("SELECT * FROM t WHERE email = ?")
    var total = 0
    try inOne {
      for email in emails {
        try withText(email, 1, statement) {
          let code = sqlite3_step(statement)
          if code == SQLITE_ROW { total &+= read(statement) } else { try check(code) }
          sqlite3_reset(statement)
        }
      }
    }
    return total
  }

  func scan() throws -> Int { try readAll(try prepared("SELECT * FROM t")) }

  func ranges(from ids: ArraySlice<Int>) throws -> Int {
    let statement = try prepared("SELECT * FROM t WHERE id >= ? ORDER BY id LIMIT 100")
    var total = 0
    try inOne {
      for id in ids {
        sqlite3_bind_int64(statement, 1, Int64(id))
        total &+= try readAll(statement)
      }
    }
    return total
  }

  private func number(_ statement: OpaquePointer) throws -> Int {
    defer { sqlite3_reset(statement) }
    try check(sqlite3_step(statement))
    return Int(sqlite3_column_int64(statement, 0))
  }

  func count() throws -> Int { try number(try prepared("SELECT count(*) FROM t")) }

  func count(_ ids: Range<Int>) throws -> Int {
    let statement = try prepared("SELECT count(*) FROM t WHERE id >= ? AND id < ?")
    sqlite3_bind_int64(statement, 1, Int64(ids.lowerBound))
    sqlite3_bind_int64(statement, 2, Int64(ids.upperBound))
    return try number(statement)
  }

  func row(at position: Int) throws -> Int {
    let statement = try prepared("SELECT * FROM t ORDER BY id LIMIT 1 OFFSET ?")
    sqlite3_bind_int64(statement, 1, Int64(position))
    return try readAll(statement)
  }

  // MARK: Writes

  private static func sql(_ kind: WriteKind) -> String {
    let values = "INTO t VALUES (?,?,?,?,?)"
    return switch kind {
    case .insert, .append: "INSERT \(values)"
    case .upsert:
      "INSERT \(values) ON CONFLICT(id) DO UPDATE SET email=excluded.email, name=excluded.name, "
        + "score=excluded.score, updated_at=excluded.updated_at"
    case .upsertByEmail:
      "INSERT \(values) ON CONFLICT(email) DO UPDATE SET name=excluded.name, score=excluded.score, "
        + "updated_at=excluded.updated_at"
    case .insertOrIgnore: "INSERT OR IGNORE \(values)"
    case .replace: "INSERT OR REPLACE \(values)"
    }
  }

  private func write(_ person: Person, _ statement: OpaquePointer) throws {
    sqlite3_bind_int64(statement, 1, Int64(person.id))
    sqlite3_bind_double(statement, 4, person.score)
    sqlite3_bind_int64(statement, 5, Int64(person.updatedAt))
    try withText(person.email, 2, statement) {
      try withText(person.name, 3, statement) {
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        try check(code)
      }
    }
  }

  func write(_ people: People, _ kind: WriteKind) throws {
    let statement = try prepared(Self.sql(kind))
    if people.count == 1 {
      for person in people { try write(person, statement) }
    } else {
      try inOne("BEGIN IMMEDIATE") { for person in people { try write(person, statement) } }
    }
  }

  func delete(_ ids: [Int]) throws {
    let statement = try prepared("DELETE FROM t WHERE id = ?")
    try inOne("BEGIN IMMEDIATE") {
      for id in ids {
        sqlite3_bind_int64(statement, 1, Int64(id))
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        try check(code)
      }
    }
  }

  func delete(_ ids: Range<Int>) throws {
    try execute("DELETE FROM t WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)")
  }

  func createIndex() throws { try execute("CREATE UNIQUE INDEX t_name ON t(name, id)") }
  func dropIndex() throws { try execute("DROP INDEX t_name") }
  func dropTable() throws { try execute("DROP TABLE t") }
}
