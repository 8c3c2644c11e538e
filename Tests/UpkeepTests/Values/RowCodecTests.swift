import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

struct RowCodecTests {
  /// A table of some columns with a random primary key.
  static func table(_ random: inout SeededGenerator) throws -> TableSchema {
    let count = 1 + random.below(random.oneIn(30) ? 300 : 9)
    let columns = (0..<count).map { number in
      ColumnDefinition(
        "c\(number)", random.pick(ValueFixtures.types), collation: random.oneIn(4) ? .nocase : .binary)
    }
    var key: [IndexPart] = []
    for number in 0..<random.below(min(count, 3) + 1) {
      key.append(IndexPart(column: "c\(number * count / 3 % count)", isDescending: random.oneIn(3)))
    }
    if Set(key.map(\.columnName)).count != key.count { key = [] }
    return try TableSchema(
      TableDefinition("t", columns: columns, primaryKey: key), id: 16, tree: TreeID(rawValue: 16),
      indexes: { _ throws(UpkeepError) in [] })
  }

  static func row(_ schema: TableSchema, _ random: inout SeededGenerator) -> [Value] {
    var row: [Value] = schema.columns.map { column in
      let isInKey = schema.primaryKey.contains(column.ordinal)
      if !isInKey && random.oneIn(5) { return .null }
      let value = ValueFixtures.value(column.type, &random)
      return isInKey && value == .null ? .integer(1) : value
    }
    if schema.hasHiddenRowid { row.append(.integer(ValueFixtures.integer(&random))) }
    return row
  }

  /// If this fails, a row is not what was stored.
  @Test func rowsComeBack() throws {
    var random = SeededGenerator.random()
    for round in 0..<3_000 {
      let schema = try Self.table(&random)
      let row = Self.row(schema, &random)
      let key = ByteBuffer()
      let value = ByteBuffer()
      try RowCodec.appendKey(of: row, schema: schema, to: key)
      value.append(0xAA)
      try RowCodec.appendValue(of: row, schema: schema, to: value)
      let stored = UnsafeRawBufferPointer(rebasing: value.bytes[1...])
      let view = RowView(schema: schema, key: key.bytes, value: stored)
      #expect(try view.values() == row, "seed \(random.seed) round \(round)")
      for column in 0..<schema.rowWidth {
        #expect(view.isNull(column) == (row[column] == .null))
        #expect(try view.value(column) == row[column])
        switch row[column] {
        case .integer(let integer): #expect(try view.integer(column) == integer)
        case .timestamp(let timestamp): #expect(try view.integer(column) == timestamp.microseconds)
        case .real(let real): #expect(try view.real(column) == real)
        case .text(let text), .json(let text):
          #expect(try view.withBytes(column) { $0.map(Array.init) } == Array(text.utf8))
        case .blob(let bytes): #expect(try view.withBytes(column) { $0.map(Array.init) } == bytes)
        case .null:
          #expect(try view.integer(column) == nil)
          #expect(try view.real(column) == nil)
          #expect(try view.withBytes(column) { $0 == nil })
        case .boolean, .uuid: break
        }
      }
      withExtendedLifetime(schema) {}
    }
  }

  /// If this fails, an upsert that changes nothing writes all the same: equal rows must be equal bytes.
  @Test func equalRowsAreEqualBytes() throws {
    var random = SeededGenerator.random()
    for _ in 0..<500 {
      let schema = try Self.table(&random)
      let row = Self.row(schema, &random)
      let first = ByteBuffer()
      let second = ByteBuffer(capacity: 1)
      for _ in 0..<1000 { second.append(0xFF) }
      second.removeAll()
      try RowCodec.appendValue(of: row, schema: schema, to: first)
      try RowCodec.appendValue(of: row, schema: schema, to: second)
      #expect(first.array == second.array, "seed \(random.seed)")
    }
  }

  /// If this fails, adding a column would have to rewrite the table.
  @Test func columnsAddedLaterHaveTheirMissingValue() throws {
    let id = ColumnDefinition("id", .integer)
    let name = ColumnDefinition("name", .text)
    func schema(_ columns: [ColumnDefinition], missing: [Value]) throws -> TableSchema {
      try TableSchema(
        TableDefinition("t", columns: columns, primaryKey: [IndexPart(column: "id")]), id: 16,
        tree: TreeID(rawValue: 16), missingValues: missing, indexes: { _ throws(UpkeepError) in [] })
    }
    let old = try schema([id, name], missing: [.null, .null])
    let new = try schema(
      [id, name, ColumnDefinition("level", .integer), ColumnDefinition("note", .text)],
      missing: [.null, .null, .integer(7), .text("none")])
    let key = ByteBuffer()
    let value = ByteBuffer()
    try RowCodec.appendKey(of: [1, "Ann"], schema: old, to: key)
    try RowCodec.appendValue(of: [1, "Ann"], schema: old, to: value)
    let view = RowView(schema: new, key: key.bytes, value: value.bytes)
    #expect(try view.values() == [1, "Ann", 7, "none"])
    #expect(try view.integer(2) == 7)
    #expect(try view.withBytes(3) { $0.map(TextBytes.string) } == "none")
    let onlyKey = try schema([id], missing: [.null])
    value.removeAll()
    try RowCodec.appendValue(of: [1], schema: onlyKey, to: value)
    #expect(value.count == 0)
    #expect(try RowView(schema: new, key: key.bytes, value: value.bytes).values() == [1, .null, 7, "none"])
    withExtendedLifetime(new) {}
  }

  /// If this fails, a damaged row traps instead of throwing.
  @Test func anyBytesAreReadOrRefused() throws {
    var random = SeededGenerator.random()
    for _ in 0..<1_000 {
      let schema = try Self.table(&random)
      let row = Self.row(schema, &random)
      let key = ByteBuffer()
      let value = ByteBuffer()
      try RowCodec.appendKey(of: row, schema: schema, to: key)
      try RowCodec.appendValue(of: row, schema: schema, to: value)
      for _ in 0..<8 {
        var keyBytes = key.array
        var valueBytes = value.array
        for _ in 0..<(1 + random.below(3)) {
          if random.oneIn(3), !keyBytes.isEmpty {
            keyBytes[random.below(keyBytes.count)] = UInt8(random.below(256))
          }
          if !valueBytes.isEmpty {
            valueBytes[random.below(min(valueBytes.count, 12))] = UInt8(random.below(256))
          }
          if random.oneIn(3) { valueBytes.removeLast(random.below(valueBytes.count + 1)) }
          if random.oneIn(5) { keyBytes.removeLast(random.below(keyBytes.count + 1)) }
        }
        keyBytes.withUnsafeBytes { key in
          valueBytes.withUnsafeBytes { value in
            let view = RowView(schema: schema, key: key, value: value)
            for column in 0..<schema.rowWidth {
              _ = try? view.value(column)
              _ = try? view.integer(column)
              _ = try? view.real(column)
              _ = try? view.withBytes(column) { $0?.count }
              _ = view.isNull(column)
            }
          }
        }
      }
    }
  }

  @Test func aRowIsSmall() throws {
    let schema = try TableSchema(
      TableDefinition(
        "users",
        columns: [
          ColumnDefinition("id", .integer), ColumnDefinition("email", .text),
          ColumnDefinition("age", .integer),
          ColumnDefinition("score", .real), ColumnDefinition("active", .boolean),
        ], primaryKey: [IndexPart(column: "id")]), id: 16, tree: TreeID(rawValue: 16),
      indexes: { _ throws(UpkeepError) in [] })
    let value = ByteBuffer()
    try RowCodec.appendValue(of: [1, "ann@example.org", 42, 12.5, true], schema: schema, to: value)
    #expect(
      value.array == [0, 4, 15, 16, 18, 19] + Array("ann@example.org".utf8) + [42] + [0x29, 0x40] + [1])
  }

  @Test func keysThatAreTooLongNameTheIndex() throws {
    let schema = try TableSchema(
      TableDefinition(
        "t", columns: [ColumnDefinition("name", .text)], primaryKey: [IndexPart(column: "name")]),
      id: 16, tree: TreeID(rawValue: 16), indexes: { _ throws(UpkeepError) in [] })
    let error = #expect(throws: UpkeepError.self) {
      try RowCodec.appendKey(
        of: [.text(String(repeating: "x", count: 2000))], schema: schema, to: ByteBuffer())
    }
    #expect(error?.code == .tooLong)
    #expect(error?.index == "primary key")
    #expect(error?.table == "t")
  }
}
