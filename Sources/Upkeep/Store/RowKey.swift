internal import UpkeepStorage

/// A whole unique key that conditions give by constants and parameters, made ready for a table's schema: the one row that
/// has it is found without a plan.
struct RowKey: Sendable {
  /// What is known of the row.
  enum Place {
    /// The buffer holds its primary key; of a key of the table itself, the row need not be there.
    case key
    case nobody
    /// A value is such that only the long way tells what equals it.
    case unknown
  }

  /// What each part of the key equals.
  private let operands: [(part: SearchPart, type: ValueType, operand: PreparedOperand)]
  /// The place of the parameter that the key is, where that is one integer as the integer's own bytes; else -1.
  private let integer: Int
  /// nil for the primary key.
  private let index: IndexSchema?
  /// The conditions that the key does not answer.
  let remaining: [Expression]

  /// Nil if the conditions give no whole key.
  init?(_ condition: Expression?, of table: TableReference, _ schema: TableSchema) {
    var equals: [Int: (operand: PreparedOperand, condition: Expression)] = [:]
    var remaining: [Expression] = []
    for condition in condition?.conjuncts ?? [] {
      if let (ordinal, operand) = Self.equality(condition, table, schema), equals[ordinal] == nil {
        equals[ordinal] = (operand, condition)
      } else {
        remaining.append(condition)
      }
    }
    let candidates: [(IndexSchema?, [SearchPart])] =
      [(nil, schema.searchParts)]
      + schema.indexes.filter { $0.isUnique && $0.predicateExpression == nil }.map {
        ($0, schema.searchParts(of: $0))
      }
    for (index, parts) in candidates {
      var rest = equals
      var operands: [(part: SearchPart, type: ValueType, operand: PreparedOperand)] = []
      for part in parts {
        guard let column = part.column, let found = rest.removeValue(forKey: column) else { break }
        let own = column < schema.columns.count ? schema.columns[column].collation : .binary
        if part.comparesText && own != part.collation { break }
        operands.append(
          (part, column < schema.columns.count ? schema.columns[column].type : .integer, found.operand))
      }
      guard operands.count == parts.count else { continue }
      self.operands = operands
      let isInteger =
        operands.count == 1 && operands[0].part.key == KeyPart(.integer) && operands[0].type == .integer
      if isInteger, case .parameter(let number) = operands[0].operand {
        integer = number - 1
      } else {
        integer = -1
      }
      self.index = index
      self.remaining = remaining + rest.sorted { $0.key < $1.key }.map(\.value.condition)
      return
    }
    return nil
  }

  private static func equality(
    _ condition: Expression, _ table: TableReference, _ schema: TableSchema
  ) -> (ordinal: Int, operand: PreparedOperand)? {
    guard case .binary(.equal, let left, let right) = condition else { return nil }
    let sides: (Expression, Expression)
    if case .column = left { sides = (left, right) } else { sides = (right, left) }
    guard case .column(let reference) = sides.0, let operand = PreparedOperand(sides.1) else { return nil }
    if let qualifier = reference.qualifier, !Names.equal(qualifier, table.alias ?? table.name) { return nil }
    return schema.ordinal(of: reference.name).map { ($0, operand) }
  }

  /// Puts the primary key of the row into a buffer.
  func locate(
    _ parameters: [Value], _ scope: TransactionScope, into key: ByteBuffer
  ) throws(UpkeepError) -> Place {
    key.removeAll()
    if integer >= 0, integer < parameters.count, case .integer(let id) = parameters[integer] {
      KeyCodec.appendInteger(id, to: key)
    } else {
      for (part, type, operand) in operands {
        let value = operand.value(parameters)
        if value == .null { return .nobody }
        switch KeyConstant(Conversion.of(nil, against: type).apply(value), for: part.type) {
        case .exact(let exact): try KeyCodec.append(exact, part.key, to: key)
        case .justAbove, .belowAll, .aboveAll: return .nobody
        case .unusable: return .unknown
        }
      }
    }
    guard let index else { return .key }
    guard let holder = try RowReader(scope).holder(of: key.bytes, in: index) else { return .nobody }
    key.removeAll()
    key.append(holder)
    return .key
  }
}
