/// The names that expressions of a MERGE may use: which rows each part of the statement sees.
///
/// Slot 0 is the table's row, 1 the source's, 2 and 3 are `old` and `new`. A bare name that both rows have is an error
/// where both are seen, but for the columns of USING, which are the table's; RETURNING is about the table's row, as
/// everywhere.
struct MergeNames {
  private let target: ExpressionScope.Slot
  private let source: ExpressionScope.Slot
  /// Columns of USING, which a bare name may mean where both rows are seen.
  private let commonColumns: [String]
  /// Lets queries stand in expressions of a scope.
  private let admitting: (ExpressionScope) -> ExpressionScope

  init(
    _ schema: TableSchema, _ alias: String?, _ source: ColumnList, _ sourceName: String,
    commonColumns: [String] = [], admitting: @escaping (ExpressionScope) -> ExpressionScope
  ) {
    self.admitting = admitting
    self.commonColumns = commonColumns
    target = ExpressionScope.Slot(names: [alias ?? schema.name], columns: schema.columnList)
    self.source = ExpressionScope.Slot(names: [sourceName], columns: source)
  }

  /// Two rows of one name could not be told apart.
  func requireDifferent() throws(UpkeepError) {
    guard Names.equal(target.names[0], source.names[0]) else { return }
    throw UpkeepError(
      .misuse, "table and source are both called \(target.names[0]); give one another name with AS")
  }

  var both: ExpressionScope {
    var scope = ExpressionScope(slots: [target, source], bareSlots: [0, 1])
    scope.refusesAmbiguity = true
    for column in commonColumns {
      guard let ordinal = target.columns.ordinal(of: column) else { continue }
      scope.merged[Names.folded(column)] = [SlotColumn(slot: 0, ordinal: ordinal)]
    }
    return admitting(scope)
  }

  func scope(of match: MergeClause.Match) -> ExpressionScope {
    switch match {
    case .matched: both
    case .notMatched: admitting(ExpressionScope(slots: [hidden(target), source], bareSlots: [1]))
    case .notMatchedBySource: admitting(ExpressionScope(slots: [target, hidden(source)]))
    }
  }

  private func hidden(_ slot: ExpressionScope.Slot) -> ExpressionScope.Slot {
    ExpressionScope.Slot(names: [], columns: slot.columns)
  }

  /// RETURNING made ready.
  func returned(
    _ returning: Returning, of schema: TableSchema, _ sourceColumns: ColumnList
  ) throws(UpkeepError) -> UpsertPlan.ReturnedColumns {
    var scope = ExpressionScope(
      slots: [
        target, source, ExpressionScope.Slot(names: ["old"], columns: schema.columnList),
        ExpressionScope.Slot(names: ["new"], columns: schema.columnList),
      ], bareSlots: [0, 1])
    scope.tells = [.action, .ordinal, .mergeAction]
    scope = admitting(scope)
    var names: [String] = []
    var expressions: [CompiledExpression] = []
    for column in returning.columns {
      switch column {
      case .expression(let expression, let name):
        names.append(name)
        expressions.append(try CompiledExpression.compile(expression, in: scope))
      case .all(let qualifier):
        let isSource = qualifier.map { Names.equal($0, source.names[0]) } ?? false
        for column in isSource ? sourceColumns.columns : schema.columns {
          names.append(column.name)
          let reference = Expression.column(ColumnReference(column.name, of: qualifier))
          expressions.append(try CompiledExpression.compile(reference, in: scope))
        }
      }
    }
    return UpsertPlan.ReturnedColumns(
      names: names, expressions: expressions, includesAll: returning.includesAll)
  }
}
