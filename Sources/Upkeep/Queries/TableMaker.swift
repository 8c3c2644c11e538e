/// Runs CREATE TABLE … AS: a table with the columns of a query, filled with its rows.
struct TableMaker {
  let scope: TransactionScope
  let statement: StatementContext

  /// - Parameter owner: the session, for a temporary table.
  func run(_ made: TableFromQuery, owner: UInt64?) throws(UpkeepError) -> ChangeResult? {
    var definition = TableDefinition(
      made.name, columns: try columns(of: made.query), isTemporary: owner != nil)
    definition.owner = owner
    // The query reads what was there before, a lasting table of the same name too.
    let before = try statement.host(scope).scope
    guard try SchemaChange(scope).createTable(definition, ifNotExists: made.ifNotExists) else { return nil }
    let schema = try scope.table(made.name)
    let plan = try UpsertPlan(UpsertStatement(into: made.name, source: .query(made.query)), schema)
    let source = SourceFeed(scope: before, statement: statement, plan: plan)
    return try SourceFeed(scope: scope, statement: statement, plan: plan).run { batch throws(UpkeepError) in
      try source.give(made.query, batch) { _ throws(UpkeepError) in Array(schema.columns.indices) }
    }
  }

  /// A column of the query that always has one type keeps it; others take any value.
  private func columns(of query: Query) throws(UpkeepError) -> [ColumnDefinition] {
    let host = statement.host(scope)
    let plan = try QueryPlan(query, QueryPlace(host: host, commonTables: statement.commonTables))
    var taken = Set<String>()
    return plan.columns.map { column in
      var name = column.name
      var number = 0
      while !taken.insert(Names.folded(name)).inserted {
        number += 1
        name = "\(column.name):\(number)"
      }
      return ColumnDefinition(
        name, column.type ?? .any, collation: column.type == .text ? column.collation ?? .binary : .binary)
    }
  }
}
