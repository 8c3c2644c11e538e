/// Runs INSERT, REPLACE and UPSERT.
struct UpsertExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  func run(_ upsert: UpsertStatement) throws(UpkeepError) -> ChangeResult {
    let schema = try scope.table(upsert.table)
    let plan = try UpsertPlan(upsert, schema) { statement.admittingQueries($0, scope) }
    let feed = SourceFeed(scope: scope, statement: statement, plan: plan)
    let ordinals =
      try upsert.columns.map { names throws(UpkeepError) in try schema.ordinals(ofGiven: names) }
      ?? Array(schema.columns.indices)
    switch upsert.source {
    case .defaults:
      return try feed.run(hasOneRow: true) { batch throws(UpkeepError) in
        try batch.add([Value?](repeating: nil, count: schema.rowWidth), number: 1)
      }
    case .values(let rows):
      return try feed.run { batch throws(UpkeepError) in
        try feed.give(rows, to: ordinals, batch)
      }
    case .query(let query):
      return try feed.run { batch throws(UpkeepError) in
        try feed.give(query, batch) { _ throws(UpkeepError) in ordinals }
      }
    }
  }
}
