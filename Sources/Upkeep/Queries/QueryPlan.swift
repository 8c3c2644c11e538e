internal import UpkeepStorage

/// A query made ready: its blocks, how they are put together, their order and how many rows are given.
///
/// It can run many times, within rows of the query around it that change. It runs once at a time.
final class QueryPlan {
  let columns: [SubqueryColumn]
  /// What it reads of the queries around.
  let reads: Set<OuterColumn>
  /// It keeps plans; none outlives it.
  private unowned let host: QueryHost
  /// What it may keep.
  let memory: QueryMemory
  private let commonTables: CommonTableScope?
  private let blocks: [BlockPlan]
  private let operations: [CompoundOperator]
  private let order: [SortTerm]
  private var limit: UInt64?
  private var offset: UInt64
  /// LIMIT and OFFSET as they were written.
  private let written: (limit: Expression?, offset: Expression?)
  /// The query and its block, if one stored table alone answers it.
  private let ofOneTable: (query: Query, select: Select, commonTables: CommonTableScope?)?

  init(_ given: Query, _ place: QueryPlace) throws(UpkeepError) {
    let query = given.flattened(place)
    var place = place
    host = place.host
    memory = place.host.memory
    if query.commonTables.isEmpty {
      commonTables = nil
    } else {
      let tables = CommonTableScope(query.commonTables, place)
      commonTables = tables
      place.commonTables = tables
    }
    let statement = place.host.statement
    limit = try statement.rowCount(query.limit, of: "LIMIT")
    offset = try statement.rowCount(query.offset, of: "OFFSET") ?? 0
    written = (query.limit, query.offset)
    operations = query.compounds.map(\.operation)
    var blocks: [BlockPlan] = []
    let isAlone = query.compounds.isEmpty
    var most: UInt64?
    if isAlone, let limit { most = limit > UInt64.max - offset ? .max : limit + offset }
    for block in [query.block] + query.compounds.map(\.block) {
      try statement.cancellation.check()
      switch block {
      case .values(let rows): blocks.append(try ValuesBlock(rows, place))
      case .select(let select):
        blocks.append(try SelectBlock(select, order: isAlone ? query.order : [], most: most, place))
      }
    }
    let width = blocks[0].columns.count
    if let other = blocks.first(where: { $0.columns.count != width }) {
      throw Self.unequalWidths(width, other.columns.count)
    }
    var columns = blocks[0].columns
    for number in columns.indices {
      // What only some of the blocks promise is not known of their rows.
      if blocks.contains(where: { $0.columns[number].type != columns[number].type }) {
        columns[number].type = nil
      }
    }
    self.columns = columns
    order = isAlone && !blocks[0].order.isEmpty ? blocks[0].order : try Self.order(query, columns)
    self.blocks = blocks
    let reads = blocks.reduce(into: Set<OuterColumn>()) { $0.formUnion($1.reads) }
    self.reads = reads
    if reads.isEmpty, let select = query.selectOfOneTable(place.commonTables, try host.scope) {
      ofOneTable = (query, select, place.commonTables)
    } else {
      ofOneTable = nil
    }
  }

  /// For a join in parentheses: what its columns are called.
  var joinedNames: JoinedNames? { blocks[0].joinedNames }

  static func unequalWidths(_ first: Int, _ other: Int) -> UpkeepError {
    UpkeepError(.misuse, "the queries of a compound give \(first) and \(other) columns; they must be as many")
  }

  /// ORDER BY of what is no single SELECT: by columns of the result.
  static func order(_ query: Query, _ columns: [SubqueryColumn]) throws(UpkeepError) -> [SortTerm] {
    var terms: [SortTerm] = []
    for term in query.order {
      var expression = term.expression
      var collation: Collation?
      while case .collate(let inner, let explicit) = expression {
        collation = collation ?? explicit
        expression = inner
      }
      let number = try outputNumber(expression, query, columns)
      terms.append(SortTerm(output: number, collation ?? columns[number].collation, term))
    }
    return terms
  }

  private static func outputNumber(
    _ expression: Expression, _ query: Query, _ columns: [SubqueryColumn]
  ) throws(UpkeepError) -> Int {
    switch expression {
    case .literal(.integer(let position)):
      guard position >= 1, position <= columns.count else {
        throw UpkeepError(
          .misuse, "ORDER BY \(position) names no column of the result, which has \(columns.count)")
      }
      return Int(position) - 1
    case .column(let reference) where reference.qualifier == nil:
      if let number = columns.firstIndex(where: { Names.equal($0.name, reference.name) }) { return number }
    default: break
    }
    for block in [query.block] + query.compounds.map(\.block) {
      guard case .select(let select) = block else { continue }
      let number = select.columns.firstIndex {
        if case .expression(expression, _) = $0 { return true }
        guard case .column(let reference) = expression, reference.qualifier == nil,
          case .expression(_, let name) = $0
        else { return false }
        return Names.equal(name, reference.name)
      }
      // Positions are those of the list as long as no star stands in it.
      if let number, select.columns.count == columns.count { return number }
    }
    throw UpkeepError(
      .misuse,
      "ORDER BY of a compound or of VALUES takes names and numbers of the result's columns: "
        + columns.map(\.name).joined(separator: ", "))
  }

  /// Whether it gives a row for a row of a recursive table's round, and nothing for all of them together.
  func walks(_ table: CommonTableSource) -> Bool {
    blocks.count == 1 && blocks[0].walks(table) && order.isEmpty && limit == nil && offset == 0
  }

  /// About how many rows it gives.
  var estimate: Double {
    let rows = blocks.reduce(0) { $0 + $1.estimate }
    return limit.map { min(rows, Double($0)) } ?? rows
  }

  // MARK: Running

  /// Makes it ready to run again with other parameters; false if it must be made anew.
  func rebind() throws(UpkeepError) -> Bool {
    limit = try host.statement.rowCount(written.limit, of: "LIMIT")
    offset = try host.statement.rowCount(written.offset, of: "OFFSET") ?? 0
    for block in blocks { guard try block.rebind() else { return false } }
    return ofOneTable == nil && commonTables == nil
  }

  /// Lets go of what belongs to the transaction that it ran in.
  func rest() { for block in blocks { block.rest() } }

  /// Whether rows are put in order after they are found.
  private var isSorting: Bool { !order.isEmpty && !(blocks.count == 1 && blocks[0].isOrdered) }

  /// Runs it within the rows of `outer`.
  ///
  /// - Parameter most: how many rows will be taken at most, where that is known.
  func run(
    _ outer: EvaluationContext?, most: UInt64? = nil, _ row: RowTaker
  ) throws(UpkeepError) {
    for table in commonTables?.tables ?? [] { table.begin(outer) }
    if let ofOneTable { return try runOneTable(ofOneTable, most, row) }
    var toPass = offset
    var left = min(limit ?? .max, most ?? .max)
    if left == 0 { return }
    func give(_ values: [Value]) throws(UpkeepError) -> Bool {
      if toPass > 0 {
        toPass -= 1
        return true
      }
      left -= 1
      return try row(values) && left > 0
    }
    if !isSorting { return try runBlocks(outer, upTo: blocks.count - 1, give) }
    let kept = left > UInt64.max - offset ? .max : left + offset
    let sorter = RowSorter(most: kept > UInt64(Int32.max) ? nil : Int(kept), memory)
    let key = ByteBuffer()
    let context = blocks[0].context
    try runBlocks(outer, upTo: blocks.count - 1) { values throws(UpkeepError) in
      key.removeAll()
      for term in order {
        if term.output >= 0 {
          try term.append(values[term.output], to: key)
        } else {
          try term.append(context, to: key)
        }
      }
      if sorter.accepts(key.bytes) { try sorter.add(key.bytes, values) }
      return true
    }
    let rows = try sorter.finish()
    while try rows.next() {
      try host.statement.step()
      guard try give(try rows.row()) else { return }
    }
  }

  private func runOneTable(
    _ plain: (query: Query, select: Select, commonTables: CommonTableScope?), _ most: UInt64?, _ row: RowTaker
  ) throws(UpkeepError) {
    var query = plain.query
    if let most, query.limit == nil, most <= UInt64(Int64.max) {
      query.limit = .literal(.integer(Int64(most)))
    }
    let scope = try host.scope
    let subqueries = SubqueryScope(host, plain.commonTables)
    let plan = try SelectPlan(query, plain.select, subqueries, scope, host.statement)
    try QueryExecutor(scope, host.statement, subqueries).run(plan, row: row)
  }

  /// The rows of the first so many blocks, put together.
  private func runBlocks(_ outer: EvaluationContext?, upTo last: Int, _ row: RowTaker) throws(UpkeepError) {
    let block = blocks[last]
    func own(_ row: RowTaker) throws(UpkeepError) {
      if !block.isDistinct {
        // Of a row that nobody keeps, the next one takes the place.
        var values: [Value] = []
        values.reserveCapacity(block.columns.count)
        return try block.run(outer) { () throws(UpkeepError) in
          values.removeAll(keepingCapacity: true)
          try block.appendValues(to: &values)
          return try row(values)
        }
      }
      if block.hasEqualTogether {
        let before = RowBefore(block.columns)
        return try block.run(outer) { () throws(UpkeepError) in
          let values = try block.values()
          return try before.isEqual(values) ? true : try row(values)
        }
      }
      return try block.runEachOnce(outer, memory, row)
    }
    guard last > 0 else { return try own(row) }
    var goesOn = true
    switch operations[last - 1] {
    case .unionAll:
      try runBlocks(outer, upTo: last - 1) { values throws(UpkeepError) in
        goesOn = try row(values)
        return goesOn
      }
      if goesOn { try own(row) }
    case .union:
      let seen = RowSet(columns, memory)
      func take(_ values: [Value]) throws(UpkeepError) -> Bool {
        guard try seen.insert(values) else { return true }
        goesOn = try row(values)
        return goesOn
      }
      try runBlocks(outer, upTo: last - 1, take)
      if goesOn { try own(take) }
    case .intersect, .except:
      let others = RowSet(columns, memory)
      try own { values throws(UpkeepError) in
        _ = try others.insert(values)
        return true
      }
      let seen = RowSet(columns, memory)
      let isWanted = operations[last - 1] == .intersect
      try runBlocks(outer, upTo: last - 1) { values throws(UpkeepError) in
        guard try others.contains(values) == isWanted, try seen.insert(values) else { return true }
        return try row(values)
      }
    }
  }

  /// How it runs, for people.
  var description: [String] {
    if let ofOneTable, let scope = try? host.scope {
      let subqueries = SubqueryScope(host, ofOneTable.commonTables)
      let explainer = Explainer(scope: scope, statement: host.statement)
      let plan = try? SelectPlan(ofOneTable.query, ofOneTable.select, subqueries, scope, host.statement)
      if let plan, let lines = try? explainer.lines(plan) { return lines }
    }
    var lines: [String] = []
    for (number, block) in blocks.enumerated() {
      if number > 0 {
        switch operations[number - 1] {
        case .unionAll: lines.append("then the rows of")
        case .union: lines.append("each row once, together with those of")
        case .intersect: lines.append("of these each once that is also among those of")
        case .except: lines.append("of these each once that is not among those of")
        }
      }
      lines += block.description
      if block.isDistinct {
        lines.append(block.hasEqualTogether ? "each row once, as equal ones come together" : "each row once")
      }
    }
    if isSorting {
      lines.append(limit.map { "keep the first \($0 &+ offset) in order" } ?? "sort")
    }
    return lines
  }
}
