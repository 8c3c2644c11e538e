/// A WHERE taken apart: the conditions that all must hold, and for each what it says about one column.
struct Conjunct {
  /// The condition itself.
  var expression: Expression
  /// What it says about one column by constants, if it is of that kind.
  var term: ColumnTerm?
  /// Whether another run may give another term: by other parameters, or at another time.
  var readsParameters = false
}

/// What a condition says about the value of one column or indexed expression: what key ranges are made of.
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

  /// A column, or an indexed expression by its number in the table.
  var subject: Int
  /// How the condition compares text.
  var collation: Collation
  var test: Test
}

/// An expression without columns, by its value and the type that a CAST in it gives.
struct ConstantOperand {
  var value: Value
  var type: ValueType?
}

/// The values of a query on the right of IN, each once and without NULL, and the type that they all have.
struct ConstantList {
  var values: [Value]
  var type: ValueType?
}

/// Takes conditions apart for one table, by the names it has in the statement.
struct ConjunctReader {
  let schema: TableSchema
  /// The table's names in the statement.
  let names: [String]
  /// Gives the values of expressions without columns.
  let statement: StatementContext

  private let indexed: [IndexPartSchema]

  init(schema: TableSchema, names: [String], _ statement: StatementContext) {
    self.schema = schema
    self.names = names
    self.statement = statement
    indexed = schema.indexedExpressions
  }

  private func constant(_ expression: Expression) -> ConstantOperand? { statement.constant(expression) }

  func read(_ condition: Expression?) -> [Conjunct] {
    guard let condition else { return [] }
    var result: [Conjunct] = []
    var waiting = [condition]
    while let next = waiting.popLast() {
      switch next {
      case .binary(.and, let left, let right):
        waiting.append(right)
        waiting.append(left)
      case .between(let operand, let low, let high, negated: false) where subject(operand) != nil:
        waiting.append(.binary(.lessOrEqual, operand, high))
        waiting.append(.binary(.greaterOrEqual, operand, low))
      default:
        result.append(Conjunct(expression: next, term: term(next), readsParameters: next.variesByRun))
      }
    }
    return result
  }

  /// The same conditions, for other parameters.
  func read(again conjuncts: [Conjunct]) -> [Conjunct] {
    var conjuncts = conjuncts
    for number in conjuncts.indices where conjuncts[number].readsParameters {
      conjuncts[number].term = term(conjuncts[number].expression)
    }
    return conjuncts
  }

  /// What conditions can be about.
  struct Subject {
    /// A column, or an indexed expression by its number in the table.
    var number: Int
    /// How it compares; COLLATE around it counts.
    var collation: Collation
    /// What it converts others to in comparisons.
    var type: ValueType?
  }

  /// The column or indexed expression that an expression is.
  func subject(_ expression: Expression) -> Subject? {
    switch expression {
    case .collate(let inner, let collation):
      guard var subject = subject(inner) else { return nil }
      subject.collation = collation
      return subject
    case .column(let reference):
      if let qualifier = reference.qualifier, !names.contains(where: { Names.equal($0, qualifier) }) {
        return nil
      }
      guard let ordinal = schema.ordinal(of: reference.name) else { return nil }
      guard ordinal < schema.columns.count else {
        return Subject(number: ordinal, collation: .binary, type: .integer)
      }
      let column = schema.columns[ordinal]
      return Subject(number: ordinal, collation: column.collation, type: column.type)
    default:
      guard !indexed.isEmpty else { return nil }
      guard let number = schema.subject(of: schema.ownNames(expression, names: names)) else { return nil }
      let compiled = indexed[number - schema.columns.count - 1].compiled
      return Subject(number: number, collation: compiled.collation ?? .binary, type: compiled.type)
    }
  }

  private func term(_ expression: Expression) -> ColumnTerm? {
    switch expression {
    case .binary(.or, let left, let right):
      return alternatives(left, right)
    case .binary(let operation, let left, let right):
      guard let mirrored = operation.mirroredComparison else { return nil }
      if let subject = subject(left), let operand = constant(right) {
        return comparison(operation, subject, collation(left, right, subject.collation), operand)
      }
      if let subject = subject(right), let operand = constant(left) {
        return comparison(mirrored, subject, collation(left, right, subject.collation), operand)
      }
      return nil
    case .isNull(let operand, let negated):
      guard let subject = subject(operand) else { return nil }
      return ColumnTerm(
        subject: subject.number, collation: subject.collation, test: negated ? .notNull : .oneOf([.null]))
    case .inList(let operand, let items, negated: false):
      guard let subject = subject(operand) else { return nil }
      // The list's items count as expressions without a type.
      let conversion = Conversion.of(nil, against: subject.type)
      var values: [Value] = []
      values.reserveCapacity(items.count)
      for item in items {
        guard let operand = constant(item) else { return nil }
        if operand.value != .null { values.append(conversion.apply(operand.value)) }
      }
      return ColumnTerm(subject: subject.number, collation: subject.collation, test: .oneOf(values))
    case .inQuery(let operand, let query, negated: false):
      return membership(operand, query)
    default:
      return nil
    }
  }

  /// `c IN (SELECT …)` says what a list of the query's values says, where c is in a key and they are not too many.
  private func membership(_ operand: Expression, _ query: Query) -> ColumnTerm? {
    guard let subject = subject(operand), subject.number <= schema.columns.count,
      schema.isInKeys(subject.number),
      let list = statement.list(query, most: KeySearch.mostPoints),
      Conversion.of(subject.type, against: list.type) == .none
    else { return nil }
    let conversion = Conversion.of(list.type, against: subject.type)
    return ColumnTerm(
      subject: subject.number, collation: subject.collation, test: .oneOf(list.values.map(conversion.apply)))
  }

  /// An explicit COLLATE of the left side goes first, then one of the right, then the column's own.
  private func collation(_ left: Expression, _ right: Expression, _ own: Collation) -> Collation {
    if case .collate(_, let explicit) = left { return explicit }
    if case .collate(_, let explicit) = right { return explicit }
    return own
  }

  private func comparison(
    _ operation: BinaryOperator, _ subject: Subject, _ collation: Collation, _ operand: ConstantOperand
  ) -> ColumnTerm? {
    // The constant is converted as the comparison would convert it; where the column would be, nothing is known.
    if Conversion.of(subject.type, against: operand.type) != .none { return nil }
    let value = Conversion.of(operand.type, against: subject.type).apply(operand.value)
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
    return ColumnTerm(subject: subject.number, collation: collation, test: test)
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
      guard before.subject == one.subject, before.collation == one.collation else { return nil }
      joined?.test = .oneOf(earlier + values)
    }
    return joined
  }
}

extension Expression {
  /// Whether another run of the statement may give it another value: a parameter stands in it, or a function, which may
  /// tell the time.
  var variesByRun: Bool {
    var found = false
    _ = replacing { part in
      switch part {
      case .parameter, .function: found = true
      default: break
      }
      return nil
    }
    return found
  }

  /// The conditions of which one must hold, where it is an OR; else itself.
  var alternatives: [Expression] {
    var found: [Expression] = []
    var waiting = [self]
    while let next = waiting.popLast() {
      guard case .binary(.or, let left, let right) = next else {
        found.append(next)
        continue
      }
      waiting.append(right)
      waiting.append(left)
    }
    return found
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
