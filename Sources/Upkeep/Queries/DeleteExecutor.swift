internal import UpkeepStorage

/// Runs DELETE: the rows to go are those that the table had when the statement began.
struct DeleteExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  func run(_ given: DeleteStatement) throws(UpkeepError) -> ChangeResult {
    try run(given, by: nil)
  }

  /// - Parameter known: the way to the rows, where it was found before.
  func run(_ given: DeleteStatement, by known: RowSelection?) throws(UpkeepError) -> ChangeResult {
    let delete = given.withoutSources
    let schema = try scope.table(delete.table.name)
    var returning = try delete.returning.map { list throws(UpkeepError) in
      try ReturningList(list, delete.table, schema, scope, statement)
    }
    let selection: RowSelection
    if let known {
      selection = known
    } else {
      selection = try Self.selection(given, schema, scope, statement)
    }
    let count: Int
    if returning == nil, let whole = try deleteRanges(selection, isAll: delete.condition == nil) {
      count = whole
    } else {
      count = try deleteRows(selection, &returning)
    }
    try returning?.rows.finish()
    return ChangeResult(
      summary: StatementSummary(tally: [.deleted: count], changes: count), columns: returning?.names,
      rows: returning?.rows)
  }

  static func selection(
    _ given: DeleteStatement, _ schema: TableSchema, _ scope: TransactionScope, _ statement: StatementContext
  ) throws(UpkeepError) -> RowSelection {
    let delete = given.withoutSources
    var expressions = statement.admittingQueries(
      ExpressionScope(table: schema, alias: delete.table.alias), scope)
    expressions.isBesideSources = !given.sources.isEmpty
    let request = PlanRequest(
      schema: schema, names: [delete.table.alias ?? delete.table.name], condition: delete.condition,
      columns: Set(0..<schema.rowWidth))
    return try RowSelection(request, in: expressions, scope, statement)
  }

  /// Deletes whole ranges of keys, where nothing needs to be known of the rows in them.
  private func deleteRanges(_ selection: RowSelection, isAll: Bool) throws(UpkeepError) -> Int? {
    let schema = selection.schema
    guard isAll || (selection.path.index == nil && !selection.isFiltered && schema.indexes.isEmpty) else {
      return nil
    }
    let transaction = try scope.writing
    var count: UInt64 = 0
    for range in isAll ? [.all] : selection.path.search.ranges {
      count += try range.withBytes { lower, upper throws(UpkeepError) in
        try storing { () throws(StorageError) in
          try transaction.deleteRange(schema.tree, from: lower, to: upper)
        }
      }
    }
    for index in schema.indexes {
      _ = try storing { () throws(StorageError) in
        try transaction.deleteRange(index.tree, from: nil, to: nil)
      }
    }
    // The greatest id may have gone.
    if count > 0 { scope.knownAutomaticIDs(of: schema)?.isGreatestKnown = false }
    return Int(clamping: count)
  }

  private func deleteRows(_ selection: RowSelection, _ returning: inout ReturningList?) throws(UpkeepError)
    -> Int
  {
    let batch = try DeleteBatch(scope, selection.schema)
    let context = statement.makeEvaluationContext()
    let scan = try PathScan(scope, selection.schema, selection.path)
    let key = ByteBuffer(capacity: 64)
    while try selection.next(scan, context, statement, bindsViews: false) {
      if returning != nil {
        let row = try scan.isCovering ? scan.values : scan.view.values()
        try returning?.add(old: row, new: nil, kind: .deleted)
      }
      if scan.isCovering {
        key.removeAll()
        try RowCodec.appendKey(of: scan.values, schema: selection.schema, to: key)
        try batch.add(key.bytes)
      } else {
        try batch.add(scan.view.key)
      }
    }
    try batch.finish()
    return batch.count
  }
}
