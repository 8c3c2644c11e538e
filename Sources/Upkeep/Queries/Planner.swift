internal import UpkeepStorage

/// What a statement asks of one table: the input of the planner.
struct PlanRequest {
  var schema: TableSchema
  /// The table's names in the statement.
  var names: [String]
  var condition: Expression?
  /// The columns that the statement reads besides those in its WHERE.
  var columns: Set<Int>
  /// The order wanted, as far as it is one of columns and indexed expressions.
  var order: [SubjectOrder] = []
  /// Whether `order` is all of the order wanted.
  var isOrderComplete = true
  /// Only the number of rows is wanted.
  var isCount = false
  /// The most rows that will be taken, OFFSET included, where that is known.
  var most: UInt64?
  /// Only ways that give the order are of use.
  var needsOrder = false
  /// How many rows there may be is asked for, besides how many are visited.
  var isEstimated = false
}

extension PlanRequest {
  /// What a row costs beside a row met in the scan of a table, which costs 1.
  enum Price {
    /// A row of an index, all of whose columns are read from the key.
    static let covering = 1.3
    /// A row of an index that is then looked up in the table.
    static let lookup = 6.0
    /// The start of a range.
    static let range = 8.0
    /// A row kept for a sort, for each doubling of their number.
    static let sort = 0.6
    /// How many rows it takes to find one that meets conditions nobody has counted.
    static let filter = 10.0
  }

  /// What it costs to take a way.
  func cost(of path: AccessPath) -> Double {
    let rows = Double(path.rowCount)
    if isCount && path.remaining.isEmpty { return Price.range * Double(path.search.ranges.count) }
    var met = rows
    var sorted = 0.0
    if isSorting(path) {
      let kept = min(rows, Double(most ?? .max))
      sorted = rows * Price.sort * max(1, Double((kept + 2).exponent) / 4)
    } else if let most {
      met = min(rows, Double(most) * (path.remaining.isEmpty ? 1 : Price.filter))
    }
    let price = path.index == nil ? 1.0 : path.isCovering ? Price.covering : Price.lookup
    if needsOrder && !path.isOrdered { return .infinity }
    return met * price + sorted + Double(path.search.ranges.count) * Price.range
  }

  /// The most rows that a way meets, where that does not depend on how many there are.
  func mostMet(_ path: AccessPath) -> UInt64? {
    guard let most, !isCount, path.remaining.isEmpty, !isSorting(path) else { return nil }
    return most
  }

  private func isSorting(_ path: AccessPath) -> Bool {
    let isOrderWanted = !order.isEmpty || !isOrderComplete
    return isOrderWanted && !(path.isOrdered && isOrderComplete)
  }
}

/// One term of ORDER BY that is a column or an indexed expression.
struct SubjectOrder: Equatable {
  /// A column, or an indexed expression by its number in the table.
  var subject: Int
  var collation: Collation
  var isDescending: Bool
  var nullsFirst: Bool
}

/// Chooses among the ways to a table's rows by counting: how many rows lie in a key range is a question
/// of two descents, so no statistics are kept and none can be stale.
struct Planner {
  let scope: TransactionScope
  let request: PlanRequest
  let conjuncts: [Conjunct]
  private let statement: StatementContext

  init(_ scope: TransactionScope, _ request: PlanRequest, _ statement: StatementContext) {
    self.scope = scope
    self.request = request
    self.statement = statement
    let reader = ConjunctReader(schema: request.schema, names: request.names, statement)
    conjuncts = reader.read(request.condition)
  }

  /// For conditions that were read before, with other parameters.
  init(
    _ scope: TransactionScope, _ request: PlanRequest, _ statement: StatementContext,
    again conjuncts: [Conjunct]
  ) {
    self.scope = scope
    self.request = request
    self.statement = statement
    self.conjuncts = ConjunctReader(schema: request.schema, names: request.names, statement).read(
      again: conjuncts)
  }

  /// The way that was taken before, if it is still so cheap that to look for a cheaper one would cost more.
  func again(_ before: AccessPath) throws(UpkeepError) -> AccessPath? {
    guard before.cases.isEmpty else { return nil }
    let path = try path(before.index, like: before)
    return path.isPoint || path.search.ranges.isEmpty || path.cost <= AccessPath.cheap ? path : nil
  }

  /// The cheapest way; among equals the table first, then indexes as they were created, then the cases of an OR.
  func best() throws(UpkeepError) -> AccessPath {
    var best = try cheapest()
    if request.isEstimated { best.estimate = try estimate(best) }
    return best
  }

  private func cheapest() throws(UpkeepError) -> AccessPath {
    var best = try single()
    if best.isPoint || best.search.ranges.isEmpty { return best }
    for (number, conjunct) in conjuncts.enumerated() where conjunct.term == nil {
      guard case .binary(.or, _, _) = conjunct.expression else { continue }
      if let path = try cases(of: number), path.cost < best.cost { best = path }
    }
    return best
  }

  /// The cheapest way by one tree.
  private func single() throws(UpkeepError) -> AccessPath {
    var best = try path(nil)
    if best.isPoint { return best }
    for index in request.schema.indexes {
      guard isUsable(index) else { continue }
      let path = try path(index)
      if path.isPoint { return path }
      if path.cost < best.cost { best = path }
    }
    return best
  }

  /// A partial index lacks the rows outside its predicate: it serves only where the WHERE implies it.
  private func isUsable(_ index: IndexSchema) -> Bool {
    guard let predicate = index.predicateExpression else { return true }
    guard let condition = request.condition else { return false }
    return PredicateImplication.implies(condition, predicate, columns: request.schema.columnList)
  }

  /// - Parameter before: the same way for other parameters; then nothing is noted for people.
  private func path(
    _ index: IndexSchema?, like before: AccessPath? = nil
  ) throws(UpkeepError) -> AccessPath {
    let schema = request.schema
    let parts = index.map { schema.searchParts(of: $0) } ?? schema.searchParts
    let search = KeySearch(parts, conjuncts, names: before == nil ? { schema.subjectName($0) } : nil)
    var remaining: [Int] = []
    for (number, conjunct) in conjuncts.enumerated() where !search.settled.contains(number) {
      if let predicate = index?.predicateExpression,
        PredicateImplication.implies(predicate, conjunct.expression, columns: schema.columnList)
      {
        continue
      }
      remaining.append(number)
    }
    let isWholeKey = search.pointParts == parts.count && !parts.isEmpty && !search.hasNull
    let isUnique = index?.isUnique ?? true
    var path = AccessPath(
      index: index, search: search, remaining: remaining, isCovering: false,
      isPoint: isUnique && isWholeKey && search.ranges.count <= 1, isOrdered: false, isBackward: false,
      rowCount: 1, cost: 0)
    if let before, before.remaining == remaining {
      path.isCovering = before.isCovering
    } else if let index {
      path.isCovering = isCovering(index, remaining)
    }
    let order = orderGiven(by: parts, of: index, search)
    path.isOrdered = path.isPoint || order != nil
    path.isBackward = order == .backward
    if !path.isPoint { path.rowCount = try count(path) }
    path.cost = request.cost(of: path)
    return path
  }

  /// The way by each case of an OR, if each has one and they lead to few rows.
  private func cases(of number: Int) throws(UpkeepError) -> AccessPath? {
    var rest: Expression?
    for (other, conjunct) in conjuncts.enumerated() where other != number {
      rest = .joined(rest, conjunct.expression)
    }
    let alternatives = conjuncts[number].expression.alternatives
    guard alternatives.count <= Self.mostCases else { return nil }
    var paths: [AccessPath] = []
    var cost = 0.0
    var rowCount: UInt64 = 0
    for alternative in alternatives {
      var own = request
      own.condition = .joined(rest, alternative)
      (own.columns, own.order, own.isOrderComplete, own.isCount, own.most) = ([], [], true, false, nil)
      own.needsOrder = false
      let path = try Planner(scope, own, statement).single()
      guard path.search.isBound, path.rowCount <= Self.mostGathered else { return nil }
      paths.append(path)
      rowCount += path.search.ranges.isEmpty ? 0 : path.rowCount
      cost +=
        Double(path.rowCount) * PlanRequest.Price.covering + Double(path.search.ranges.count)
        * PlanRequest.Price.range
    }
    guard rowCount <= Self.mostGathered else { return nil }
    let schema = request.schema
    let search = KeySearch([], [], names: { _ in "" })
    let order = orderGiven(by: schema.searchParts, of: nil, search)
    var path = AccessPath(
      index: nil, search: search, remaining: Array(conjuncts.indices), isCovering: false, isPoint: false,
      isOrdered: order != nil, isBackward: order == .backward, rowCount: rowCount, cost: 0, cases: paths)
    path.cost = cost + Double(rowCount) * (PlanRequest.Price.lookup + PlanRequest.Price.sort)
    if !request.order.isEmpty || !request.isOrderComplete, !path.isOrdered || !request.isOrderComplete {
      path.cost += Double(rowCount) * PlanRequest.Price.sort
    }
    return request.needsOrder && !path.isOrdered ? nil : path
  }

  /// More cases of an OR than these are checked row by row.
  private static let mostCases = 64
  /// The most keys that are gathered for the cases of an OR; they are kept in memory.
  private static let mostGathered: UInt64 = 65_536

  private func count(_ path: AccessPath) throws(UpkeepError) -> UInt64 {
    let ranges = path.search.ranges
    let reader = RowReader(scope)
    var total: UInt64 = 0
    // Many points are estimated by the first of them.
    let counted = min(ranges.count, 64)
    for range in ranges.prefix(counted) {
      if let index = path.index {
        total += try reader.count(index, in: range)
      } else {
        total += try reader.count(request.schema, in: range)
      }
    }
    if counted < ranges.count { total = total * UInt64(ranges.count) / UInt64(counted) }
    return total
  }

  private func isCovering(_ index: IndexSchema, _ remaining: [Int]) -> Bool {
    let given = request.schema.columnsGivenBack(by: index)
    guard request.columns.isSubset(of: given) else { return false }
    let expressions = ExpressionScope(names: request.names, columns: request.schema.columnList)
    return remaining.allSatisfy { number in
      guard let compiled = try? CompiledExpression.compile(conjuncts[number].expression, in: expressions)
      else {
        return false
      }
      return compiled.columnsRead.allSatisfy { given.contains($0.ordinal) }
    }
  }

  private enum Direction { case forward, backward }

  /// The direction in which the tree gives the wanted order; nil if neither does.
  private func orderGiven(by parts: [SearchPart], of index: IndexSchema?, _ search: KeySearch) -> Direction? {
    guard request.isOrderComplete else { return nil }
    guard !request.order.isEmpty else { return .forward }
    let schema = request.schema
    // Entries of a non-unique index go on with the primary key; a unique key without NULLs ends the order.
    let isUnique = index == nil || (index?.isUnique == true && !parts.contains { $0.isNullable })
    let tail = index == nil || index?.isUnique == true ? [] : schema.searchParts
    var direction: Direction?
    var terms = request.order[...]
    // What is the same in rows that are next to each other: of text in which case does not count, not its case.
    var constants: [Int: Collation] = [:]
    for part in parts.prefix(search.constantParts) { constants[part.subject] = part.equality }
    func isConstant(_ subject: Int, _ collation: Collation) -> Bool {
      constants[subject].map { $0 == .binary || $0 == collation } ?? false
    }
    for part in parts.dropFirst(search.constantParts) + tail {
      while let term = terms.first, isConstant(term.subject, term.collation) { terms = terms.dropFirst() }
      guard let term = terms.first else { return direction ?? .forward }
      let subject = part.subject
      if isConstant(subject, part.equality) { continue }
      guard term.subject == subject, term.collation == part.collation || !part.comparesText else {
        return nil
      }
      let wanted: Direction = term.isDescending == part.isDescending ? .forward : .backward
      if direction == nil { direction = wanted }
      guard direction == wanted else { return nil }
      // In keys NULLs lie at the low end, wherever that is.
      if part.isNullable, term.nullsFirst == term.isDescending { return nil }
      constants[subject] = part.equality
      terms = terms.dropFirst()
    }
    while let term = terms.first, isConstant(term.subject, term.collation) { terms = terms.dropFirst() }
    return terms.isEmpty || isUnique || !tail.isEmpty ? direction ?? .forward : nil
  }
}
