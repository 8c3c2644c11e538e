import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Many rows deleted at once, against the same rows deleted one by one.
@Suite struct DeleteBatchTests {
  private static let tables = ["people", "visits", "log"]

  @Test func manyAtOnceLeaveWhatOneByOneLeaves() throws {
    let seed = firstSeed()
    for number in 0..<60 {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let (one, other) = (try RowFixtures.store(), try RowFixtures.store())
      for table in Self.tables {
        let rows = (0..<random.below(80)).map { _ in RowFixtures.row(of: table, &random) }
        for store in [one, other] { try fill(store, table, rows) }
        let keys = try keys(of: table, in: one, &random)
        var expected = 0
        try one.write { tx throws in
          for key in keys where try delete(key, from: table, tx) { expected += 1 }
        }
        let byteCount = random.oneIn(2) ? 1 << 20 : 300 + random.below(2000)
        try other.write { tx throws in
          let schema = try tx.scope.table(table)
          let batch = try DeleteBatch(tx.scope, schema, byteCount: byteCount)
          let bytes = ByteBuffer()
          for key in keys {
            bytes.removeAll()
            if try schema.appendKey(key, to: bytes) { try batch.add(bytes.bytes) }
          }
          try batch.finish()
          #expect(batch.count == expected, "seed \(seed &+ UInt64(number)), \(table)")
        }
        #expect(
          try contents(one, table) == contents(other, table), "seed \(seed &+ UInt64(number)), \(table)")
      }
      #expect(try other.verify() == [], "seed \(seed &+ UInt64(number))")
    }
  }

  private func fill(_ store: Store, _ table: String, _ rows: [[Value]]) throws {
    try store.write { tx throws in
      let columns = ColumnNames(try tx.scope.table(table).columns.map(\.name))
      let feed = rows.map { RowInput(columns, $0) }
      _ = try tx.upsert(
        contentsOf: feed, into: table, on: table == "log" ? .on("mark") : .primaryKey, .replace,
        rejects: .collect(limit: nil))
    }
  }

  private func delete(_ key: [Value], from table: String, _ tx: Transaction) throws(UpkeepError) -> Bool {
    key.count == 1 ? try tx.delete(from: table, key[0]) : try tx.delete(from: table, key[0], key[1])
  }

  /// Some that are there, some twice, some that are not.
  private func keys(
    of table: String, in store: Store, _ random: inout SeededGenerator
  ) throws -> [[Value]] {
    var keys: [[Value]] = []
    let rows = try contents(store, table)
    for row in rows where random.oneIn(2) {
      let key = table == "log" ? [row[row.count - 1]] : Array(row.prefix(table == "visits" ? 2 : 1))
      keys.append(key)
      if random.oneIn(5) { keys.append(key) }
    }
    keys.append(table == "visits" ? [.text("nowhere"), .integer(3)] : [.integer(9999)])
    return keys.shuffled(using: &random)
  }

  private func contents(_ store: Store, _ table: String) throws -> [[Value]] {
    try store.read { snapshot throws in
      let cursor = try RowReader(snapshot.scope).scan(try snapshot.scope.table(table))
      var rows: [[Value]] = []
      while try cursor.next() { rows.append(try cursor.row.values()) }
      return rows
    }
  }

  @Test func theSwiftInterfaceTakesKeysOfOneColumnAndOfSeveral() throws {
    let store = try RowFixtures.store()
    try store.write { tx throws in
      for day in 1...6 {
        _ = try tx.upsert(["place": "Oslo", "day": .integer(Int64(day)), "guest": "Ann"], into: "visits")
        _ = try tx.upsert(["id": .integer(Int64(day)), "code": ""], into: "people")
      }
      #expect(try tx.delete(from: "people", keys: [3, 1, 3, 77] as [Value]) == 2)
      #expect(
        try tx.delete(from: "people", keys: [.real(4)] as [Value]) == 1, "a key is coerced without loss")
      #expect(
        try tx.delete(from: "visits", keys: [["Rome", 1], ["oslo", 2], ["Oslo", 5]] as [[Value]]) == 2)
      #expect(try tx.scan("people").map { $0[0] } == [2, 5, 6])
      #expect(try tx.count("visits") == 4)
      let error = #expect(throws: UpkeepError.self) {
        try tx.delete(from: "visits", keys: [["Oslo", 1], ["Oslo"]] as [[Value]])
      }
      #expect(error?.code == .misuse)
      #expect(try tx.count("visits") == 4, "a statement that fails leaves nothing behind")
      #expect(try tx.delete(from: "people", keys: [Value]()) == 0)
    }
    #expect(try store.verify() == [])
  }

  @Test func theGreatestIDIsForgottenWithItsRow() throws {
    let store = try RowFixtures.store()
    try store.write { tx throws in
      _ = try tx.upsert(["id": 7, "code": ""], into: "people")
      _ = try tx.upsert(["code": ""], into: "people")
      #expect(try tx.delete(from: "people", keys: [8, 7] as [Value]) == 2)
      _ = try tx.upsert(["code": ""], into: "people")
      #expect(try tx.scan("people").map { $0[0] } == [1])
    }
  }

  @Test func rowsFoundThroughAnIndexThatHoldsAllOfThemGoToo() throws {
    let store = try Store.inMemory()
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "pairs", columns: [ColumnDefinition("a", .integer), ColumnDefinition("b", .integer)],
          primaryKey: [IndexPart(column: "a")]))
      try tx.createIndex(IndexDefinition("pairs_b", on: "pairs", parts: [IndexPart(column: "b")]))
      for a in 0..<1000 {
        _ = try tx.upsert(["a": .integer(Int64(a)), "b": .integer(Int64(a % 50))], into: "pairs")
      }
    }
    let session = Session(store)
    try session.execute(.delete(DeleteStatement(TableReference("pairs"), where: .compare("b", .equal, 7))))
    #expect(try store.read { try $0.count("pairs") } == 980)
    #expect(try store.verify() == [])
  }
}
