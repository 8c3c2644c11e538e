/// Runs MERGE.
struct MergeExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  func run(_ merge: MergeStatement) throws(UpkeepError) -> ChangeResult {
    var file: (any SourceFile)?
    if case .file(let path) = merge.source { file = try statement.file(path) }
    let plan = try plan(merge, file)
    let batch = try MergeBatch(scope, plan, statement)
    do throws(UpkeepError) {
      if let file {
        try give(file, of: plan, to: batch)
      } else {
        try give(merge.source, to: batch)
      }
      let result = try batch.finish()
      return ChangeResult(
        summary: result.summary, columns: result.returnedColumns, rows: batch.returned)
    } catch {
      try batch.abandon()
      throw file.map { error.saying(recordOf: $0) } ?? error.saying(rowOf: plan.schema.name)
    }
  }

  /// - Parameter file: the source, if it is a file; nil to open that for the plan alone.
  func plan(_ merge: MergeStatement, _ file: (any SourceFile)? = nil) throws(UpkeepError) -> MergePlan {
    let statement = statement
    let scope = scope
    let schema = try scope.table(merge.table.name)
    var untyped: Set<SlotColumn> = []
    let source: ColumnList
    if case .file(let path) = merge.source {
      let file = if let file { file } else { try statement.file(path) }
      source = try file.columns(besides: schema, called: merge.sourceName).columnList
    } else {
      source = try columns(of: merge, &untyped)
    }
    return try MergePlan(merge, schema, source: source) { [untyped] expressions in
      var expressions = expressions
      expressions.untyped.formUnion(untyped)
      return statement.admittingQueries(expressions, scope)
    }
  }

  /// The columns of the source's rows, each with a name of its own.
  ///
  /// - Parameter untyped: gets those that are of no type, as constants are.
  private func columns(
    of merge: MergeStatement, _ untyped: inout Set<SlotColumn>
  ) throws(UpkeepError) -> ColumnList {
    let definitions: [ColumnDefinition]
    switch merge.source {
    case .file: definitions = []
    case .values(_, let names):
      definitions = names.map { ColumnDefinition($0, .any) }
      untyped = Set(names.indices.map { SlotColumn(slot: 1, ordinal: $0) })
    case .query(let query):
      let host = statement.host(scope)
      let plan = try QueryPlan(query, QueryPlace(host: host, commonTables: statement.commonTables))
      for (ordinal, column) in plan.columns.enumerated() where column.type == nil {
        untyped.insert(SlotColumn(slot: 1, ordinal: ordinal))
      }
      definitions = plan.columns.map {
        ColumnDefinition($0.name, $0.type ?? .any, collation: $0.collation ?? .binary)
      }
    }
    return try ColumnList(definitions, ofSource: merge.sourceName)
  }

  private func give(
    _ file: any SourceFile, of plan: MergePlan, to batch: MergeBatch
  ) throws(UpkeepError) {
    let schema = try file.columns(besides: plan.schema, called: plan.sourceName)
    try file.forEach(schema) { number, row, problem throws(UpkeepError) in
      try statement.step()
      if let problem {
        try batch.refuse(number, because: problem)
      } else {
        try batch.add(row ?? [], number: number)
      }
    }
  }

  private func give(_ source: SyncSource, to batch: MergeBatch) throws(UpkeepError) {
    var number = 0
    switch source {
    case .file: break
    case .query(let query):
      try QueryExecutor(scope, statement).run(query) { _ in
      } row: { values throws(UpkeepError) in
        number += 1
        try batch.add(values, number: number)
      }
    case .values(let rows, let columns):
      let context = statement.makeEvaluationContext()
      let expressions = statement.admittingQueries(ExpressionScope(), scope)
      if rows.contains(where: { $0.contains { $0?.hasQuery == true } }) {
        _ = try statement.host(scope).scope
      }
      for row in rows {
        number += 1
        if row.count != columns.count {
          throw UpkeepError(
            .misuse, "row \(number) of VALUES has \(row.count) values for \(columns.count) columns")
        }
        let values = try row.map { expression throws(UpkeepError) in
          try expression.map { value throws(UpkeepError) in
            try CompiledExpression.compile(value, in: expressions).evaluate(context)
          }
        }
        try batch.add(values, number: number)
      }
    }
  }
}

extension ColumnList {
  /// The columns of a source's rows, which must each have a name of its own.
  convenience init(_ definitions: [ColumnDefinition], ofSource name: String) throws(UpkeepError) {
    var columns: [ColumnSchema] = []
    for (ordinal, definition) in definitions.enumerated() {
      if columns.contains(where: { Names.equal($0.name, definition.name) }) {
        throw UpkeepError(
          .misuse,
          "the source \(name) has two columns named \(definition.name); give one another name with AS"
        )
      }
      columns.append(try ColumnSchema(definition, table: name, ordinal: ordinal, isInPrimaryKey: false))
    }
    self.init(columns, hasHiddenRowid: false)
  }
}
