internal import UpkeepStorage

/// A query for columns of the one row that has a whole unique key, made ready for a table's schema.
final class PointRead: Sendable {
  let schema: TableSchema
  /// What each part of the key equals.
  private let operands: [(part: SearchPart, type: ValueType, operand: PreparedOperand)]
  /// The operand, where the key is one integer as the integer's own bytes.
  private let integer: PreparedOperand?
  /// nil for the primary key.
  private let index: IndexSchema?
  /// The columns shown.
  private let ordinals: [Int]
  private let names: ColumnNames
  /// Whether the query is of this kind at all.
  let isUsable: Bool

  init(_ select: Select, _ table: TableReference, _ schema: TableSchema) {
    self.schema = schema
    let shown = Self.shown(select, table, schema)
    let key = Self.key(select, table, schema)
    isUsable = shown != nil && key != nil
    ordinals = shown?.ordinals ?? []
    names = ColumnNames(shown?.names ?? [])
    let operands = key?.operands ?? []
    self.operands = operands
    let isInteger =
      operands.count == 1 && operands[0].part.key == KeyPart(.integer) && operands[0].type == .integer
    integer = isInteger ? operands[0].operand : nil
    index = key?.index
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

  private static func key(
    _ select: Select, _ table: TableReference, _ schema: TableSchema
  ) -> (operands: [(part: SearchPart, type: ValueType, operand: PreparedOperand)], index: IndexSchema?)? {
    var equals: [Int: PreparedOperand] = [:]
    for condition in select.condition?.conjuncts ?? [] {
      guard case .binary(.equal, let left, let right) = condition else { return nil }
      let sides: (Expression, Expression)
      if case .column = left { sides = (left, right) } else { sides = (right, left) }
      guard case .column(let reference) = sides.0, let ordinal = ordinal(reference, table, schema),
        let operand = PreparedOperand(sides.1), equals[ordinal] == nil
      else { return nil }
      equals[ordinal] = operand
    }
    let candidates: [(IndexSchema?, [SearchPart])] =
      [(nil, schema.searchParts)]
      + schema.indexes.filter { $0.isUnique && $0.predicateExpression == nil }.map {
        ($0, schema.searchParts(of: $0))
      }
    for (index, parts) in candidates where parts.count == equals.count {
      var operands: [(SearchPart, ValueType, PreparedOperand)] = []
      for part in parts {
        guard let column = part.column, let operand = equals[column] else { break }
        let own = column < schema.columns.count ? schema.columns[column].collation : .binary
        if part.comparesText && own != part.collation { break }
        operands.append(
          (part, column < schema.columns.count ? schema.columns[column].type : .integer, operand))
      }
      if operands.count == parts.count { return (operands, index) }
    }
    return nil
  }

  /// - Returns: false if a value is such that only the long way tells what equals it.
  func run(
    _ parameters: [Value], _ scope: TransactionScope, _ row: (Row) throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    try scope.requireOpen()
    let key = scope.keyBuffer
    key.removeAll()
    if let integer, case .integer(let id) = integer.value(parameters) {
      KeyCodec.appendInteger(id, to: key)
    } else if try !append(parameters, to: key) {
      return false
    } else if key.count == 0 {
      return true
    }
    let reader = RowReader(scope)
    if let index {
      guard let holder = try reader.holder(of: key.bytes, in: index) else { return true }
      key.removeAll()
      key.append(holder)
    }
    guard let view = try reader.find(schema, key: key.bytes) else { return true }
    var values: [Value] = []
    values.reserveCapacity(ordinals.count)
    for ordinal in ordinals { values.append(try view.value(ordinal)) }
    _ = try row(Row(names, values))
    return true
  }

  /// Appends the key; leaves it empty if no row has it.
  ///
  /// - Returns: false if a value is such that only the long way tells what equals it.
  private func append(_ parameters: [Value], to key: ByteBuffer) throws(UpkeepError) -> Bool {
    for (part, type, operand) in operands {
      let value = operand.value(parameters)
      if value == .null {
        key.removeAll()
        return true
      }
      switch KeyConstant(Conversion.of(nil, against: type).apply(value), for: part.type) {
      case .exact(let exact): try KeyCodec.append(exact, part.key, to: key)
      case .justAbove, .belowAll, .aboveAll:
        key.removeAll()
        return true
      case .unusable: return false
      }
    }
    return true
  }
}
