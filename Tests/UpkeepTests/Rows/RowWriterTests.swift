import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

/// If one of these fails, an index no longer says the same as its table.
@Suite struct RowWriterTests {
  /// Random inserts, updates and deletes, with and without waiting index entries, against a dictionary.
  @Test(arguments: ["people", "visits", "log"], [false, true])
  func indexesAgreeWithTheirTableAfterRandomChanges(table: String, defers: Bool) throws {
    for _ in 0..<8 {
      var random = SeededGenerator.random()
      let note: Comment = "seed \(random.seed)"
      let store = try RowFixtures.store()
      var model: [[UInt8]: [Value]] = [:]
      for _ in 0..<6 {
        try store.write { tx throws in
          try change(table, tx.scope, &model, &random, defers: defers)
        }
        #expect(try store.verify() == [], note)
        let stored = try store.read { try $0.scan(table).rows() }
        let keys = model.keys.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(stored.map(\.stored) == keys.map { model[$0] ?? [] }, note)
        #expect(try store.read { try $0.count(table) } == model.count, note)
      }
    }
  }

  private func change(
    _ table: String, _ scope: TransactionScope, _ model: inout [[UInt8]: [Value]],
    _ random: inout SeededGenerator,
    defers: Bool
  ) throws {
    let schema = try scope.table(table)
    let writer = try RowWriter(scope, schema, defersIndexes: defers)
    for _ in 0..<60 {
      let existing =
        model.isEmpty ? nil : model[random.pick(model.keys.sorted { $0.lexicographicallyPrecedes($1) })]
      var row = RowFixtures.row(of: table, &random)
      if schema.hasHiddenRowid {
        row.append(try existing.map { $0[schema.columns.count] } ?? .integer(writer.nextAutomaticID()))
      }
      switch (random.below(4), existing) {
      case (0, let old?):
        try writer.delete(old)
        model[try key(of: old, schema)] = nil
      case (1, let old?):
        if !schema.hasHiddenRowid, random.oneIn(2) { row[0] = old[0] }
        if try isTaken(row, scope, schema, besides: old) { continue }
        let changes = zip(old, row).contains { !$0.hasSameBytes(as: $1) }
        #expect(try writer.update(from: old, to: row) == changes)
        model[try key(of: old, schema)] = nil
        model[try key(of: row, schema)] = row
      default:
        if schema.hasHiddenRowid { row[schema.columns.count] = .integer(try writer.nextAutomaticID()) }
        if try isTaken(row, scope, schema, besides: nil) { continue }
        try writer.insert(row)
        model[try key(of: row, schema)] = row
      }
    }
    try writer.finish()
  }

  private func key(of row: [Value], _ schema: TableSchema) throws -> [UInt8] {
    let buffer = ByteBuffer()
    try RowCodec.appendKey(of: row, schema: schema, to: buffer)
    return Array(buffer.bytes)
  }

  /// Whether another row than `old` has the primary key or a unique key of `row`.
  private func isTaken(
    _ row: [Value], _ scope: TransactionScope, _ schema: TableSchema, besides old: [Value]?
  ) throws -> Bool {
    let reader = RowReader(scope)
    let writer = try RowWriter(scope, schema)
    let own = try old.map { try key(of: $0, schema) }
    let rowKey = try key(of: row, schema)
    if rowKey != own, try rowKey.withUnsafeBytes({ try reader.contains(schema, key: $0) }) { return true }
    let buffer = ByteBuffer()
    for index in schema.indexes where index.isUnique {
      guard try writer.encodeIndexKey(index, row, into: buffer) == .entry else { continue }
      if let holder = try reader.holder(of: buffer.bytes, in: index), Array(holder) != own { return true }
    }
    return false
  }

  @Test func anUpdateThatChangesNothingWritesNothing() throws {
    let store = try RowFixtures.store()
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("people"))
      try writer.insert([.integer(1), .text("a"), .text("AA"), .null, .real(2), .null])
    }
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("people"))
      let row: [Value] = [.integer(1), .text("a"), .text("AA"), .null, .real(2), .null]
      #expect(try !writer.update(from: row, to: row))
      #expect(tx.scope.write?.isEmpty == true)
    }
  }

  @Test func aTextThatOnlyLooksEqualIsAChange() throws {
    let store = try RowFixtures.store()
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("people"))
      let old: [Value] = [.integer(1), .text("\u{E9}"), .text(""), .null, .null, .null]
      let new: [Value] = [.integer(1), .text("e\u{301}"), .text(""), .null, .null, .null]
      try writer.insert(old)
      #expect(try writer.update(from: old, to: new))
    }
    #expect(try store.verify() == [])
  }

  /// SEMANTICS: two rows hold one key while a statement runs; giving the key up must not take the newer
  /// holder's entry away.
  @Test func removingAnEntryLeavesTheEntryOfANewerHolder() throws {
    let store = try RowFixtures.store(indexes: false)
    try store.write { tx throws in
      let schema = try tx.scope.table("people")
      let index = try #require(schema.indexes.first { $0.name == "people_email" })
      let writer = try RowWriter(tx.scope, schema)
      let a: [Value] = [.integer(1), .text("a"), .text(""), .null, .null, .null]
      var b: [Value] = [.integer(2), .text("b"), .text(""), .null, .null, .null]
      try writer.insert(a)
      try writer.insert(b)
      #expect(try writer.removeIndexEntry(index, b))
      b[1] = .text("a")
      try writer.updateRowOnly(from: [.integer(2), .text("b"), .text(""), .null, .null, .null], to: b)
      try writer.putIndexEntry(index, b)
      #expect(try !writer.removeIndexEntry(index, a))
      var changed = a
      changed[1] = .text("c")
      try writer.updateRowOnly(from: a, to: changed)
      try writer.putIndexEntry(index, changed)
    }
    #expect(try store.verify() == [])
    #expect(try store.read { try $0.find("people", by: "people_email", .text("a")) }?[0] == .integer(2))
  }

  /// The canary: a check that finds nothing wrong must be able to.
  @Test func verifyFindsAMissingADanglingAndAWrongEntry() throws {
    let row: [Value] = [.integer(1), .text("a"), .text("AA"), .integer(3), .null, .null]
    let plants: [(RowWriter, TableSchema) throws -> Void] = [
      { writer, schema in _ = try writer.removeIndexEntry(schema.indexes[0], row) },
      { writer, schema in
        var other = row
        other[1] = .text("b")
        try writer.putIndexEntry(schema.indexes[0], other)
      },
      { writer, schema in
        var other = row
        other[0] = .integer(9)
        try writer.putIndexEntry(schema.indexes[0], other)
      },
      { writer, _ in
        try writer.updateRowOnly(
          from: row, to: [.integer(1), .text("a"), .text("AA"), .integer(5000), .null, .null])
      },
      { writer, _ in try writer.deleteRowOnly(row) },
    ]
    for plant in plants {
      let store = try RowFixtures.store()
      try store.write { tx throws in
        let schema = try tx.scope.table("people")
        let writer = try RowWriter(tx.scope, schema)
        try writer.insert(row)
        try plant(writer, schema)
      }
      #expect(try store.verify() != [])
    }
  }
}
