/// Makes the queries within the expressions of one scope ready. Written alike they are one: it runs once a row.
final class SubqueryScope: SubqueryCompiling, @unchecked Sendable {
  private var madeHost: QueryHost?
  private var commonTables: CommonTableScope?
  private let nesting: Int
  private var known: [Query: CompiledQuery] = [:]
  /// Of whom the host is asked for once it is needed: most statements have no such query.
  private let origin: (scope: TransactionScope, statement: StatementContext)?

  init(_ host: QueryHost, _ commonTables: CommonTableScope?, nesting: Int = 0) {
    madeHost = host
    self.commonTables = commonTables
    self.nesting = nesting
    origin = nil
  }

  /// For the expressions of a statement itself.
  init(_ scope: TransactionScope, _ statement: StatementContext) {
    origin = (scope, statement)
    nesting = 0
  }

  private var host: QueryHost {
    get throws(UpkeepError) {
      if let madeHost { return madeHost }
      guard let (scope, statement) = origin else {
        throw UpkeepError(.misuse, "a subquery cannot be used here")
      }
      commonTables = statement.commonTables(scope)
      let host = statement.host(scope)
      madeHost = host
      return host
    }
  }

  func step() throws(UpkeepError) {
    if let madeHost { try madeHost.statement.step() } else { try origin?.statement.step() }
  }

  func compile(_ query: Query, in scope: ExpressionScope) throws(UpkeepError) -> CompiledSubquery {
    let host = try host
    try host.statement.cancellation.check()
    // Where it is asked which names mean a column, queries that are alike are still several texts.
    if host.statement.columnUses == nil {
      if let before = known[query] { return before }
      if let before = host.known(query, commonTables) { return before }
    }
    let outer: OuterScope? = scope.slots.isEmpty && scope.outer == nil ? nil : OuterScope(scope)
    let place = QueryPlace(
      host: host, commonTables: commonTables, outer: outer, depth: scope.depth, nesting: nesting)
    let compiled = CompiledQuery(try QueryPlan(query, try place.inner()))
    if compiled.reads.isEmpty {
      host.note(compiled, query, commonTables)
    } else {
      known[query] = compiled
    }
    return compiled
  }
}

/// A query within an expression. What it gave is kept: for good if it reads nothing around it, else as long as what it
/// reads stays the same.
final class CompiledQuery: CompiledSubquery, @unchecked Sendable {
  let plan: QueryPlan
  private let readsInOrder: [OuterColumn]
  /// What was read around when the results below were found; nil before any was.
  private var readBefore: [Value]?
  private var first: [Value]??
  /// All values of its only column, each once, if it was run for them and they are not many.
  private var list: (values: [Value], hasNull: Bool)?
  private var sets: [MembershipTest: ValueSet] = [:]
  private var rowSets: [[MembershipTest]: MemberRows] = [:]

  init(_ plan: QueryPlan) {
    self.plan = plan
    readsInOrder = Array(plan.reads)
    super.init(columns: plan.columns, reads: plan.reads)
  }

  override func firstRow(_ context: EvaluationContext) throws(UpkeepError) -> [Value]? {
    try lookAround(context)
    if let first { return first }
    var found: [Value]?
    try plan.run(context, most: 1) { row throws(UpkeepError) in
      found = row
      return false
    }
    first = .some(found)
    return found
  }

  override func hasRow(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    try firstRow(context) != nil
  }

  /// The values of its only column, each once and without NULL; nil if there are more than so many.
  func values(most: Int) throws(UpkeepError) -> [Value]? {
    if let list { return list.values.count <= most ? list.values : nil }
    var known: Set<Value> = []
    var values: [Value] = []
    var hasNull = false
    try plan.run(nil) { row throws(UpkeepError) in
      if row[0] == .null {
        hasNull = true
      } else if known.insert(row[0]).inserted {
        values.append(row[0])
      }
      return values.count <= most
    }
    guard values.count <= most else { return nil }
    list = (values, hasNull)
    return values
  }

  override func contains(
    _ value: Value, _ test: MembershipTest, _ context: EvaluationContext
  ) throws(UpkeepError) -> Truth {
    try lookAround(context)
    if reads.isEmpty {
      let set = try valueSet(test, context)
      return try set.contains(value)
    }
    var result = Truth.false
    try plan.run(context) { row throws(UpkeepError) in
      let candidate = test.conversion.apply(row[0])
      if value == .null || candidate == .null {
        result = .unknown
        return value != .null
      }
      guard ValueOrder.equal(value, candidate, collation: test.collation) else { return true }
      result = .true
      return false
    }
    return result
  }

  private func valueSet(_ test: MembershipTest, _ context: EvaluationContext) throws(UpkeepError) -> ValueSet
  {
    if let known = sets[test] { return known }
    let set = ValueSet(test, plan.memory)
    if let list {
      // It ran before, and another time it might give others.
      for value in list.values { try set.insert(value) }
      if list.hasNull { try set.insert(.null) }
    } else {
      try plan.run(context) { row throws(UpkeepError) in
        try set.insert(row[0])
        return true
      }
    }
    sets[test] = set
    return set
  }

  override func contains(
    row: [Value], _ tests: [MembershipTest], _ context: EvaluationContext
  ) throws(UpkeepError) -> Truth {
    try lookAround(context)
    if reads.isEmpty {
      let known: MemberRows
      if let before = rowSets[tests] {
        known = before
      } else {
        known = MemberRows(tests, plan.memory)
        try plan.run(context) { row throws(UpkeepError) in
          try known.insert(row)
          return true
        }
        rowSets[tests] = known
      }
      if let found = try known.contains(row) { return found }
    }
    // NULLs are there: each row is compared by itself.
    var result = Truth.false
    try plan.run(context) { candidate throws(UpkeepError) in
      switch MemberRows.compare(row, candidate, tests) {
      case .true:
        result = .true
        return false
      case .unknown: result = .unknown
      case .false: break
      }
      return true
    }
    return result
  }

  /// Forgets what was found if something around it changed.
  private func lookAround(_ context: EvaluationContext) throws(UpkeepError) {
    if readsInOrder.isEmpty { return }
    var values: [Value] = []
    values.reserveCapacity(readsInOrder.count)
    for read in readsInOrder {
      var place = context
      for _ in 1..<read.level { place = place.outer ?? place }
      values.append(try place.value(read.column))
    }
    if let readBefore, readBefore.elementsEqual(values, by: { $0.isSame($1) }) { return }
    readBefore = values
    first = nil
  }
}

extension Value {
  /// Whether an expression could not tell it from another: 1 and 1.0 are told.
  fileprivate func isSame(_ other: Value) -> Bool { typeName == other.typeName && self == other }
}

/// The values of a query on the right of IN.
private final class ValueSet {
  private let test: MembershipTest
  private let rows: RowSet
  private var hasNull = false
  private var isEmpty = true

  init(_ test: MembershipTest, _ memory: QueryMemory) {
    self.test = test
    rows = RowSet([SubqueryColumn(name: "", type: nil, collation: test.collation)], memory)
  }

  func insert(_ value: Value) throws(UpkeepError) {
    isEmpty = false
    let value = test.conversion.apply(value)
    if value == .null { hasNull = true } else { _ = try rows.insert([value]) }
  }

  func contains(_ value: Value) throws(UpkeepError) -> Truth {
    if isEmpty { return .false }
    if value == .null { return .unknown }
    if try rows.contains([value]) { return .true }
    return hasNull ? .unknown : .false
  }
}

/// The rows of a query on the right of IN, where a row stands on the left.
private final class MemberRows {
  private let tests: [MembershipTest]
  private let rows: RowSet
  private var hasNull = false
  private var isEmpty = true

  init(_ tests: [MembershipTest], _ memory: QueryMemory) {
    self.tests = tests
    rows = RowSet(tests.map { SubqueryColumn(name: "", type: nil, collation: $0.collation) }, memory)
  }

  func insert(_ row: [Value]) throws(UpkeepError) {
    isEmpty = false
    let row = zip(row, tests).map { $1.conversion.apply($0) }
    if row.contains(.null) { hasNull = true } else { _ = try rows.insert(row) }
  }

  /// Nil where NULLs make it necessary to compare with every row.
  func contains(_ row: [Value]) throws(UpkeepError) -> Truth? {
    if isEmpty { return .false }
    if row.contains(.null) { return nil }
    if try rows.contains(row) { return .true }
    return hasNull ? nil : .false
  }

  /// Whether two rows are equal.
  static func compare(_ row: [Value], _ candidate: [Value], _ tests: [MembershipTest]) -> Truth {
    var result = Truth.true
    for (number, test) in tests.enumerated() {
      let other = test.conversion.apply(candidate[number])
      if row[number] == .null || other == .null {
        result = .unknown
      } else if !ValueOrder.equal(row[number], other, collation: test.collation) {
        return .false
      }
    }
    return result
  }
}
