import CAllocationCount
import Testing
import Upkeep

/// Where allocations can be counted: where the C library lets us stand in front of its allocator, which is with
/// glibc and without a sanitizer, and with optimisation, which is what takes allocations away.
enum AllocationCounting {
  static let isPossible = isOptimised && allocation_count_works()

  private static var isOptimised: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }
}

/// How often operations ask for memory.
@Suite(
  .enabled(if: AllocationCounting.isPossible, "allocations are counted in release builds with glibc"))
struct AllocationThresholdTests {
  private static let columns = ColumnNames(["id", "email", "name", "score", "updated_at"])

  private static func email(_ id: Int) -> String { "person.\(id)@example.com" }

  private static func row(_ id: Int, edition: Int = 0) -> RowInput {
    RowInput(
      columns,
      [
        .integer(Int64(id)), .text(email(id)), .text("Person \(id) of the \(id % 97)th department"),
        .real(Double(id % 1000 + edition)), .integer(Int64(1_700_000_000 + id)),
      ])
  }

  private static func makeStore(rows: Int) throws -> Store {
    let store = try Store.inMemory()
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("email", .text),
            ColumnDefinition("name", .text),
            ColumnDefinition("score", .real), ColumnDefinition("updated_at", .integer),
          ],
          primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition("t_email", on: "t", parts: [IndexPart(column: "email")], isUnique: true)
          ]))
      _ = try tx.upsert(contentsOf: (0..<rows).lazy.map { row($0) }, into: "t")
    }
    return store
  }

  private static func sum(_ row: borrowing StoredRow) throws(UpkeepError) -> Int {
    var sum = Int(try row.integer(0) ?? 0)
    sum += try row.withBytes(1) { $0?.count ?? 0 }
    sum += try row.withBytes(2) { $0?.count ?? 0 }
    sum += Int(try row.real(3) ?? 0)
    return sum + Int(try row.integer(4) ?? 0)
  }

  private static func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
    let before = allocation_count()
    try body()
    return allocation_count() - before
  }

  @Test("Nor does going from table to table and from key to key")
  func pointReadsOfSeveralTables() throws {
    let store = try Self.makeStore(rows: 1000)
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "u", columns: [ColumnDefinition("id", .integer)], primaryKey: [IndexPart(column: "id")]))
      _ = try tx.upsert(
        contentsOf: (0..<1000).lazy.map { ["id": .integer(Int64($0))] as RowInput }, into: "u")
    }
    let emails = (0..<1000).map { Self.email($0) }
    try store.read { snapshot in
      var found = 0
      func read(_ ids: Range<Int>) throws {
        for id in ids {
          if try snapshot.withRow("t", .integer(Int64(id)), Self.sum) != nil { found += 1 }
          if try snapshot.withRow("u", .integer(Int64(id)), { _ in 0 }) != nil { found += 1 }
          if try snapshot.withRow("t", by: "t_email", .text(emails[id]), Self.sum) != nil { found += 1 }
        }
      }
      try read(0..<10)
      let count = try Self.allocations { try read(10..<1000) }
      #expect(count == 0)
      #expect(found == 3000)
    }
  }

  @Test("A point read in a transaction asks for no memory, by primary key or by a unique index")
  func pointReads() throws {
    let store = try Self.makeStore(rows: 5000)
    let emails = (0..<1000).map { Self.email($0 * 5) }
    try store.read { snapshot in
      var found = 0
      func byID(_ ids: Range<Int>) throws {
        for id in ids where try snapshot.withRow("t", .integer(Int64(id)), Self.sum) != nil { found += 1 }
      }
      func byEmail(_ emails: ArraySlice<String>) throws {
        for email in emails where try snapshot.withRow("t", by: "t_email", .text(email), Self.sum) != nil {
          found += 1
        }
      }
      try byID(0..<1)
      try byEmail(emails[0..<1])
      found = 0
      #expect(try Self.allocations { try byID(0..<1000) } == 0)
      #expect(try Self.allocations { try byEmail(emails[...]) } == 0)
      #expect(found == 2000)
    }
  }

  @Test("A transaction for each read asks for no memory after the first")
  func transactions() throws {
    let store = try Self.makeStore(rows: 1000)
    var found = 0
    func read(_ ids: Range<Int>) throws {
      for id in ids {
        let row = try store.read { try $0.withRow("t", .integer(Int64(id)), Self.sum) }
        if row != nil { found += 1 }
      }
    }
    try read(0..<1)
    #expect(try Self.allocations { try read(0..<1000) } == 0)
    #expect(found == 1001)
  }

  @Test("A scan asks for memory at its beginning only")
  func scans() throws {
    let few = try Self.makeStore(rows: 1000)
    let many = try Self.makeStore(rows: 20_000)
    func scan(_ store: Store) throws -> UInt64 {
      try store.read { snapshot in
        var rows = 0
        func all() throws {
          try snapshot.forEachRow(in: "t") { (row) throws(UpkeepError) in
            _ = try Self.sum(row)
            rows += 1
            return true
          }
        }
        try all()
        let warmed = rows
        let count = try Self.allocations(all)
        #expect(rows == 2 * warmed)
        return count
      }
    }
    let cost = try scan(many)
    #expect(cost == (try scan(few)))
    #expect(cost <= 16)
  }

  /// Measured, and to be lowered when upserts get cheaper.
  private static let perUpsertedRow = 2.0

  @Test("A row of a bulk upsert asks for memory no more often than measured")
  func upserts() throws {
    let store = try Self.makeStore(rows: 10_000)
    let rows = (0..<10_000).map { Self.row($0 * 2, edition: 1) }
    let count = try store.write { tx in
      try Self.allocations { _ = try tx.upsert(contentsOf: rows, into: "t") }
    }
    #expect(Double(count) / 10_000 <= Self.perUpsertedRow, "\(Double(count) / 10_000) a row")
  }
}
