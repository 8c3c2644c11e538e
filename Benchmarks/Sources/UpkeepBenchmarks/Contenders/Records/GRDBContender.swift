import CSQLite
import Foundation
import GRDB

/// The record of GRDB; the harness's own is a record of Upkeep.
private struct GRDBPerson: FetchableRecord, PersistableRecord {
  static let databaseTableName = "t"

  let person: Person

  init(_ person: Person) { self.person = person }

  init(row: Row) {
    person = Person(id: row[0], email: row[1], name: row[2], score: row[3], updatedAt: row[4])
  }

  func encode(to container: inout PersistenceContainer) {
    container["id"] = person.id
    container["email"] = person.email
    container["name"] = person.name
    container["score"] = person.score
    container["updated_at"] = person.updatedAt
  }
}

/// GRDB's records, on a pool in WAL mode.
final class GRDBContender: Contender {
  static let version = "GRDB 7.10.0"

  let name = GRDBContender.version
  private var pool: DatabasePool?

  func absence(from workload: Workload) -> String? { nil }

  func open(_ folder: String, _ durability: Durability, cacheBytes: Int) throws {
    var configuration = Configuration()
    let level =
      switch durability {
      case .none: "OFF"
      case .interval: "NORMAL"
      case .full: "FULL"
      }
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous=\(level); PRAGMA cache_size=-\(cacheBytes / 1024)")
    }
    let pool = try DatabasePool(path: folder + "/t.sqlite", configuration: configuration)
    try pool.write { database in
      try database.execute(
        sql: "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, "
          + "updated_at INTEGER)")
    }
    self.pool = pool
  }

  func session() throws -> any Session {
    guard let pool else { throw PeerFailure("not open") }
    return GRDBSession(pool)
  }

  func close() throws {
    try pool?.close()
    pool = nil
  }
}

private final class GRDBSession: RecordSession {
  private let pool: DatabasePool

  init(_ pool: DatabasePool) { self.pool = pool }

  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int {
    var total = 0
    if inOne {
      try pool.read { database in
        for id in ids { total &+= try GRDBPerson.fetchOne(database, key: id)?.person.sum ?? 0 }
      }
    } else {
      for id in ids {
        total &+= try pool.read { try GRDBPerson.fetchOne($0, key: id)?.person.sum ?? 0 }
      }
    }
    return total
  }

  func read(emails: ArraySlice<String>) throws -> Int {
    try pool.read { database in
      var total = 0
      for email in emails {
        total &+= try GRDBPerson.fetchOne(database, key: ["email": email])?.person.sum ?? 0
      }
      return total
    }
  }

  func scan() throws -> Int {
    try pool.read { database in
      var total = 0
      let people = try GRDBPerson.fetchCursor(database)
      while let one = try people.next() { total &+= one.person.sum }
      return total
    }
  }

  func count() throws -> Int { try pool.read { try GRDBPerson.fetchCount($0) } }

  func write(_ people: People, _ kind: WriteKind) throws {
    try pool.write { database in
      for person in people {
        let record = GRDBPerson(person)
        switch kind {
        case .insert, .append: try record.insert(database)
        case .upsert: try record.upsert(database)
        case .upsertByEmail:
          _ = try record.upsertAndFetch(
            database, onConflict: ["email"], doUpdate: { _ in [Column("id").noOverwrite] })
        case .insertOrIgnore: try record.insert(database, onConflict: .ignore)
        case .replace: try record.insert(database, onConflict: .replace)
        }
      }
    }
  }
}
