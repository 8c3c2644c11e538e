import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

@Suite("What is encoded from the values given is what the codecs make of the coerced row")
struct RowEncoderTests {
  /// A table with some indexes over plain columns.
  private static func table(_ random: inout SeededGenerator) throws -> TableSchema {
    let plain = try RowCodecTests.table(&random)
    var definition = plain.definition
    for number in definition.columns.indices where random.oneIn(5) {
      let column = definition.columns[number]
      let text = ValueFixtures.value(.text, &random)
      if column.type == .text, case .text(let text) = text {
        definition.columns[number].defaultValue = .literal(.text(text))
      }
    }
    let indexCount = random.below(3)
    var parts: [[Int]] = []
    for _ in 0..<indexCount {
      parts.append((0..<(1 + random.below(2))).map { _ in random.below(plain.columns.count) })
    }
    let isUnique = (0..<indexCount).map { _ in random.oneIn(2) }
    return try TableSchema(
      definition, id: 16, tree: TreeID(rawValue: 16),
      indexes: { columns throws(UpkeepError) in
        var indexes: [IndexSchema] = []
        for number in 0..<indexCount {
          let definition = IndexDefinition(
            "i\(number)", on: "t", parts: parts[number].map { IndexPart(column: "c\($0)") },
            isUnique: isUnique[number])
          indexes.append(
            try IndexSchema(
              definition, name: "i\(number)", id: UInt64(number + 20), tree: TreeID(rawValue: 30),
              isConstraint: false, of: columns))
        }
        return indexes
      })
  }

  /// Values as callers give them, some of other types than their columns, and where they stand.
  private static func given(
    _ schema: TableSchema, _ random: inout SeededGenerator
  ) -> (values: [Value], positions: [Int]) {
    var row = Array(RowCodecTests.row(schema, &random).prefix(schema.columns.count))
    for column in schema.columns {
      if random.oneIn(12) {
        row[column.ordinal] = ValueFixtures.value(random.pick(ValueFixtures.types), &random)
      }
      if random.oneIn(20) { row[column.ordinal] = .real(random.oneIn(2) ? .nan : -0.0) }
      if random.oneIn(20) { row[column.ordinal] = .null }
    }
    var values: [Value] = []
    var positions = Array(repeating: -1, count: schema.columns.count)
    for ordinal in Array(row.indices).shuffled(using: &random) where !random.oneIn(8) {
      positions[ordinal] = values.count
      values.append(row[ordinal])
    }
    return (values, positions)
  }

  @Test func encodedRowsAreThoseOfTheCodecs() throws {
    let seed = firstSeed()
    var taken = 0
    for round in 0..<4_000 {
      var random = SeededGenerator(seed: seed &+ UInt64(round))
      let schema = try Self.table(&random)
      guard let encoder = RowEncoder(schema) else { continue }
      for _ in 0..<3 {
        let (values, positions) = Self.given(schema, &random)
        let byColumn: [Value?] = positions.map { $0 < 0 ? nil : values[$0] }
        let isTaken = random.oneIn(2) ? encoder.take(values, positions) : encoder.take(byColumn)
        guard isTaken else { continue }
        taken += 1
        var row: [Value] = []
        for (column, value) in zip(schema.columns, byColumn) {
          row.append(try value.map { try Coercion.coerce($0, to: column) } ?? column.constantDefault ?? .null)
        }
        try expect(encoder, row, schema, "seed \(seed &+ UInt64(round)): \(row)")
      }
    }
    #expect(taken > 1000)
  }

  private func expect(
    _ encoder: RowEncoder, _ row: [Value], _ schema: TableSchema, _ comment: String
  ) throws {
    let made = ByteBuffer()
    let wanted = ByteBuffer()
    try RowCodec.appendValue(of: row, schema: schema, to: wanted)
    encoder.appendValue(to: made)
    #expect(made.array == wanted.array, "\(comment)")
    #expect(encoder.hasRequired == schema.columns.allSatisfy { $0.isNullable || row[$0.ordinal] != .null })
    #expect(encoder.lacksKey == schema.primaryKey.contains { row[$0] == .null })
    if !encoder.lacksKey {
      made.removeAll()
      wanted.removeAll()
      let isLong = (try? RowCodec.appendKey(of: row, schema: schema, to: wanted)) == nil
      #expect(encoder.appendPrimaryKey(to: made) == !isLong, "\(comment)")
      if !isLong { #expect(made.array == wanted.array, "\(comment)") }
    }
    for (number, index) in schema.indexes.enumerated() {
      made.removeAll()
      wanted.removeAll()
      guard let state = encoder.appendIndexKey(number, to: made), state != .outsidePredicate else { continue }
      let wantedState = try IndexEntry.appendParts(of: row, in: index, EvaluationContext(), to: wanted)
      #expect(made.array == wanted.array, "\(comment)")
      #expect(state == wantedState, "\(comment)")
    }
  }
}
