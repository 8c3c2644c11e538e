/// A MERGE made ready once: names bound, the way to matching rows chosen.
final class MergePlan {
  enum Action {
    case update([UpsertPlan.SetColumn])
    /// For each column assigned its place in the table and in the source.
    case updateAll([(ordinal: Int, source: Int)])
    case delete
    /// The columns that get values; the others are not given. Without a value one gets its default.
    case insert([UpsertPlan.SetColumn])
    case insertAll([(ordinal: Int, source: Int)])
    case nothing
    case error
  }

  struct Clause {
    let condition: CompiledExpression?
    let action: Action
    /// As the statement counts its clauses, from 1.
    let number: Int
  }

  let schema: TableSchema
  let uniqueIndexes: [IndexSchema]
  /// For each key how results name it, as `(iata)`.
  let keyNames: [String]
  let source: ColumnList
  let sourceName: String
  let on: CompiledExpression
  let path: MergePath
  private(set) var matched: [Clause] = []
  private(set) var notMatched: [Clause] = []
  private(set) var notMatchedBySource: [Clause] = []
  private(set) var returning: UpsertPlan.ReturnedColumns?
  let rejects: RejectPolicy

  /// - Parameters:
  ///   - source: the columns of the source's rows.
  ///   - admitting: lets queries stand in expressions of a scope.
  init(
    _ merge: MergeStatement, _ schema: TableSchema, source: ColumnList,
    admitting: @escaping (ExpressionScope) -> ExpressionScope = { $0 }
  ) throws(UpkeepError) {
    self.schema = schema
    self.source = source
    sourceName = merge.sourceName
    rejects = merge.rejects
    let names = MergeNames(
      schema, merge.table.alias, source, merge.sourceName, commonColumns: merge.commonColumns,
      admitting: admitting)
    try names.requireDifferent()
    uniqueIndexes = schema.indexes.filter(\.isUnique)
    let targets = ConflictTargets(schema, uniqueIndexes)
    keyNames = (0...uniqueIndexes.count).map { targets.description($0) }
    let both = names.both
    on = try CompiledExpression.compile(merge.condition, in: both)
    path = try MergePath(merge.condition, schema, in: both)
    for (index, clause) in merge.clauses.enumerated() {
      let scope = names.scope(of: clause.match)
      let compiled = Clause(
        condition: try clause.condition.map { condition throws(UpkeepError) in
          try CompiledExpression.compile(condition, in: scope)
        }, action: try action(clause, scope), number: index + 1)
      try add(compiled, clause.match)
    }
    returning = try merge.returning.map { list throws(UpkeepError) in
      try names.returned(list, of: schema, source)
    }
  }

  private func add(_ clause: Clause, _ match: MergeClause.Match) throws(UpkeepError) {
    func append(to clauses: inout [Clause]) throws(UpkeepError) {
      if let last = clauses.last, last.condition == nil {
        throw UpkeepError(
          .misuse,
          "WHEN clause \(clause.number) of the MERGE into \(schema.name) is never reached: clause \(last.number) "
            + "takes all such rows; give that one a condition, or put it last")
      }
      clauses.append(clause)
    }
    switch match {
    case .matched: try append(to: &matched)
    case .notMatched: try append(to: &notMatched)
    case .notMatchedBySource: try append(to: &notMatchedBySource)
    }
  }

  private func action(_ clause: MergeClause, _ scope: ExpressionScope) throws(UpkeepError) -> Action {
    switch (clause.action, clause.match) {
    case (.update(let assignments), .matched), (.update(let assignments), .notMatchedBySource):
      return .update(try UpsertPlan.setColumns(assignments, schema, scope))
    case (.updateAll, .matched): return .updateAll(try columnsByName())
    case (.delete, .matched), (.delete, .notMatchedBySource): return .delete
    case (.insert(let columns, let values), .notMatched): return .insert(try given(columns, values, scope))
    case (.insertAll, .notMatched): return .insertAll(try columnsByName())
    case (.insertDefaults, .notMatched): return .insert([])
    case (.nothing, _): return .nothing
    case (.error, _): return .error
    case (_, .notMatched):
      throw UpkeepError(
        .misuse, "WHEN NOT MATCHED has no row of \(schema.name) to change; it can only INSERT")
    case (_, .matched), (_, .notMatchedBySource):
      throw UpkeepError(
        .misuse, "only WHEN NOT MATCHED can INSERT, and only WHEN MATCHED has the source's columns")
    }
  }

  /// The source's columns by their names in the table.
  private func columnsByName() throws(UpkeepError) -> [(ordinal: Int, source: Int)] {
    let ordinals = try schema.ordinals(ofGiven: source.columns.map(\.name))
    return zip(ordinals, source.columns.indices).map { ($0, $1) }
  }

  private func given(
    _ columns: [String]?, _ values: [Expression?], _ scope: ExpressionScope
  ) throws(UpkeepError) -> [UpsertPlan.SetColumn] {
    let ordinals =
      try columns.map { names throws(UpkeepError) in try schema.ordinals(ofGiven: names) }
      ?? Array(schema.columns.indices)
    guard ordinals.count == values.count else {
      var error = UpkeepError(
        .misuse,
        "INSERT gives \(values.count) values for \(ordinals.count) columns of \(schema.name); name the columns to fill"
      )
      error.table = schema.name
      throw error
    }
    return try zip(ordinals, values).map { pair throws(UpkeepError) in
      let value = try pair.1.map { value throws(UpkeepError) in
        try CompiledExpression.compile(value, in: scope)
      }
      return UpsertPlan.SetColumn(ordinal: pair.0, value: value)
    }
  }

  /// The kinds of change that the statement can have, for its counts.
  var kinds: [StatementSummary.Kind] {
    var kinds: Set<StatementSummary.Kind> = []
    for clause in matched + notMatched + notMatchedBySource {
      switch clause.action {
      case .update, .updateAll: kinds.formUnion([.updated, .unchanged])
      case .delete: kinds.insert(.deleted)
      case .insert, .insertAll: kinds.insert(.inserted)
      case .nothing, .error: break
      }
    }
    if case .collect = rejects { kinds.insert(.rejected) }
    return StatementSummary.Kind.allCases.filter { kinds.contains($0) }
  }
}
