/// The conditions that a path leaves to be checked on each row: simple ones on the row's bytes, the others by
/// evaluation.
struct RowFilter {
  /// A condition on one column that needs no value to be made.
  private enum Test {
    case integer(Int, ClosedRange<Int64>)
    case real(Int, ClosedRange<Double>)
    case text(Int, [UInt8])
    case null(Int, Bool)
    /// Nothing passes.
    case never
  }

  private var tests: [Test] = []
  private var rest: CompiledExpression?

  /// All rows pass.
  init() {}

  /// - Parameter readsViews: false if rows come as values, as those of an index alone do.
  init(
    _ conjuncts: [Conjunct], of schema: TableSchema, readsViews: Bool, in scope: ExpressionScope
  ) throws(UpkeepError) {
    var left: Expression?
    for conjunct in conjuncts {
      if readsViews, let term = conjunct.term, let test = Self.test(term, schema) {
        tests.append(test)
      } else {
        left = .joined(left, conjunct.expression)
      }
    }
    if let left { rest = try CompiledExpression.compile(left, in: scope) }
  }

  /// Whether rows must be put into the context before they are checked.
  var isEvaluating: Bool { rest != nil }
  /// Whether every row passes.
  var isEmpty: Bool { tests.isEmpty && rest == nil }

  /// - Parameter context: holds the row in slot 0 if `isEvaluating`.
  @inline(__always)
  func passes(_ view: RowView, _ context: EvaluationContext) throws(UpkeepError) -> Bool {
    for test in tests where !(try Self.passes(test, view)) { return false }
    guard let rest else { return true }
    context.set(slot: 0, view: view)
    return try rest.isTrue(context)
  }

  /// For rows that come as values, in slot 0 of the context.
  func passes(_ context: EvaluationContext) throws(UpkeepError) -> Bool { try rest?.isTrue(context) ?? true }

  @inline(__always)
  private static func passes(_ test: Test, _ view: RowView) throws(UpkeepError) -> Bool {
    switch test {
    case .integer(let column, let range):
      guard let value = try view.integer(column) else { return false }
      return range.lowerBound <= value && value <= range.upperBound
    case .real(let column, let range):
      guard let value = try view.real(column) else { return false }
      return range.lowerBound <= value && value <= range.upperBound
    case .text(let column, let wanted):
      return try view.withBytes(column) { bytes throws(UpkeepError) in
        guard let bytes, bytes.count == wanted.count else { return false }
        return Bytes.compare(bytes, wanted) == 0
      }
    case .null(let column, let isNull):
      return view.isNull(column) == isNull
    case .never:
      return false
    }
  }

  private static func test(_ term: ColumnTerm, _ schema: TableSchema) -> Test? {
    let type = term.column < schema.columns.count ? schema.columns[term.column].type : .integer
    switch term.test {
    case .notNull: return .null(term.column, false)
    case .oneOf(let values):
      if values.isEmpty { return .never }
      guard values.count == 1, let value = values.first else { return nil }
      return value == .null ? .null(term.column, true) : equality(value, term, type)
    case .above(let value, let orEqual): return comparison(value, orEqual, isLower: true, term, type)
    case .below(let value, let orEqual): return comparison(value, orEqual, isLower: false, term, type)
    }
  }

  private static func equality(_ value: Value, _ term: ColumnTerm, _ type: ValueType) -> Test? {
    guard let constant = constant(value, type) else { return nil }
    switch constant {
    case .exact(.integer(let integer)) where type == .integer: return .integer(term.column, integer...integer)
    case .exact(.real(let real)) where type == .real: return .real(term.column, real...real)
    case .exact(.text(let text)) where type == .text && term.collation == .binary:
      return .text(term.column, Array(text.utf8))
    case .justAbove, .belowAll, .aboveAll: return .never
    default: return nil
    }
  }

  private static func comparison(
    _ value: Value, _ orEqual: Bool, isLower: Bool, _ term: ColumnTerm, _ type: ValueType
  ) -> Test? {
    guard let constant = constant(value, type) else { return nil }
    var orEqual = orEqual
    let bound: Value
    switch constant {
    case .exact(let exact): bound = exact
    case .justAbove(let below):
      bound = below
      orEqual = !isLower
    case .belowAll: return isLower ? .null(term.column, false) : .never
    case .aboveAll: return isLower ? .never : .null(term.column, false)
    case .unusable: return nil
    }
    switch bound {
    case .integer(let integer):
      if isLower {
        if orEqual { return .integer(term.column, integer...Int64.max) }
        return integer == .max ? .never : .integer(term.column, integer + 1...Int64.max)
      }
      if orEqual { return .integer(term.column, Int64.min...integer) }
      return integer == .min ? .never : .integer(term.column, Int64.min...integer - 1)
    case .real(let real):
      if isLower {
        if orEqual { return .real(term.column, real...Double.infinity) }
        return real == .infinity ? .never : .real(term.column, real.nextUp...Double.infinity)
      }
      if orEqual { return .real(term.column, -Double.infinity...real) }
      return real == -.infinity ? .never : .real(term.column, -Double.infinity...real.nextDown)
    default:
      return nil
    }
  }

  /// Only numbers and text of typed columns are tested here.
  private static func constant(_ value: Value, _ type: ValueType) -> KeyConstant? {
    switch type {
    case .integer, .real, .text: KeyConstant(value, for: type)
    default: nil
    }
  }
}
