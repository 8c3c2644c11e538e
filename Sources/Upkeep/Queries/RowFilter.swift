/// The conditions that a path leaves to be checked on each row: simple ones on the row's bytes, the others by
/// evaluation.
final class RowFilter {
  /// A condition on one column that needs no value to be made. It counts no references.
  private enum Test {
    case integer(Int, ClosedRange<Int64>)
    case real(Int, ClosedRange<Double>)
    /// The column holds the text, which is one of `texts`.
    case text(Int, Int)
    case null(Int, Bool)
    /// The text in the column matches the pattern, which is one of `patterns`, or does not.
    case like(Int, Int, isNegated: Bool)
    /// Nothing passes.
    case never
  }

  private let tests: UnsafeMutableBufferPointer<Test>
  private let texts: [[UInt8]]
  private let patterns: [LikePattern]
  private let rest: ExpressionNode?

  /// - Parameter readsViews: false if rows come as values, as those of an index alone do.
  init(
    _ conjuncts: [Conjunct], of schema: TableSchema, readsViews: Bool, in scope: ExpressionScope
  ) throws(UpkeepError) {
    var left: Expression?
    var tests: [Test] = []
    var texts: [[UInt8]] = []
    var patterns: [LikePattern] = []
    for conjunct in conjuncts {
      if readsViews, let term = conjunct.term, let test = Self.test(term, schema, &texts) {
        tests.append(test)
      } else if readsViews, left == nil, case .like = conjunct.expression,
        let like = try CompiledExpression.compile(conjunct.expression, in: scope).node as? LikeNode,
        let test = Self.test(like, schema, &patterns)
      {
        tests.append(test)
      } else {
        left = .joined(left, conjunct.expression)
      }
    }
    rest = try left.map { left throws(UpkeepError) in try CompiledExpression.compile(left, in: scope).node }
    self.texts = texts
    self.patterns = patterns
    self.tests = .allocate(capacity: tests.count)
    _ = self.tests.initialize(from: tests)
  }

  deinit { tests.deallocate() }

  /// - Parameter context: slot 0 becomes the row where the conditions must be evaluated.
  @inline(__always)
  func passes(_ view: RowView, _ context: EvaluationContext) throws(UpkeepError) -> Bool {
    for test in tests where !(try passes(test, view)) { return false }
    return try passesRest(view, context)
  }

  /// The same for a row of a batch that was narrowed.
  @inline(__always)
  func passesRest(_ view: RowView, _ context: EvaluationContext) throws(UpkeepError) -> Bool {
    guard let rest else { return true }
    context.set(slot: 0, view: view)
    return try rest.truth(context) == .true
  }

  /// For rows that come as values, in slot 0 of the context.
  func passes(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    guard let rest else { return true }
    return try rest.truth(context) == .true
  }

  @inline(__always)
  private func passes(_ test: Test, _ view: RowView) throws(UpkeepError) -> Bool {
    switch test {
    case .integer(let column, let range):
      guard let value = try view.integer(column) else { return false }
      return range.lowerBound <= value && value <= range.upperBound
    case .real(let column, let range):
      guard let value = try view.real(column) else { return false }
      return range.lowerBound <= value && value <= range.upperBound
    case .text(let column, let number):
      return try isText(view, column, texts[number])
    case .null(let column, let isNull):
      return view.isNull(column) == isNull
    case .like(let column, let number, let isNegated):
      return try view.withBytes(column) { bytes throws(UpkeepError) in
        guard let bytes else { return false }
        return try patterns[number].matches(bytes) != isNegated
      }
    case .never:
      return false
    }
  }

  // MARK: Many rows

  /// Whether some conditions need no row in a context.
  var hasTests: Bool { !tests.isEmpty }
  /// Whether some conditions must be evaluated.
  var hasRest: Bool { rest != nil }

  /// Leaves the rows of a batch for which the simple conditions hold.
  ///
  /// - Returns: what is wrong with the row behind those that are left, if one could not be read.
  func narrow(_ batch: RowBatch) -> UpkeepError? {
    var failure: UpkeepError?
    for test in tests {
      do throws(UpkeepError) { try narrow(batch, by: test) } catch { failure = error }
    }
    return failure
  }

  /// The same for the conditions that must be evaluated.
  func narrowByRest(_ batch: RowBatch, _ context: EvaluationContext) -> UpkeepError? {
    guard let rest else { return nil }
    var kept = 0
    defer { batch.count = kept }
    for row in 0..<batch.count {
      context.set(slot: 0, view: batch.view(row))
      do throws(UpkeepError) {
        guard try rest.truth(context) == .true else { continue }
      } catch {
        return error
      }
      batch.move(row, to: kept)
      kept += 1
    }
    return nil
  }

  private func narrow(_ batch: RowBatch, by test: Test) throws(UpkeepError) {
    var kept = 0
    defer { batch.count = kept }
    switch test {
    case .integer(let column, let range):
      let (low, high) = (range.lowerBound, range.upperBound)
      try batch.forEachInteger(column) { row, integer in
        batch.move(row, to: kept)
        if let integer, low <= integer, integer <= high { kept &+= 1 }
      }
    case .real(let column, let range):
      let (low, high) = (range.lowerBound, range.upperBound)
      try batch.forEachReal(column) { row, real in
        batch.move(row, to: kept)
        if let real, low <= real, real <= high { kept &+= 1 }
      }
    case .text(let column, let number):
      try KeyBounds.borrow(texts[number]) { wanted throws(UpkeepError) in
        try batch.forEachBytes(column) { row, bytes in
          batch.move(row, to: kept)
          if let bytes, Bytes.equal(bytes, wanted) { kept &+= 1 }
        }
      }
    case .like(let column, let number, let isNegated):
      let pattern = patterns[number]
      try batch.forEachBytes(column) { row, bytes throws(UpkeepError) in
        batch.move(row, to: kept)
        if let bytes, try pattern.matches(bytes) != isNegated { kept &+= 1 }
      }
    case .null(let column, let isNull):
      for row in 0..<batch.count {
        batch.move(row, to: kept)
        if batch.view(row).isNull(column) == isNull { kept &+= 1 }
      }
    case .never: break
    }
  }

  private func isText(_ view: RowView, _ column: Int, _ wanted: [UInt8]) throws(UpkeepError) -> Bool {
    try view.withBytes(column) { bytes throws(UpkeepError) in
      guard let bytes, bytes.count == wanted.count else { return false }
      return Bytes.compare(bytes, wanted) == 0
    }
  }

  private static func test(_ term: ColumnTerm, _ schema: TableSchema, _ texts: inout [[UInt8]]) -> Test? {
    guard term.subject <= schema.columns.count else { return nil }
    let type = term.subject < schema.columns.count ? schema.columns[term.subject].type : .integer
    switch term.test {
    case .notNull: return .null(term.subject, false)
    case .oneOf(let values):
      if values.isEmpty { return .never }
      guard values.count == 1, let value = values.first else { return nil }
      return value == .null ? .null(term.subject, true) : equality(value, term, type, &texts)
    case .above(let value, let orEqual): return comparison(value, orEqual, isLower: true, term, type)
    case .below(let value, let orEqual): return comparison(value, orEqual, isLower: false, term, type)
    }
  }

  private static func test(_ like: LikeNode, _ schema: TableSchema, _ patterns: inout [LikePattern]) -> Test?
  {
    guard let (column, pattern, isNegated) = like.ofColumn, column.slot == 0,
      column.ordinal < schema.columns.count
    else { return nil }
    switch schema.columns[column.ordinal].type {
    case .text, .json: break
    default: return nil
    }
    patterns.append(pattern)
    return .like(column.ordinal, patterns.count - 1, isNegated: isNegated)
  }

  private static func equality(
    _ value: Value, _ term: ColumnTerm, _ type: ValueType, _ texts: inout [[UInt8]]
  ) -> Test? {
    guard let constant = constant(value, type) else { return nil }
    switch constant {
    case .exact(.integer(let integer)) where type == .integer:
      return .integer(term.subject, integer...integer)
    case .exact(.real(let real)) where type == .real: return .real(term.subject, real...real)
    case .exact(.text(let text)) where type == .text && term.collation == .binary:
      texts.append(Array(text.utf8))
      return .text(term.subject, texts.count - 1)
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
    case .belowAll: return isLower ? .null(term.subject, false) : .never
    case .aboveAll: return isLower ? .never : .null(term.subject, false)
    case .unusable: return nil
    }
    switch bound {
    case .integer(let integer):
      if isLower {
        if orEqual { return .integer(term.subject, integer...Int64.max) }
        return integer == .max ? .never : .integer(term.subject, integer + 1...Int64.max)
      }
      if orEqual { return .integer(term.subject, Int64.min...integer) }
      return integer == .min ? .never : .integer(term.subject, Int64.min...integer - 1)
    case .real(let real):
      if isLower {
        if orEqual { return .real(term.subject, real...Double.infinity) }
        return real == .infinity ? .never : .real(term.subject, real.nextUp...Double.infinity)
      }
      if orEqual { return .real(term.subject, -Double.infinity...real) }
      return real == -.infinity ? .never : .real(term.subject, -Double.infinity...real.nextDown)
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
