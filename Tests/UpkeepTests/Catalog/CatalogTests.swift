import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

struct CatalogTests {
  static let airports = TableDefinition(
    "airports",
    columns: [
      ColumnDefinition("icao", .text, isNullable: false),
      ColumnDefinition("iata", .text, defaultValue: val("")),
      ColumnDefinition("elevation", .real, declaredType: "DOUBLE"),
      ColumnDefinition("name", .text, isNullable: false, collation: .nocase), ColumnDefinition("note", .any),
    ],
    primaryKey: [IndexPart(column: "icao")],
    uniqueKeys: [
      IndexDefinition(
        nil, on: "airports", parts: [IndexPart(column: "name", isDescending: true)], isUnique: true)
    ],
    checks: [CheckDefinition("high", .binary(.less, ref("elevation"), val(30000)), text: "elevation < 30000")]
  )

  static let iata = IndexDefinition(
    "airports_iata", on: "AIRPORTS", parts: [IndexPart(column: "iata")], isUnique: true,
    where: .binary(.notEqual, ref("iata"), val("")))

  static func withStorage(_ body: (Storage) throws -> Void) throws {
    let storage = try Storage.inMemory(options: StorageOptions())
    try body(storage)
    try storage.close()
  }

  /// If this fails, rows merge by other rules after the store was reopened.
  @Test func mergeRulesComeBack() throws {
    let time = Expression.column(ColumnReference("seen", of: "excluded"))
    let rules: [(String, ValueType, MergeRule?)] = [
      ("id", .integer, .keep), ("a", .any, nil), ("b", .any, .set), ("c", .any, .coalesce),
      ("d", .any, .ifNull),
      ("seen", .integer, .sum), ("f", .any, .min), ("g", .any, .max), ("h", .blob, .append),
      ("i", .json, .json),
      ("j", .any, .latest(by: "ä")), ("ä", .timestamp, .touch),
      ("k", .any, .using(.binary(.add, ref("seen"), time))),
    ]
    let definition = TableDefinition(
      "t", columns: rules.map { ColumnDefinition($0.0, $0.1, merge: $0.2) },
      primaryKey: [IndexPart(column: "id")])
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      _ = try Catalog.load(write).adding(definition, in: write)
      try write.commit()
      let table = try Catalog.load(try storage.beginRead()).table("t")
      #expect(table.definition.columns.map(\.merge) == rules.map(\.2))
      #expect(table.columns.map(\.definition.merge) == rules.map(\.2))
      #expect(table.mergeRules?.touched == [11])
    }
  }

  @Test(arguments: [[], [0], [13], [1, 1], [10, 0xFF], [12], [12, 200]] as [[UInt8]])
  func damagedMergeRulesAreRefused(_ bytes: [UInt8]) {
    let error = #expect(throws: UpkeepError.self) {
      try bytes.withUnsafeBytes { bytes throws(UpkeepError) in
        try MergeRuleCodec.decode(bytes, of: "a test")
      }
    }
    #expect(error?.code == .corrupt)
  }

  /// If this fails, a table is not what it was after the store was reopened.
  @Test func schemasComeBack() throws {
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      var catalog = try Catalog.load(write)
      (catalog, _) = try catalog.adding(Self.airports, in: write)
      let added = try catalog.adding(index: Self.iata, in: write)
      catalog = try added.0.addingBucket("settings", in: write).0
      try Catalog.setAutomaticID(41, of: added.1, in: write)
      try write.commit()

      let read = try storage.beginRead()
      let loaded = try Catalog.load(read)
      let table = try loaded.table("Airports")
      #expect(table.definition.columns.map(\.type) == Self.airports.columns.map(\.type))
      #expect(table.columns.map(\.declaredType) == [nil, nil, "DOUBLE", nil, nil])
      #expect(table.columns.map(\.isNullable) == [false, true, true, false, true])
      #expect(table.columns[1].constantDefault == "")
      #expect(table.columns[0].constantDefault == .null)
      #expect(table.definition.checks == Self.airports.checks)
      #expect(table.indexes.map(\.name) == ["airports_name_key", "airports_iata"])
      #expect(table.indexes[0].isConstraint && table.indexes[0].isUnique && table.indexes[0].isConstraint)
      #expect(table.indexes[0].parts[0].key == KeyPart(.text, collation: .nocase, isDescending: true))
      #expect(table.indexes[1].parts[0].key == KeyPart(.text, isNullable: true))
      #expect(table.indexes[1].columnsRead == [1])
      #expect(table.indexes[1].predicateExpression == Self.iata.predicate)
      #expect(table.primaryKey == [0] && !table.hasHiddenRowid && table.automaticID == nil)
      #expect(loaded.buckets["settings"] == catalog.buckets["settings"])
      #expect(try Catalog.automaticID(of: table, in: read) == 41)
      #expect(loaded.index("AIRPORTS_iata")?.index.name == "airports_iata")
      read.end()
    }
  }

  @Test func droppingForgetsTableIndexesAndTrees() throws {
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      var (catalog, table) = try Catalog.load(write).adding(Self.airports, in: write)
      let index: IndexSchema
      (catalog, table, index) = try catalog.adding(index: Self.iata, in: write)
      let without = try catalog.dropping(index: "airports_iata", in: write)
      #expect(without.index("airports_iata") == nil && !write.exists(index.tree))
      let constraint = #expect(throws: UpkeepError.self) {
        try catalog.dropping(index: "airports_name_key", in: write)
      }
      #expect(constraint?.code == .misuse)
      let empty = try without.dropping(table: "airports", in: write)
      #expect(
        empty.find("airports") == nil && empty.index("airports_name_key") == nil && !write.exists(table.tree))
      #expect(try write.count(.catalog) == 0)
      #expect(try Catalog.load(write).tables.isEmpty)
    }
  }

  @Test func namesAreTakenOnce() throws {
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      let (catalog, _) = try Catalog.load(write).adding(Self.airports, in: write)
      func code(_ body: () throws -> Void) -> UpkeepError.Code? {
        do {
          try body()
          return nil
        } catch { return (error as? UpkeepError)?.code }
      }
      #expect(
        code {
          _ = try catalog.adding(
            TableDefinition("AIRPORTS", columns: [ColumnDefinition("x", .any)]), in: write)
        } == .exists)
      #expect(
        code {
          _ = try catalog.adding(
            TableDefinition("airports_name_key", columns: [ColumnDefinition("x", .any)]), in: write)
        }
          == .exists)
      #expect(
        code {
          _ = try catalog.adding(
            index: IndexDefinition("airports", on: "airports", parts: [IndexPart(column: "icao")]), in: write)
        } == .exists)
      // A second constraint without a name gets the next one that is free.
      let (_, _, second) = try catalog.adding(
        index: IndexDefinition(nil, on: "airports", parts: [IndexPart(column: "name")], isUnique: true),
        in: write)
      #expect(second.name == "airports_name_key2")
    }
  }

  @Test func definitionsThatMeanNothingAreRefused() throws {
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      let catalog = try Catalog.load(write)
      let x = ColumnDefinition("x", .integer)
      let bad: [(TableDefinition, String)] = [
        (TableDefinition("t", columns: []), "no columns"), (TableDefinition("", columns: [x]), "empty name"),
        (TableDefinition("t", columns: [x, ColumnDefinition("X", .text)]), "two columns"),
        (TableDefinition("t", columns: [x], primaryKey: [IndexPart(column: "y")]), "no column"),
        (
          TableDefinition("t", columns: [x], primaryKey: [IndexPart(column: "x"), IndexPart(column: "X")]),
          "twice"
        ),
        (TableDefinition("t", columns: [x], primaryKey: [IndexPart(calc(1, .add, 2))]), "columns only"),
        (TableDefinition("t", columns: [x], isAutoincrement: true), "AUTOINCREMENT"),
        (TableDefinition("t", columns: [x], checks: [CheckDefinition(nil, ref("z"))]), "no column z"),
        (
          TableDefinition("t", columns: [ColumnDefinition("x", .integer, defaultValue: val("a"))]),
          "t.x is INTEGER"
        ),
        (TableDefinition("t", columns: [ColumnDefinition("x", .integer, defaultValue: ref("x"))]), "no row"),
        (
          TableDefinition("t", columns: [x], uniqueKeys: [IndexDefinition(nil, on: "t", parts: [])]),
          "names no columns"
        ),
      ]
      for (definition, part) in bad {
        let error = #expect(throws: UpkeepError.self) { try catalog.adding(definition, in: write) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "") should say \(part)")
      }
      let unknown = #expect(throws: UpkeepError.self) { try Catalog.load(write).table("airport") }
      #expect(unknown?.code == .unknownTable && unknown?.name == "airport")
    }
  }

  /// If this fails, opening a damaged store traps.
  @Test func damagedEntriesAreRefused() throws {
    var random = SeededGenerator.random()
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      let (catalog, table) = try Catalog.load(write).adding(Self.airports, in: write)
      _ = try catalog.adding(index: Self.iata, in: write)
      try write.commit()
      let entries: [(ByteBuffer, [UInt8])] = [
        (CatalogCodec.key(1, table.id), try CatalogCodec.entry(table).array),
        (
          CatalogCodec.key(2, table.indexes[0].id),
          try CatalogCodec.entry(table.indexes[0], of: table.id).array
        ),
      ]
      for _ in 0..<1_500 {
        let (key, entry) = random.pick(entries)
        var bytes = entry
        for _ in 0..<(1 + random.below(2)) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
        if random.oneIn(4) { bytes.removeLast(random.below(bytes.count)) }
        let write = try storage.beginWrite()
        try bytes.withUnsafeBytes { try write.put(.catalog, key.bytes, $0) }
        do {
          _ = try Catalog.load(write)
        } catch let error as UpkeepError {
          #expect(error.code == .corrupt || error.code == .unsupported, "\(error), seed \(random.seed)")
        }
        write.rollback()
      }
    }
  }

  /// If this fails, a store that a newer release wrote loses what this one does not know, or is misread by it.
  @Test func unknownFieldsAreKeptOrRefused() throws {
    try Self.withStorage { storage in
      let write = try storage.beginWrite()
      let (_, table) = try Catalog.load(write).adding(Self.airports, in: write)
      let entry = try CatalogCodec.entry(table)
      FieldWriter(buffer: entry).bytes(99, [1, 2, 3])
      let key = CatalogCodec.key(1, table.id)
      try write.put(.catalog, key.bytes, entry.bytes)
      let loaded = try Catalog.load(write).table("airports")
      #expect(loaded.unknownFields == [CatalogField(tag: 99, bytes: [1, 2, 3])])
      #expect(try CatalogCodec.entry(loaded).array == entry.array)
      FieldWriter(buffer: entry).bytes(0x8000 | 98, [])
      try write.put(.catalog, key.bytes, entry.bytes)
      let error = #expect(throws: UpkeepError.self) { try Catalog.load(write) }
      #expect(error?.message.contains("newer release") == true)
      write.rollback()
    }
  }
}
