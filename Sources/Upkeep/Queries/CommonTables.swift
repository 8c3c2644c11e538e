/// The tables of one WITH clause, and of those around it.
final class CommonTableScope {
  private let parent: CommonTableScope?
  private(set) var tables: [CommonTableSource] = []

  /// - Parameter place: where the clause stands; its tables' queries see what can be seen there.
  init(_ definitions: [CommonTable], _ place: QueryPlace) {
    parent = place.commonTables
    place.host.keep(self)
    for definition in definitions { tables.append(CommonTableSource(definition, place, of: self)) }
  }

  func find(_ name: String) -> CommonTableSource? {
    tables.first { Names.equal($0.definition.name, name) } ?? parent?.find(name)
  }

  /// All names that can be seen, for the nearest one.
  var names: [String] { tables.map(\.definition.name) + (parent?.names ?? []) }
}

/// One table of a WITH clause. Its query is made ready when it is first asked for.
///
/// If it is read in one place it hands its rows on as they come; in several they are kept, and found once.
final class CommonTableSource {
  let definition: CommonTable
  private var place: QueryPlace?
  private let memory: QueryMemory
  /// The tables that its query may name, itself among them.
  private weak var siblings: CommonTableScope?
  /// How many queries are around the WITH clause.
  private let outerCount: Int
  private var rowsPlan: RowsPlan?
  private var isPlanning = false
  private var uses = 0
  /// In how many places it reads itself.
  private var ownUses = 0
  private var kept: RowSpool<Value>?
  /// The rows of the query around the WITH clause.
  private var outer: EvaluationContext?
  /// Where the part of a recursive table that reads the table itself finds the rows of the round before, and puts what it
  /// finds for the next one.
  private var round: RowSpool<Value>?
  private var found: RowSpool<Value>?
  private var recursiveColumns: [SubqueryColumn]?
  /// The order in which the rows of a recursive table are shown and gone on from; empty for rounds.
  private var order: [SortTerm] = []

  /// How deep such tables may read one another.
  private static let deepest = 200

  /// How the rows are made.
  private enum RowsPlan {
    case plain(QueryPlan)
    case recursive(first: QueryPlan, next: QueryPlan, keepsEqual: Bool, limit: UInt64?, offset: UInt64)
  }

  init(_ definition: CommonTable, _ place: QueryPlace, of siblings: CommonTableScope) {
    self.definition = definition
    self.place = place
    self.place?.commonTables = nil
    memory = place.host.memory
    self.siblings = siblings
    outerCount = place.outerCount
  }

  /// Notes one place where it is read, and gives its columns.
  func use() throws(UpkeepError) -> (columns: [SubqueryColumn], isItself: Bool) {
    if isPlanning {
      guard let recursiveColumns else {
        throw UpkeepError(
          .misuse,
          "\(definition.name) reads itself; WITH RECURSIVE allows it behind UNION, as in "
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)")
      }
      ownUses += 1
      return (recursiveColumns, true)
    }
    uses += 1
    if rowsPlan == nil {
      isPlanning = true
      defer { isPlanning = false }
      try makeReady()
    }
    return (columns, false)
  }

  /// What its query reads of the queries around the WITH clause.
  var reads: Set<OuterColumn> {
    switch rowsPlan {
    case .plain(let plan): plan.reads
    case .recursive(let first, let next, _, _, _): first.reads.union(next.reads)
    case nil: []
    }
  }

  /// About how many rows it has; nil if it is recursive, of which nothing is known.
  var estimate: Double? {
    if case .plain(let plan) = rowsPlan { plan.estimate } else { nil }
  }

  /// The same, told from where the table is read.
  func reads(from place: QueryPlace) -> Set<OuterColumn> {
    let distance = place.outerCount - outerCount
    return Set(reads.map { OuterColumn(level: $0.level + distance, column: $0.column) })
  }

  private var columns: [SubqueryColumn] {
    switch rowsPlan {
    case .plain(let plan): named(plan.columns)
    case .recursive(let first, _, _, _, _): named(first.columns)
    case nil: []
    }
  }

  private func named(_ columns: [SubqueryColumn]) -> [SubqueryColumn] {
    guard let names = definition.columns else { return columns }
    return zip(columns, names).map { column, name in
      SubqueryColumn(name: name, type: column.type, collation: column.collation)
    }
  }

  private func makeReady() throws(UpkeepError) {
    guard let place else { return }
    let host = place.host
    host.commonTableDepth += 1
    defer { host.commonTableDepth -= 1 }
    if host.commonTableDepth > Self.deepest {
      throw UpkeepError(
        .limit, "tables of WITH read one another more than \(Self.deepest) deep, down to \(definition.name)")
    }
    var inside = try place.inner()
    inside.commonTables = siblings
    if definition.isRecursive, let parts = definition.recursiveParts, let last = parts.last {
      var first = definition.query
      first.compounds.removeLast(parts.count)
      (first.order, first.limit, first.offset) = ([], nil, nil)
      let firstPlan = try QueryPlan(first, inside)
      try requireWidth(firstPlan.columns.count)
      order = try QueryPlan.order(definition.query, named(firstPlan.columns))
      // What comes later may be of any type.
      recursiveColumns = named(firstPlan.columns).map {
        SubqueryColumn(name: $0.name, type: nil, collation: $0.collation)
      }
      defer { recursiveColumns = nil }
      var next = Query(parts[parts.startIndex].block)
      next.compounds = parts.dropFirst().map { CompoundPart(.unionAll, $0.block) }
      let nextPlan = try QueryPlan(next, inside)
      guard nextPlan.columns.count == firstPlan.columns.count else {
        throw QueryPlan.unequalWidths(firstPlan.columns.count, nextPlan.columns.count)
      }
      let statement = place.host.statement
      rowsPlan = .recursive(
        first: firstPlan, next: nextPlan, keepsEqual: last.operation == .unionAll,
        limit: try statement.rowCount(definition.query.limit, of: "LIMIT"),
        offset: try statement.rowCount(definition.query.offset, of: "OFFSET") ?? 0)
    } else {
      let plan = try QueryPlan(definition.query, inside)
      try requireWidth(plan.columns.count)
      rowsPlan = .plain(plan)
    }
    self.place = nil
  }

  private func requireWidth(_ count: Int) throws(UpkeepError) {
    guard let names = definition.columns, names.count != count else { return }
    throw UpkeepError(
      .misuse, "\(definition.name) has \(names.count) names for the \(count) columns of its query")
  }

  // MARK: Running

  /// The query with the WITH clause begins.
  func begin(_ outer: EvaluationContext?) {
    self.outer = outer
    if !reads.isEmpty { kept = nil }
  }

  /// The rows, each as it comes where nobody else reads them.
  func run(_ row: RowTaker) throws(UpkeepError) {
    if uses <= 1 { return try make(row) }
    _ = try rows().walk(row)
  }

  /// All rows, kept.
  private func rows() throws(UpkeepError) -> RowSpool<Value> {
    if let kept { return kept }
    let made = makeSpool()
    try make { row throws(UpkeepError) in
      try made.append(row)
      return true
    }
    kept = made
    return made
  }

  /// The rows of the round before, for the part that reads the table itself: of all rounds that are still to come where
  /// that part goes from row to row.
  func walkRound(_ row: RowTaker) throws(UpkeepError) {
    if let round {
      _ = try round.walk(row)
      return
    }
    var spare = makeSpool()
    while let next = found, !next.isEmpty {
      found = spare
      guard try next.walk(row) else { return }
      spare = next.removeAll() ? next : makeSpool()
    }
  }

  private func makeSpool() -> RowSpool<Value> { RowSpool(memory) }

  private func make(_ row: RowTaker) throws(UpkeepError) {
    switch rowsPlan {
    case .plain(let plan): try plan.run(outer, row)
    case .recursive(let first, let next, let keepsEqual, let limit, let offset):
      var toPass = offset
      var left = limit ?? .max
      try recur(first, next, keepsEqual) { values throws(UpkeepError) in
        if left == 0 { return false }
        if toPass > 0 {
          toPass -= 1
          return true
        }
        left -= 1
        return try row(values) && left > 0
      }
    case nil: return
    }
  }

  /// Rounds, each on the rows that the one before gave, until one gives nothing new.
  private func recur(
    _ first: QueryPlan, _ next: QueryPlan, _ keepsEqual: Bool, _ row: RowTaker
  ) throws(UpkeepError) {
    if !order.isEmpty { return try recurInOrder(first, next, keepsEqual, row) }
    let seen = RowSet(first.columns, memory)
    var goesOn = true
    func take(_ values: [Value]) throws(UpkeepError) -> Bool {
      if !keepsEqual, try !seen.insert(values) { return true }
      try found?.append(values)
      goesOn = try row(values)
      return goesOn
    }
    defer { (round, found) = (nil, nil) }
    found = makeSpool()
    try first.run(outer, take)
    // Its rows follow each other from round to round: it needs not begin anew for each of them.
    if goesOn, ownUses == 1, next.walks(self) { return try next.run(outer, take) }
    while goesOn, let rows = found, !rows.isEmpty {
      round = rows
      found = makeSpool()
      try next.run(outer, take)
    }
  }

  /// Each row by itself: the first in order of those that were found and not gone on from yet.
  private func recurInOrder(
    _ first: QueryPlan, _ next: QueryPlan, _ keepsEqual: Bool, _ row: RowTaker
  ) throws(UpkeepError) {
    let seen = RowSet(first.columns, memory)
    var queue = RecursionQueue(order)
    func take(_ values: [Value]) throws(UpkeepError) -> Bool {
      if !keepsEqual, try !seen.insert(values) { return true }
      try queue.add(values, of: definition.name)
      return true
    }
    try first.run(outer, take)
    defer { round = nil }
    while let values = queue.next() {
      guard try row(values) else { return }
      let own = makeSpool()
      try own.append(values)
      round = own
      try next.run(outer, take)
    }
  }
}

extension CommonTable {
  /// The last blocks, which read the table itself; nil without any. How the last is joined says whether equal rows are kept.
  fileprivate var recursiveParts: ArraySlice<CompoundPart>? {
    guard let first = query.compounds.firstIndex(where: { $0.block.reads(name) }) else { return nil }
    let parts = query.compounds[first...]
    let isPlain = parts.allSatisfy { part in
      (part.operation == .union || part.operation == .unionAll) && part.block.reads(name)
    }
    return isPlain ? parts : nil
  }
}

extension QueryBlock {
  /// Whether a source in FROM has the name.
  func reads(_ name: String) -> Bool {
    guard case .select(let select) = self else { return false }
    return select.from.read(name)
  }
}

extension [FromItem] {
  /// Whether one of the sources has the name.
  fileprivate func read(_ name: String) -> Bool {
    contains { item in
      switch item.source {
      case .table(let reference): return Names.equal(reference.name, name)
      case .query(let query, _, _):
        return query.block.reads(name) || query.compounds.contains { $0.block.reads(name) }
      case .call: return false
      case .join(let items): return items.read(name)
      }
    }
  }
}
