import Testing
import UpkeepStorage

@testable import Upkeep

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Stores in files: what is there after closing, and errors that say what to do.
@Suite struct DiskStoreTests {
  /// A folder of its own for `body`.
  private func inFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/upkeep-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      for name in ["s.upkeep", "s.upkeep-wal"] { unlink("\(path)/\(name)") }
      rmdir(path)
    }
    try body("\(path)/s.upkeep")
  }

  @Test func tablesRowsAndBucketsOutliveTheirStore() throws {
    try inFolder { path in
      let store = try Store(path)
      try store.write { tx throws in
        try tx.createTable(RowFixtures.people)
        for index in RowFixtures.peopleIndexes { try tx.createIndex(index) }
        let writer = try RowWriter(tx.scope, try tx.scope.table("people"))
        try writer.insert([.integer(1), .text("a"), .text("AA"), .integer(3), .real(0.5), .blob([1])])
        try tx.put(store.bucket("b"), [1], [2])
      }
      try store.close()
      let again = try Store(path)
      #expect(try again.verify() == [])
      #expect(
        try again.read { try $0.find("people", by: "people_code", .text("AA")) }?["score"] == .real(0.5))
      #expect(try again.read { try $0.get(again.bucket("b"), [1]) } == [2])
      let definition = try #require(try again.read { try $0.definition(of: "people") })
      #expect(definition.columns == RowFixtures.people.columns)
      #expect(definition.uniqueKeys == RowFixtures.people.uniqueKeys)
      #expect(definition.checks == RowFixtures.people.checks)
      #expect(definition == RowFixtures.people)
      try again.checkpoint()
      #expect(try again.statistics().fileSize > 0)
      try again.close()
    }
  }

  @Test func aStoreThatIsOpenElsewhereIsLocked() throws {
    try inFolder { path in
      let store = try Store(path)
      let error = #expect(throws: UpkeepError.self) { try Store(path) }
      #expect(error?.code == .locked)
      try store.close()
      try Store(path).close()
    }
  }

  @Test func aMissingStoreIsNotMadeWhereThatIsNotWanted() throws {
    try inFolder { path in
      let error = #expect(throws: UpkeepError.self) { try Store(path, .init { $0.createsIfMissing = false }) }
      #expect(error?.message.contains(path) == true)
    }
  }

  @Test func aReadOnlyStoreReadsAndSaysSoWhenAskedToWrite() throws {
    try inFolder { path in
      let store = try Store(path)
      try store.write { try $0.put(store.bucket("b"), [1], [2]) }
      try store.close()
      let reader = try Store(path, .init { $0.isReadOnly = true })
      #expect(try reader.read { try $0.get(reader.bucket("b"), [1]) } == [2])
      let error = #expect(throws: UpkeepError.self) { try reader.write { _ in } }
      #expect(error?.code == .readOnly)
      try reader.close()
    }
  }
}
