/// EXPLAIN: how a statement would run, in lines that a person can read. It runs nothing.
struct Explainer {
  let scope: TransactionScope
  let statement: StatementContext

  func lines(_ explained: Statement) throws(UpkeepError) -> [String] {
    switch explained {
    case .select(let query): return try lines(query)
    case .with(let tables, .statement(let inner)):
      statement.declarations = tables
      return try lines(inner)
    case .values(let rows): return ["\(rows.count) rows of constants"]
    case .delete(let delete): return try lines(delete)
    case .update(let update): return try lines(update)
    case .upsert(let upsert): return try lines(upsert)
    case .sync(let sync): return try lines(sync)
    case .merge(let merge): return try lines(merge)
    case .preview(.statement(let inner)): return try lines(inner)
    case .explain(.statement(let inner)): return try lines(inner)
    default:
      throw UpkeepError(.misuse, "EXPLAIN takes a query or a change of rows")
    }
  }

  private func lines(_ query: Query) throws(UpkeepError) -> [String] {
    let host = statement.host(scope)
    let query = statement.flattened(query, scope)
    if let select = query.selectOfOneTable(statement.commonTables, scope) {
      let subqueries = SubqueryScope(host, statement.commonTables)
      return try lines(try SelectPlan(query, select, subqueries, scope, statement))
    }
    return try QueryPlan(query, QueryPlace(host: host, commonTables: statement.commonTables)).description
  }

  func lines(_ plan: SelectPlan) throws(UpkeepError) -> [String] {
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
    if delete.condition == nil && delete.returning == nil && delete.sources.isEmpty {
      return ["clear \(schema.name) and its indexes"]
    }
    let selection = try DeleteExecutor.selection(delete, schema, scope, statement)
    var lines = selection.description
    if !delete.sources.isEmpty {
      lines.append(
        "take those for which \(names(of: delete.sources)) has a row for which the condition holds")
    }
    return lines + ["delete each row and its index entries"]
  }

  /// The sources beside the table, as a person reads them.
  private func names(of sources: [FromItem]) -> String {
    sources.map { item in
      switch item.source {
      case .table(let table): table.alias ?? table.name
      case .query(_, let alias, _): alias ?? "the query"
      case .call(let function, _, let alias): alias ?? function
      case .join(let items): "(\(names(of: items)))"
      }
    }.joined(separator: ", ")
  }

  private func lines(_ update: UpdateStatement) throws(UpkeepError) -> [String] {
    let plan = try UpdatePlan(update, scope, statement)
    var lines = plan.selection.description
    if !update.sources.isEmpty {
      lines.append(
        "change each as the first row of \(names(of: update.sources)) says for which the condition holds")
    }
    let touched = plan.schema.indexes.filter { !$0.columnsRead.isDisjoint(with: plan.assignments.changing) }
    if plan.movesKeys {
      let isKey = !plan.assignments.changing.isDisjoint(with: plan.schema.primaryKey)
      let keys = (isKey ? ["primary key"] : []) + touched.filter(\.isUnique).map(\.name)
      let isWhole = update.otherwise == .abort || update.otherwise == .rollback
      lines.append(
        (isWhole ? "check when the statement is whole: " : "check row by row: ")
          + keys.joined(separator: ", "))
    }
    lines.append(
      touched.isEmpty
        ? "write each changed row"
        : "write each changed row and index \(touched.map(\.name).joined(separator: ", "))")
    return lines
  }

  private func lines(_ upsert: UpsertStatement) throws(UpkeepError) -> [String] {
    let schema = try scope.table(upsert.table)
    let plan = try UpsertPlan(upsert, schema) { statement.admittingQueries($0, scope) }
    var lines: [String] = []
    if case .query(let query) = upsert.source { lines += try self.lines(query) }
    return lines + self.lines(plan)
  }

  private func lines(_ sync: SyncStatement) throws(UpkeepError) -> [String] {
    let schema = try scope.table(sync.table)
    let plan = try UpsertPlan(sync, schema) { statement.admittingQueries($0, scope) }
    var lines: [String] = []
    lines += try self.lines(sync.source)
    return lines + self.lines(plan) + ["delete each row whose key the source lacks"]
  }

  private func lines(_ source: SyncSource) throws(UpkeepError) -> [String] {
    switch source {
    case .query(let query): return try lines(query)
    case .file(let path): return ["read '\(path)'"]
    case .values: return []
    }
  }

  private func lines(_ merge: MergeStatement) throws(UpkeepError) -> [String] {
    let plan = try MergeExecutor(scope: scope, statement: statement).plan(merge)
    var lines: [String] = []
    lines += try self.lines(merge.source)
    let table = plan.schema.name
    lines.append(plan.path.description(of: plan.schema, from: plan.sourceName))
    for clause in plan.matched { lines.append(line("a row of \(table) that matches", clause)) }
    for clause in plan.notMatched {
      lines.append(line("a row of \(plan.sourceName) that matches none", clause))
    }
    for clause in plan.notMatchedBySource {
      lines.append(line("a row of \(table) that no row of \(plan.sourceName) matches", clause))
    }
    if let line = line(plan.rejects) { lines.append(line) }
    let names = ["primary key"] + plan.uniqueIndexes.map(\.name)
    return lines + ["check when the statement is whole: \(names.joined(separator: ", "))"]
  }

  private func line(_ rejects: RejectPolicy) -> String? {
    guard case .collect(let limit) = rejects else { return nil }
    return "bad rows are set aside" + (limit.map { ", \($0) at most" } ?? "")
  }

  private func line(_ row: String, _ clause: MergePlan.Clause) -> String {
    let effect =
      switch clause.action {
      case .update: "is updated"
      case .updateAll: "gets the source's columns"
      case .delete: "is deleted"
      case .insert, .insertAll: "is inserted"
      case .nothing: "stays as it is"
      case .error: "is an error"
      }
    return
      "clause \(clause.number): \(row) \(effect)\(clause.condition == nil ? "" : " where the condition holds")"
  }

  private func lines(_ plan: UpsertPlan) -> [String] {
    let table = plan.schema.name
    let names = ["primary key"] + plan.uniqueIndexes.map(\.name)
    var lines: [String] = []
    for (number, (clause, action)) in zip(plan.resolver.clauses, plan.actions).enumerated() {
      let keys = clause.keys.map { names[$0] }.joined(separator: ", then ")
      var line = "clause \(number + 1): a row of \(table) is met by \(keys), and \(Self.effect(action))"
      if clause.keys.count > 1, action.minds {
        switch clause.ambiguity {
        case .fail: line += "; meeting several is an error"
        case .first, .displace: line += "; of several the first is taken"
        }
      }
      lines.append(line)
    }
    if plan.resolver.clauses.isEmpty || plan.otherwise != .abort {
      let keys = names.joined(separator: ", then ")
      let place = plan.resolver.clauses.isEmpty ? "" : "where no clause is met: "
      switch plan.otherwise {
      case .abort: lines.append("\(place)a row of \(table) met by \(keys) is an error")
      case .rollback:
        lines.append("\(place)a row of \(table) met by \(keys) is an error that ends the transaction")
      case .fail:
        lines.append("\(place)a row of \(table) met by \(keys) is an error that keeps the rows before")
      case .ignore: lines.append("\(place)a row of \(table) met by \(keys) stays as it is")
      case .replace: lines.append("\(place)all rows of \(table) met by \(keys) give way")
      }
    }
    if plan.displaces { lines.append("stale holders of claimed keys are deleted") }
    switch plan.duplicates {
    case .fold: break
    case .first: lines.append("of rows with one key the first counts")
    case .last: lines.append("of rows with one key the last counts")
    case .fail: lines.append("two rows with one key are an error")
    }
    if let line = line(plan.rejects) { lines.append(line) }
    lines.append(
      (plan.isEager ? "check row by row: " : "check when the statement is whole: ")
        + names.joined(separator: ", "))
    return lines
  }

  private static func effect(_ action: UpsertPlan.Action) -> String {
    switch action {
    case .fail: "is an error"
    case .ignore: "stays as it is"
    case .replace: "becomes the incoming one"
    case .merge(nil): "takes the columns given"
    case .merge: "takes the columns named"
    case .mergeByRules: "takes columns as their merge rules say"
    case .update(_, where: nil): "is updated"
    case .update: "is updated where the condition holds"
    }
  }
}

extension UpsertPlan.Action {
  /// Whether it minds that a row meets several.
  fileprivate var minds: Bool {
    if case .ignore = self { return false }
    return true
  }
}
