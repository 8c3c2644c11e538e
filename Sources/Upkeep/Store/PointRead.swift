internal import UpkeepStorage

/// A query for columns of the one row that has a whole unique key, made ready for a table's schema.
final class PointRead: Sendable {
  let schema: TableSchema
  private let key: RowKey?
  /// The columns shown.
  private let ordinals: [Int]
  private let names: ColumnNames
  /// Whether the query is of this kind at all.
  let isUsable: Bool

  init(_ select: Select, _ table: TableReference, _ schema: TableSchema) {
    self.schema = schema
    let shown = Self.shown(select, table, schema)
    let key = RowKey(select.condition, of: table, schema)
    isUsable = shown != nil && key?.remaining.isEmpty == true
    ordinals = shown?.ordinals ?? []
    names = ColumnNames(shown?.names ?? [])
    self.key = key
  }

  private static func ordinal(
    _ reference: ColumnReference, _ table: TableReference, _ schema: TableSchema
  ) -> Int? {
    if let qualifier = reference.qualifier, !Names.equal(qualifier, table.alias ?? table.name) { return nil }
    return schema.ordinal(of: reference.name)
  }

  private static func shown(
    _ select: Select, _ table: TableReference, _ schema: TableSchema
  ) -> (ordinals: [Int], names: [String])? {
    var ordinals: [Int] = []
    var names: [String] = []
    for column in select.columns {
      switch column {
      case .all(let qualifier):
        if let qualifier, !Names.equal(qualifier, table.alias ?? table.name) { return nil }
        ordinals += schema.columns.indices
        names += schema.columns.map(\.name)
      case .expression(let expression, let name):
        guard case .column(let reference) = expression, let ordinal = ordinal(reference, table, schema) else {
          return nil
        }
        ordinals.append(ordinal)
        names.append(name)
      }
    }
    return (ordinals, names)
  }

  /// - Returns: false if a value is such that only the long way tells what equals it.
  func run(
    _ parameters: [Value], _ scope: TransactionScope, _ row: (Row) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    guard let key else { return false }
    try scope.requireOpen()
    let buffer = scope.keyBuffer
    switch try key.locate(parameters, scope, into: buffer) {
    case .unknown: return false
    case .nobody: return true
    case .key: break
    }
    guard let view = try RowReader(scope).find(schema, key: buffer.bytes) else { return true }
    var values: [Value] = []
    values.reserveCapacity(ordinals.count)
    for ordinal in ordinals { values.append(try view.value(ordinal)) }
    _ = try row(Row(names, values))
    return true
  }
}
