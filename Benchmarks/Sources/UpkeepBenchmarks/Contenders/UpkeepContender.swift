import Foundation
import class Harness.FirstError
import Upkeep
import UpkeepSQL

/// Upkeep through its public Swift interface.
final class UpkeepContender: Contender {
  let name = "Upkeep"
  private let usesRecords: Bool
  private var store: Store?

  /// - Parameter usesRecords: whether rows are records, not values.
  init(usesRecords: Bool = false) { self.usesRecords = usesRecords }

  func absence(from workload: Workload) -> String? { nil }

  func open(_ folder: String, _ durability: Durability, cacheBytes: Int) throws {
    let options = StoreOptions {
      $0.durability =
        switch durability {
        case .none: .none
        case .interval: .interval(.milliseconds(IntervalSyncer.milliseconds))
        case .full: .full
        }
      $0.cacheSize = cacheBytes
    }
    let store = try Store(folder + "/t.upkeep", options)
    self.store = store
    try store.write { tx in try tx.createTable(Self.table, ifNotExists: true) }
  }

  private static var table: TableDefinition {
    TableDefinition(
      "t",
      columns: [
        ColumnDefinition("id", .integer), ColumnDefinition("email", .text), ColumnDefinition("name", .text),
        ColumnDefinition("score", .real), ColumnDefinition("updated_at", .integer),
      ],
      primaryKey: [IndexPart(column: "id")],
      uniqueKeys: [
        IndexDefinition("t_email", on: "t", parts: [IndexPart(column: "email")], isUnique: true)
      ])
  }

  private func opened() throws -> Store {
    guard let store else { throw PeerFailure("not open") }
    return store
  }

  func settle() throws { try store?.checkpoint() }

  func session() throws -> any Session {
    let store = try opened()
    return usesRecords ? UpkeepRecordSession(store) : UpkeepSession(store)
  }

  func commitFromTasks(_ people: [Person]) throws {
    let store = try opened()
    let rows = people.map(UpkeepSession.input)
    let outcome = FirstError()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      await outcome.keeping {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for row in rows { group.addTask { try await store.write { _ = try $0.upsert(row, into: "t") } } }
          try await group.waitForAll()
        }
      }
      done.signal()
    }
    done.wait()
    try outcome.rethrow()
  }

  func close() throws {
    try store?.close()
    store = nil
  }
}

/// A thread's use of a store.
final class UpkeepSession: Session {
  let store: Store
  private static let columns = ColumnNames(["id", "email", "name", "score", "updated_at"])

  private var statements: [String: PreparedStatement] = [:]

  init(_ store: Store) { self.store = store }

  /// A statement, prepared once.
  func statement(_ sql: String) throws -> PreparedStatement {
    if let known = statements[sql] { return known }
    let made = try store.prepare(sql)
    statements[sql] = made
    return made
  }

  private static func read(_ row: borrowing StoredRow, _ total: inout Int) throws(UpkeepError) {
    total &+= Int(try row.integer(0) ?? 0)
    total &+= try row.withBytes(1) { ($0?.count ?? 0) &+ Int($0?.first ?? 0) }
    total &+= try row.withBytes(2) { ($0?.count ?? 0) &+ Int($0?.first ?? 0) }
    total &+= Int(try row.real(3) ?? 0)
    total &+= Int(try row.integer(4) ?? 0)
  }

  private static func read(_ snapshot: Snapshot, _ id: Int, _ total: inout Int) throws(UpkeepError) {
    _ = try snapshot.withRow("t", .integer(Int64(id))) { (row) throws(UpkeepError) in
      try read(row, &total)
    }
  }

  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int {
    var total = 0
    if inOne {
      try store.read { snapshot in for id in ids { try Self.read(snapshot, id, &total) } }
    } else {
      for id in ids { try store.read { snapshot in try Self.read(snapshot, id, &total) } }
    }
    return total
  }

  func keepsSnapshot(reading id: Int, _ body: () throws -> Void) throws -> Bool {
    try store.read { snapshot in
      var first = 0
      var last = 0
      try Self.read(snapshot, id, &first)
      try body()
      try Self.read(snapshot, id, &last)
      return first == last
    }
  }

  func read(emails: ArraySlice<String>) throws -> Int {
    var total = 0
    try store.read { snapshot in
      for email in emails {
        _ = try snapshot.withRow("t", by: "t_email", .text(email)) { (row) throws(UpkeepError) in
          try Self.read(row, &total)
        }
      }
    }
    return total
  }

  static func read(_ values: [Value]) -> Int {
    var total = 0
    for value in values {
      switch value {
      case .integer(let number): total &+= Int(number)
      case .real(let number): total &+= Int(number)
      case .text(let text): total &+= text.utf8.count &+ Int(text.utf8.first ?? 0)
      default: break
      }
    }
    return total
  }

  func scan() throws -> Int {
    var total = 0
    try store.read { snapshot in
      try snapshot.forEachRow(in: "t") { (row) throws(UpkeepError) in
        try Self.read(row, &total)
        return true
      }
    }
    return total
  }

  func ranges(from ids: ArraySlice<Int>) throws -> Int {
    var total = 0
    try store.read { snapshot in
      for id in ids {
        var left = 100
        try snapshot.forEachRow(in: "t", .from(.integer(Int64(id)))) { (row) throws(UpkeepError) in
          try Self.read(row, &total)
          left -= 1
          return left > 0
        }
      }
    }
    return total
  }

  func count() throws -> Int { try store.read { try $0.count("t") } }

  func count(_ ids: Range<Int>) throws -> Int {
    try store.read {
      try $0.count("t", .from(.integer(Int64(ids.lowerBound))).upTo(.integer(Int64(ids.upperBound))))
    }
  }

  func row(at position: Int) throws -> Int {
    let rows = try store.query("SELECT * FROM t ORDER BY id LIMIT 1 OFFSET \(position)")
    return rows.rows.first.map { Self.read($0) } ?? 0
  }

  static func input(_ person: Person) -> RowInput {
    RowInput(
      columns,
      [
        .integer(Int64(person.id)), .text(person.email), .text(person.name), .real(person.score),
        .integer(Int64(person.updatedAt)),
      ])
  }

  func write(_ people: People, _ kind: WriteKind) throws {
    let target: ConflictTarget = kind == .upsertByEmail ? .on("email") : .primaryKey
    let action: ConflictAction =
      switch kind {
      case .insert, .append: .fail
      case .upsert: .merge
      case .upsertByEmail: .merge(columns: ["name", "score", "updated_at"])
      case .insertOrIgnore: .ignore
      case .replace: .replace
      }
    if people.count == 1, let person = people.first(where: { _ in true }) {
      let row = Self.input(person)
      try store.write { tx in _ = try tx.upsert(row, into: "t", on: target, action) }
    } else {
      try store.write { tx in
        _ = try tx.upsert(contentsOf: people.lazy.map(Self.input), into: "t", on: target, action)
      }
    }
  }

  func delete(_ ids: [Int]) throws {
    _ = try store.write { tx in try tx.delete(from: "t", keys: ids.lazy.map { Value.integer(Int64($0)) }) }
  }

  func delete(_ ids: Range<Int>) throws {
    _ = try store.execute("DELETE FROM t WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)")
  }

  func createIndex() throws {
    try store.write { tx in
      try tx.createIndex(
        IndexDefinition(
          "t_name", on: "t", parts: [IndexPart(column: "name"), IndexPart(column: "id")], isUnique: true))
    }
  }

  func dropIndex() throws { try store.write { try $0.dropIndex("t_name") } }
  func dropTable() throws { try store.write { try $0.dropTable("t") } }
}
