import Foundation
import Testing

@testable import Upkeep

/// The document of the format and the code say the same: codes, tags and limits of the one are those of the other.
struct FileFormatRowsTests {
  /// The rows of the tables under each heading, as cells. The rows may be in their own document or merged into the whole one.
  static let tables: [String: [[String]]] = {
    let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Docs")
      .standardizedFileURL
    var result: [String: [[String]]] = [:]
    for name in ["FileFormatRows.md", "FileFormat.md"] {
      guard let text = try? String(contentsOf: docs.appending(path: name), encoding: .utf8) else { continue }
      var heading = ""
      var found: [String: [[String]]] = [:]
      for line in text.split(separator: "\n") {
        if line.hasPrefix("#") {
          heading = line.drop { $0 == "#" || $0 == " " }.description
        } else if line.hasPrefix("|") {
          let cells = line.dropFirst().split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
          found[heading, default: []].append(cells)
        }
      }
      result.merge(found) { first, _ in first }
    }
    return result
  }()

  /// Number and name of each row of a table whose first cell is a number.
  static func codes(_ heading: String) throws -> [String: Int] {
    let rows = try #require(tables[heading], "no table under \(heading)")
    return Dictionary(
      uniqueKeysWithValues: rows.compactMap { cells in Int(cells[0]).map { (cells[1], $0) } })
  }

  @Test func typeCodes() throws {
    let codes = Dictionary(uniqueKeysWithValues: ValueType.allCases.map { ($0.name, Int($0.rawValue)) })
    #expect(try Self.codes("Types") == codes)
  }

  @Test func kindsOfAnyParts() throws {
    let kinds = try #require(Self.tables["Keys"]).map { $0[0] }.filter { $0.hasPrefix("0x") }
    typealias Tag = KeyCodec.Tag
    let known = [Tag.null, Tag.number, Tag.timestamp, Tag.text, Tag.uuid, Tag.blob]
    #expect(kinds == known.map { "0x" + hexadecimal([$0]) })
  }

  @Test func fieldTags() throws {
    typealias Table = CatalogCodec.TableTag
    #expect(
      try Self.codes("Fields of a table") == [
        "name": Int(Table.name), "tree": Int(Table.tree), "column": Int(Table.column),
        "keyPart": Int(Table.keyPart), "check": Int(Table.check), "autoincrement": Int(Table.autoincrement),
        "primaryKeyName": Int(Table.primaryKeyName),
        "owner": Int(Table.owner),
      ])
    typealias Column = CatalogCodec.ColumnTag
    #expect(
      try Self.codes("Fields of a column") == [
        "name": Int(Column.name), "type": Int(Column.type), "declaredType": Int(Column.declaredType),
        "notNull": Int(Column.notNull), "defaultValue": Int(Column.defaultValue),
        "collation": Int(Column.collation), "missingValue": Int(Column.missingValue),
        "mergeRule": Int(Column.mergeRule),
      ])
    typealias Part = CatalogCodec.PartTag
    #expect(
      try Self.codes("Fields of a key part") == [
        "expression": Int(Part.expression), "descending": Int(Part.descending),
        "collation": Int(Part.collation),
        "notNull": Int(Part.notNull),
      ])
    typealias Check = CatalogCodec.CheckTag
    #expect(
      try Self.codes("Fields of a CHECK") == [
        "name": Int(Check.name), "condition": Int(Check.condition), "text": Int(Check.text),
      ])
    typealias Index = CatalogCodec.IndexTag
    #expect(
      try Self.codes("Fields of an index") == [
        "name": Int(Index.name), "table": Int(Index.table), "tree": Int(Index.tree), "part": Int(Index.part),
        "unique": Int(Index.unique), "predicate": Int(Index.predicate), "constraint": Int(Index.constraint),
        "nullsAreEqual": Int(Index.nullsAreEqual),
      ])
    typealias View = CatalogCodec.ViewTag
    #expect(
      try Self.codes("Fields of a view") == [
        "name": Int(View.name), "column": Int(View.column), "query": Int(View.query),
      ])
    typealias Bucket = CatalogCodec.BucketTag
    #expect(
      try Self.codes("Fields of a bucket") == [
        "tree": Int(Bucket.tree), "keyType": Int(Bucket.keyType), "valueType": Int(Bucket.valueType),
      ])
  }

  @Test func mergeRuleCodes() throws {
    let rules: [MergeRule] = [
      .set, .keep, .coalesce, .ifNull, .sum, .min, .max, .append, .json, .latest(by: "a"), .touch,
      .using(.literal(.null)),
    ]
    let codes = rules.map { ($0.name, Int(MergeRuleCodec.code($0))) }
    #expect(try Self.codes("Merge rules") == Dictionary(uniqueKeysWithValues: codes))
  }

  @Test func kindsOfCatalogEntries() throws {
    let kinds = try #require(Self.tables["The catalog"]).compactMap { $0.count == 3 ? Int($0[0]) : nil }
    typealias Kind = CatalogCodec.Kind
    #expect(kinds == [Kind.table, Kind.index, Kind.bucket, Kind.automaticID, Kind.view].map(Int.init))
  }

  @Test func expressionTags() throws {
    typealias Tag = ExpressionCodec.Tag
    #expect(
      try Self.codes("Expressions") == [
        "literal": Int(Tag.literal), "column": Int(Tag.column), "qualifiedColumn": Int(Tag.qualifiedColumn),
        "parameter": Int(Tag.parameter), "unary": Int(Tag.unary), "binary": Int(Tag.binary),
        "isNull": Int(Tag.isNull), "inList": Int(Tag.inList), "between": Int(Tag.between),
        "like": Int(Tag.like),
        "cases": Int(Tag.cases), "cast": Int(Tag.cast), "function": Int(Tag.function),
        "aggregate": Int(Tag.aggregate), "collate": Int(Tag.collate),
      ])
  }

  @Test func limits() throws {
    let rows = try #require(Self.tables["Limits"])
    let limits = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    func number(_ name: String) throws -> Int {
      let digits = try #require(limits[name])
      return try #require(Int(digits.filter { $0 != "," }))
    }
    #expect(try number("bytes of a key") == KeyCodec.longestKey)
    #expect(try number("bytes of a row's data") == RowCodec.longestValue)
    #expect(try number("columns of a table") == SchemaRules.mostColumns)
    #expect(try number("parts of a key") == SchemaRules.mostKeyParts)
    #expect(try number("bytes of a name") == SchemaRules.longestName)
    #expect(try number("depth of an expression") == Expression.maximumDepth)
  }
}
