import CSQLite
import Harness

/// SQLite in WAL mode with prepared statements and a cache that holds everything.
final class SQLiteContender: Contender {
  private let people: Population
  private let commits: Int
  private var database: OpaquePointer?
  private var statements: [String: OpaquePointer] = [:]
  private var path = ""

  init(_ people: Population, commits: Int) {
    self.people = people
    self.commits = commits
  }

  var name: String { "SQLite \(String(cString: sqlite3_libversion()))" }

  struct Failure: Error, CustomStringConvertible { let description: String }

  func open(in folder: String) throws {
    path = folder + ".sqlite"
    try check(sqlite3_open(path, &database))
    try execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000;")
    try execute(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER)")
  }

  private func check(_ code: Int32) throws {
    guard code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW else {
      throw Failure(description: String(cString: sqlite3_errmsg(database)))
    }
  }

  private func execute(_ sql: String) throws { try check(sqlite3_exec(database, sql, nil, nil, nil)) }

  private func prepared(_ sql: String) throws -> OpaquePointer {
    if let known = statements[sql] { return known }
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    guard let statement else { throw Failure(description: "no statement") }
    statements[sql] = statement
    return statement
  }

  private func write(_ person: Person, _ statement: OpaquePointer) throws {
    sqlite3_bind_int64(statement, 1, Int64(person.id))
    try bind(person.email, 2, statement)
    try bind(person.name, 3, statement)
    sqlite3_bind_double(statement, 4, person.score)
    sqlite3_bind_int64(statement, 5, Int64(person.updatedAt))
    try check(sqlite3_step(statement))
    sqlite3_reset(statement)
  }

  private func bind(_ text: String, _ position: Int32, _ statement: OpaquePointer) throws {
    var text = text
    let code = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text(
          statement, position, $0.baseAddress, Int32($0.count),
          unsafeBitCast(-1, to: sqlite3_destructor_type.self))
      }
    }
    try check(code)
  }

  private static let upsert = """
    INSERT INTO t VALUES (?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, \
    score = excluded.score, updated_at = excluded.updated_at
    """

  private func inOne(_ body: () throws -> Void) throws {
    try execute("BEGIN")
    try body()
    try execute("COMMIT")
  }

  private func read(_ statement: OpaquePointer) -> Int {
    var sum = Int(sqlite3_column_int64(statement, 0))
    sum &+= Int(sqlite3_column_bytes(statement, 1)) &+ Int(sqlite3_column_text(statement, 1)?.pointee ?? 0)
    sum &+= Int(sqlite3_column_bytes(statement, 2)) &+ Int(sqlite3_column_text(statement, 2)?.pointee ?? 0)
    sum &+= Int(sqlite3_column_double(statement, 3))
    return sum &+ Int(sqlite3_column_int64(statement, 4))
  }

  func run(_ workload: Workload) throws -> Int {
    switch workload {
    case .loadInOrder:
      let statement = try prepared("INSERT INTO t VALUES (?,?,?,?,?)")
      try inOne { for person in people.loaded { try write(person, statement) } }
      return people.count
    case .pointReadByID, .pointReadEach:
      let statement = try prepared("SELECT * FROM t WHERE id = ?")
      var sum = 0
      func all() throws {
        for id in people.probes {
          sqlite3_bind_int64(statement, 1, Int64(id))
          try check(sqlite3_step(statement))
          sum &+= read(statement)
          sqlite3_reset(statement)
        }
      }
      if workload == .pointReadByID { try inOne(all) } else { try all() }
      sink = sum
      return people.count
    case .pointReadByEmail:
      let statement = try prepared("SELECT * FROM t WHERE email = ?")
      var sum = 0
      try inOne {
        for id in people.probes {
          try bind(people.loaded[id / 2].email, 1, statement)
          try check(sqlite3_step(statement))
          sum &+= read(statement)
          sqlite3_reset(statement)
        }
      }
      sink = sum
      return people.count
    case .fullScan:
      let statement = try prepared("SELECT * FROM t")
      var sum = 0
      var rows = 0
      while sqlite3_step(statement) == SQLITE_ROW {
        sum &+= read(statement)
        rows += 1
      }
      sqlite3_reset(statement)
      sink = sum
      return rows
    case .count:
      let statement = try prepared("SELECT count(*) FROM t")
      try check(sqlite3_step(statement))
      sink = Int(sqlite3_column_int64(statement, 0))
      sqlite3_reset(statement)
      return 1
    case .upsertHalfNew, .upsertUnchanged:
      let statement = try prepared(Self.upsert)
      try inOne { for person in people.halfNew { try write(person, statement) } }
      return people.halfNew.count
    case .upsertThousands:
      let statement = try prepared(Self.upsert)
      let part = people.halfNew.prefix(people.count / 10)
      for start in stride(from: 0, to: part.count, by: 1000) {
        try inOne {
          for person in part[start..<min(start + 1000, part.count)] {
            try write(Person(person.id * 3, edition: 2), statement)
          }
        }
      }
      return part.count
    case .insertOrIgnore:
      let statement = try prepared("INSERT OR IGNORE INTO t VALUES (?,?,?,?,?)")
      try inOne { for person in people.mostlyThere { try write(person, statement) } }
      return people.mostlyThere.count
    case .commitUnsynced, .commitFull:
      let isFull = workload == .commitFull
      let statement = try prepared(Self.upsert)
      let count = isFull ? commits / 10 : commits
      for id in people.probes.prefix(count) { try write(Person(id, edition: isFull ? 4 : 3), statement) }
      return count
    }
  }

  func close() throws -> Int {
    for statement in statements.values { sqlite3_finalize(statement) }
    statements.removeAll()
    try check(sqlite3_close(database))
    database = nil
    return fileSize(path)
  }

  func prepare(_ workload: Workload) throws {
    if workload == .commitUnsynced { try execute("PRAGMA synchronous=OFF") }
    if workload == .commitFull { try execute("PRAGMA synchronous=FULL") }
  }

  private var sink = 0
}
