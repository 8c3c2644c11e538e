/// A WHERE taken apart: the conditions that all must hold, and for each what it says about one column.
struct Conjunct {
  /// The condition itself.
  var expression: Expression
  /// What it says about one column by constants, if it is of that kind.
  var term: ColumnTerm?
}

/// What a condition says about the value of one column: what key ranges are made of.
struct ColumnTerm {
  enum Test {
    /// The column equals one of these; `.null` among them means IS NULL. None: never true.
    case oneOf([Value])
    /// The column is greater (or equal).
    case above(Value, orEqual: Bool)
    /// The column is less (or equal).
    case below(Value, orEqual: Bool)
    /// The column is not NULL.
    case notNull
  }

  var column: Int
  /// How the condition compares text.
  var collation: Collation
  var test: Test
}

/// An expression without columns, by its value and the type that a CAST in it gives.
struct ConstantOperand {
  var value: Value
  var type: ValueType?
}

/// Takes conditions apart for one table, by the names it has in the statement.
struct ConjunctReader {
  let schema: TableSchema
  /// The table's names in the statement.
  let names: [String]
  /// Gives the value of an expression without columns; nil where it has none, or fails.
  let constant: (Expression) -> ConstantOperand?

  func read(_ condition: Expression?) -> [Conjunct] {
    guard let condition else { return [] }
    var result: [Conjunct] = []
    var waiting = [condition]
    while let next = waiting.popLast() {
      switch next {
      case .binary(.and, let left, let right):
        waiting.append(right)
        waiting.append(left)
      case .between(let operand, let low, let high, negated: false) where column(operand) != nil:
        waiting.append(.binary(.lessOrEqual, operand, high))
        waiting.append(.binary(.greaterOrEqual, operand, low))
      default:
        result.append(Conjunct(expression: next, term: term(next)))
      }
    }
    return result
  }

  /// The column that an expression is, and how it compares; COLLATE around it counts.
  func column(_ expression: Expression) -> (ordinal: Int, collation: Collation)? {
    switch expression {
    case .collate(let inner, let collation):
      return column(inner).map { ($0.ordinal, collation) }
    case .column(let reference):
      if let qualifier = reference.qualifier, !names.contains(where: { Names.equal($0, qualifier) }) {
        return nil
      }
      guard let ordinal = schema.ordinal(of: reference.name) else { return nil }
      return (ordinal, ordinal < schema.columns.count ? schema.columns[ordinal].collation : .binary)
    default:
      return nil
    }
  }

  private func term(_ expression: Expression) -> ColumnTerm? {
    switch expression {
    case .binary(.or, let left, let right):
      return alternatives(left, right)
    case .binary(let operation, let left, let right):
      guard let mirrored = operation.mirroredComparison else { return nil }
      if let subject = column(left), let operand = constant(right) {
        return comparison(operation, subject.ordinal, collation(left, right, subject.collation), operand)
      }
      if let subject = column(right), let operand = constant(left) {
        return comparison(mirrored, subject.ordinal, collation(left, right, subject.collation), operand)
      }
      return nil
    case .isNull(let operand, let negated):
      guard let subject = column(operand) else { return nil }
      return ColumnTerm(
        column: subject.ordinal, collation: subject.collation, test: negated ? .notNull : .oneOf([.null]))
    case .inList(let operand, let items, negated: false):
      guard let subject = column(operand) else { return nil }
      // The list's items count as expressions without a type.
      let conversion = Conversion.of(nil, against: type(subject.ordinal))
      var values: [Value] = []
      values.reserveCapacity(items.count)
      for item in items {
        guard let operand = constant(item) else { return nil }
        if operand.value != .null { values.append(conversion.apply(operand.value)) }
      }
      return ColumnTerm(column: subject.ordinal, collation: subject.collation, test: .oneOf(values))
    default:
      return nil
    }
  }

  private func type(_ ordinal: Int) -> ValueType {
    ordinal < schema.columns.count ? schema.columns[ordinal].type : .integer
  }

  /// An explicit COLLATE of the left side goes first, then one of the right, then the column's own.
  private func collation(_ left: Expression, _ right: Expression, _ own: Collation) -> Collation {
    if case .collate(_, let explicit) = left { return explicit }
    if case .collate(_, let explicit) = right { return explicit }
    return own
  }

  private func comparison(
    _ operation: BinaryOperator, _ column: Int, _ collation: Collation, _ operand: ConstantOperand
  ) -> ColumnTerm? {
    // The constant is converted as the comparison would convert it; where the column would be, nothing is known.
    let columnType = type(column)
    if Conversion.of(columnType, against: operand.type) != .none { return nil }
    let value = Conversion.of(operand.type, against: columnType).apply(operand.value)
    let test: ColumnTerm.Test
    switch operation {
    case .equal: test = value == .null ? .oneOf([]) : .oneOf([value])
    case .identical: test = .oneOf([value])
    case .notIdentical where value == .null: test = .notNull
    case .less: test = value == .null ? .oneOf([]) : .below(value, orEqual: false)
    case .lessOrEqual: test = value == .null ? .oneOf([]) : .below(value, orEqual: true)
    case .greater: test = value == .null ? .oneOf([]) : .above(value, orEqual: false)
    case .greaterOrEqual: test = value == .null ? .oneOf([]) : .above(value, orEqual: true)
    default: return nil
    }
    return ColumnTerm(column: column, collation: collation, test: test)
  }

  /// `c = 1 OR c = 2 OR …` says what IN says.
  private func alternatives(_ left: Expression, _ right: Expression) -> ColumnTerm? {
    var waiting = [right, left]
    var joined: ColumnTerm?
    while let next = waiting.popLast() {
      if case .binary(.or, let a, let b) = next {
        waiting.append(b)
        waiting.append(a)
        continue
      }
      guard let one = term(next), case .oneOf(let values) = one.test else { return nil }
      guard let before = joined, case .oneOf(let earlier) = before.test else {
        joined = one
        continue
      }
      guard before.column == one.column, before.collation == one.collation else { return nil }
      joined?.test = .oneOf(earlier + values)
    }
    return joined
  }
}

extension BinaryOperator {
  /// The operator with its operands exchanged; nil if it is no comparison.
  var mirroredComparison: BinaryOperator? {
    switch self {
    case .equal, .notEqual, .identical, .notIdentical: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: nil
    }
  }
}
