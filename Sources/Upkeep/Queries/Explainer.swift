/// EXPLAIN: how a statement would run, in lines that a person can read. It runs nothing.
struct Explainer {
  let scope: TransactionScope
  let statement: StatementContext

  func lines(_ explained: Statement) throws(UpkeepError) -> [String] {
    switch explained {
    case .select(let query): return try lines(query)
    case .values(let rows): return ["\(rows.count) rows of constants"]
    case .delete(let delete): return try lines(delete)
    case .update(let update): return try lines(update)
    case .upsert(let upsert): return try lines(upsert)
    case .explain(.statement(let inner)): return try lines(inner)
    default:
      throw UpkeepError(.misuse, "EXPLAIN takes a query or a change of rows")
    }
  }

  private func lines(_ query: Query) throws(UpkeepError) -> [String] {
    let plan = try SelectPlan(query, scope, statement)
    guard let selection = plan.selection else { return ["one row without a table"] }
    if let shortcut = try QueryExecutor(scope, statement).shortcutDescription(plan) {
      return ["\(shortcut) of \(selection.schema.name)"]
    }
    var lines = selection.description
    if plan.isAggregated { lines.append("aggregate") }
    if plan.isSorting {
      lines.append(plan.most.map { "keep the first \($0) in order" } ?? "sort")
    } else if plan.offset > 0 && !selection.isFiltered && !plan.isAggregated {
      lines.append("go to row \(plan.offset + 1) by counts")
    }
    return lines
  }

  private func lines(_ delete: DeleteStatement) throws(UpkeepError) -> [String] {
    let schema = try scope.table(delete.table.name)
    if delete.condition == nil && delete.returning == nil { return ["clear \(schema.name) and its indexes"] }
    let selection = try DeleteExecutor.selection(delete, schema, scope, statement)
    return selection.description + ["delete each row and its index entries"]
  }

  private func lines(_ update: UpdateStatement) throws(UpkeepError) -> [String] {
    let plan = try UpdatePlan(update, scope, statement)
    var lines = plan.selection.description
    let assigned = Set(plan.assignments.map(\.column.ordinal))
    let touched = plan.schema.indexes.filter { !$0.columnsRead.isDisjoint(with: assigned) }
    if plan.movesKeys { lines.append("judge keys when the statement is whole") }
    lines.append(
      touched.isEmpty
        ? "write each changed row"
        : "write each changed row and index \(touched.map(\.name).joined(separator: ", "))")
    return lines
  }

  private func lines(_ upsert: UpsertStatement) throws(UpkeepError) -> [String] {
    let schema = try scope.table(upsert.table)
    let plan = try UpsertPlan(upsert, schema)
    let names = ["primary key"] + plan.uniqueIndexes.map(\.name)
    var lines: [String] = []
    if case .query(let query) = upsert.source { lines += try self.lines(query) }
    for (number, clause) in plan.resolver.clauses.enumerated() {
      let keys = clause.keys.map { names[$0] }.joined(separator: ", then ")
      lines.append("clause \(number + 1): a row of \(schema.name) is met by \(keys)")
    }
    if plan.resolver.clauses.isEmpty {
      lines.append("a row of \(schema.name) is met by \(names.joined(separator: ", then "))")
    }
    lines.append(
      (plan.isEager ? "check row by row: " : "check when the statement is whole: ")
        + names.joined(separator: ", "))
    return lines
  }
}
