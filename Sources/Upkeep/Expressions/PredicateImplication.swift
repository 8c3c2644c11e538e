/// Whether one condition can only be true where another is: whether a WHERE allows the use of a partial index, or
/// a conflict target means one.
///
/// Both are taken apart at AND. Each part of the predicate must follow from a part of the condition: because they are
/// equal, because a comparison is narrower (`x > 5` implies `x > 3`, `x = 'a'` implies `x <> ''`), or because a
/// column that is compared is not NULL. An OR or IN in the condition must imply it in each of its cases.
package struct PredicateImplication {
  /// The columns that names mean. Without them types and collations are not known, and comparisons with different
  /// constants imply nothing.
  private let columns: ColumnList?
  /// How many cases of OR and IN may still be looked at.
  private var casesLeft = 1000

  private init(columns: ColumnList?) { self.columns = columns }

  /// Whether every row for which `condition` is true is a row for which `predicate` is true. A "no" may be wrong, a
  /// "yes" never is. No predicate is always implied.
  package static func implies(
    _ condition: Expression?, _ predicate: Expression?, columns: ColumnList? = nil
  ) -> Bool {
    guard let predicate else { return true }
    guard let condition else { return false }
    var implication = PredicateImplication(columns: columns)
    guard let known = implication.conjuncts(condition, depth: 0),
      let wanted = implication.conjuncts(predicate, depth: 0)
    else { return false }
    return wanted.allSatisfy { implication.implied($0, by: known, depth: 0) }
  }

  // MARK: One form for what is written in several

  /// The parts of a condition between its ANDs, normalised; nil if it is nested too deep.
  private func conjuncts(_ e: Expression, depth: Int) -> [Expression]? {
    if depth > Expression.maximumDepth { return nil }
    switch e {
    case .binary(.and, let a, let b):
      guard let left = conjuncts(a, depth: depth + 1), let right = conjuncts(b, depth: depth + 1) else {
        return nil
      }
      return left + right
    case .between(let x, let low, let high, negated: false):
      guard let a = normal(.binary(.greaterOrEqual, x, low), depth),
        let b = normal(.binary(.lessOrEqual, x, high), depth)
      else { return nil }
      return [a, b]
    default:
      return normal(e, depth).map { [condition($0)] }
    }
  }

  /// A bare number column as a condition is `x <> 0`.
  private func condition(_ e: Expression) -> Expression {
    switch e {
    case .column where isNumber(e): .binary(.notEqual, e, .literal(.integer(0)))
    case .unary(.not, let inner) where isNumber(inner): .binary(.equal, inner, .literal(.integer(0)))
    default: e
    }
  }

  private func isNumber(_ e: Expression) -> Bool {
    guard case .column(let reference) = e, let columns, let ordinal = columns.ordinal(of: reference.name)
    else {
      return false
    }
    guard ordinal < columns.columns.count else { return true }
    switch columns.columns[ordinal].type {
    case .integer, .real, .boolean: return true
    default: return false
    }
  }

  /// Names in lower case and without the table, constants on the right, NOT drawn into comparisons.
  private func normal(_ e: Expression, _ depth: Int) -> Expression? {
    if depth > Expression.maximumDepth { return nil }
    func inner(_ e: Expression) -> Expression? { normal(e, depth + 1) }
    func all(_ list: [Expression]) -> [Expression]? {
      let normalised = list.compactMap(inner)
      return normalised.count == list.count ? normalised : nil
    }
    switch e {
    case .literal, .parameter:
      return e
    case .column(let reference):
      let qualifier = reference.qualifier.map(Names.folded)
      let isOther = qualifier == "excluded" || qualifier == "old" || qualifier == "new"
      return .column(ColumnReference(Names.folded(reference.name), of: isOther ? qualifier : nil))
    case .unary(let op, let operand):
      guard let x = inner(operand) else { return nil }
      return unary(op, x)
    case .binary(let op, let left, let right):
      guard let a = inner(left), let b = inner(right) else { return nil }
      if case .literal = a, op.isComparison {
        if case .literal = b { return .binary(op, a, b) }
        return .binary(op.mirrored, b, a)
      }
      return .binary(op, a, b)
    case .isNull(let operand, let negated):
      return inner(operand).map { .isNull($0, negated: negated) }
    case .inList(let operand, let list, let negated):
      guard let x = inner(operand), let items = all(list) else { return nil }
      if items.count == 1 { return .binary(negated ? .notEqual : .equal, x, items[0]) }
      return .inList(x, items, negated: negated)
    case .between(let x, let low, let high, let negated):
      guard let x = inner(x), let low = inner(low), let high = inner(high) else { return nil }
      return .between(x, low, high, negated: negated)
    case .like(let x, let pattern, let escape, let negated):
      guard let x = inner(x), let pattern = inner(pattern) else { return nil }
      return .like(x, pattern: pattern, escape: escape, negated: negated)
    case .cases(let operand, let branches, let otherwise):
      // Names within a CASE stay as they are written: such conditions are equal only if written alike.
      return .cases(operand: operand, branches: branches, otherwise: otherwise)
    case .cast(let operand, let type):
      return inner(operand).map { .cast($0, type) }
    case .function(let name, let arguments):
      return all(arguments).map { .function(Names.folded(name), $0) }
    case .aggregate, .window, .subquery, .exists, .inQuery, .row:
      return e
    case .collate(let operand, let collation):
      return inner(operand).map { .collate($0, collation) }
    }
  }

  private func unary(_ op: UnaryOperator, _ x: Expression) -> Expression {
    switch (op, x) {
    case (.minus, .literal(let value)): .literal(Arithmetic.negated(value))
    case (.not, .unary(.not, let twice)): twice
    case (.not, .isNull(let operand, let negated)): .isNull(operand, negated: !negated)
    case (.not, .inList(let operand, let list, let negated)): .inList(operand, list, negated: !negated)
    case (.not, .binary(let comparison, let a, let b)):
      comparison.complement.map { .binary($0, a, b) } ?? .unary(op, x)
    default: .unary(op, x)
    }
  }

  // MARK: What follows from what

  private mutating func implied(_ wanted: Expression, by known: [Expression], depth: Int) -> Bool {
    if known.contains(wanted) { return true }
    if depth > 20 { return false }
    if case .binary(.or, let a, let b) = wanted {
      guard let left = conjuncts(a, depth: depth), let right = conjuncts(b, depth: depth) else {
        return false
      }
      for side in [left, right] where side.allSatisfy({ implied($0, by: known, depth: depth + 1) }) {
        return true
      }
    }
    if case .inList(let x, let items, negated: false) = wanted {
      for item in items where implied(.binary(.equal, x, item), by: known, depth: depth + 1) { return true }
    }
    for (position, part) in known.enumerated() {
      if follows(wanted, from: part) { return true }
      let cases = cases(of: part)
      casesLeft -= cases.count
      if cases.isEmpty || casesLeft < 0 { continue }
      var others = known
      others.remove(at: position)
      var holds = true
      for alternative in cases {
        guard let parts = conjuncts(alternative, depth: depth),
          implied(wanted, by: others + parts, depth: depth + 1)
        else {
          holds = false
          break
        }
      }
      if holds { return true }
    }
    return false
  }

  /// What may make a condition true, one by one; empty for a condition that is one itself.
  private func cases(of part: Expression) -> [Expression] {
    switch part {
    case .binary(.or, let a, let b): [a, b]
    case .inList(let x, let items, negated: false): items.map { .binary(.equal, x, $0) }
    default: []
    }
  }

  private func follows(_ wanted: Expression, from part: Expression) -> Bool {
    if case .isNull(let x, negated: true) = wanted { return isNullIfNull(part, x, depth: 0) }
    guard let columns, case .binary(let wantedOp, let x, .literal(let wantedConstant)) = wanted,
      case .binary(let op, let y, .literal(let constant)) = part, x == y, op.isOrdering, wantedOp.isOrdering,
      wantedConstant.sound != .null, constant.sound != .null
    else { return false }
    var compiler = ExpressionCompiler(scope: ExpressionScope(names: [], columns: columns))
    guard let subject = try? compiler.compile(x, depth: 0) else { return false }
    let conversion = Conversion.of(nil, against: subject.affinity)
    let order = ValueOrder.compare(
      conversion.apply(constant), conversion.apply(wantedConstant), collation: subject.collation ?? .binary)
    return isNarrower(op, wantedOp, order)
  }

  /// Whether `x op k` implies `x wanted m`, where `order` is that of k to m.
  private func isNarrower(_ op: BinaryOperator, _ wanted: BinaryOperator, _ order: Int) -> Bool {
    switch (op, wanted) {
    case (.equal, _): wanted.holds(order)
    case (.notEqual, .notEqual): order == 0
    case (.less, .less), (.less, .lessOrEqual), (.less, .notEqual), (.lessOrEqual, .lessOrEqual): order <= 0
    case (.lessOrEqual, .less), (.lessOrEqual, .notEqual): order < 0
    case (.greater, .greater), (.greater, .greaterOrEqual), (.greater, .notEqual),
      (.greaterOrEqual, .greaterOrEqual):
      order >= 0
    case (.greaterOrEqual, .greater), (.greaterOrEqual, .notEqual): order > 0
    default: false
    }
  }

  /// Whether an expression is NULL wherever `x` is, so that it cannot be true there.
  private func isNullIfNull(_ e: Expression, _ x: Expression, depth: Int) -> Bool {
    if e == x { return true }
    if depth > 20 { return false }
    func strict(_ e: Expression) -> Bool { isNullIfNull(e, x, depth: depth + 1) }
    switch e {
    case .unary(_, let operand), .collate(let operand, _), .cast(let operand, _):
      return strict(operand)
    case .binary(let op, let a, let b):
      switch op {
      case .and, .or, .identical, .notIdentical: return false
      default: return strict(a) || strict(b)
      }
    case .inList(let operand, let list, let negated): return !(list.isEmpty && negated) && strict(operand)
    case .between(let operand, _, _, let negated): return !negated && strict(operand)
    case .like(let operand, let pattern, _, _): return strict(operand) || strict(pattern)
    case .function(let name, let arguments):
      return ["abs", "length", "lower", "upper", "trim", "hex", "round", "substr", "replace", "instr"]
        .contains(name)
        && arguments.contains(where: strict)
    default: return false
    }
  }
}

extension BinaryOperator {
  /// Whether it compares its operands.
  package var isComparison: Bool { isOrdering || self == .identical || self == .notIdentical }

  /// Whether it compares, and is NULL for NULL.
  var isOrdering: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }

  /// The comparison that is true where this one is false.
  var complement: BinaryOperator? {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    case .identical: .notIdentical
    case .notIdentical: .identical
    default: nil
    }
  }
}
