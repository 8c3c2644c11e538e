// Statements that change what tables, indexes, views and buckets there are.

extension Session {
  func changeSchema(_ statement: Statement) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      let change = SchemaChange(scope)
      switch statement {
      case .createTable(let definition, let ifNotExists):
        var definition = definition
        if definition.isTemporary { definition.owner = try own(scope) }
        try change.createTable(definition, ifNotExists: ifNotExists)
      case .dropTable(let name, let ifExists): try change.dropTable(name, ifExists: ifExists)
      case .createIndex(let definition, let ifNotExists):
        try change.createIndex(definition, ifNotExists: ifNotExists)
      case .dropIndex(let name, let ifExists): try change.dropIndex(name, ifExists: ifExists)
      case .dropView(let name, let ifExists): try change.dropView(name, ifExists: ifExists)
      case .createBucket(let bucket, let ifNotExists):
        try scope.statement { () throws(UpkeepError) in
          try BucketChange(scope: scope).create(bucket, ifNotExists: ifNotExists)
        }
      case .insertIntoBucket(let statement):
        try scope.statement { () throws(UpkeepError) in try BucketChange(scope: scope).insert(statement) }
      default: break
      }
    }
    return StatementSummary(changes: changes)
  }

  func create(
    _ view: ViewDefinition, _ ifNotExists: Bool, _ context: StatementContext
  ) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      try scope.statement { () throws(UpkeepError) in
        let schema = ViewSchema(name: view.name, columns: view.columns, text: view.text)
        guard try SchemaChange(scope).createView(schema, ifNotExists: ifNotExists) else { return }
        try ViewKeeper(scope, context).check(view.name)
      }
    }
    return StatementSummary(changes: changes)
  }

  func alter(
    _ table: String, _ alteration: TableAlteration, _ context: StatementContext
  ) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      try scope.statement { () throws(UpkeepError) in
        let views = ViewKeeper(scope, context)
        let readable = try views.readable()
        let name = try scope.catalog.table(table).name
        let isLasting = try scope.catalog.table(table).definition.owner == nil
        if case .renameColumn(let column, _) = alteration {
          try views.rename(column, of: table, alteration, readable)
        } else {
          try SchemaChange(scope).alterTable(table, alteration)
        }
        if case .rename(let new) = alteration, isLasting { try views.follow(from: name, to: new) }
        try views.require(readable)
      }
    }
    return StatementSummary(changes: changes)
  }

  func make(
    _ made: TableFromQuery, _ context: StatementContext
  ) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      try scope.statement { () throws(UpkeepError) in
        let owner: UInt64? = if made.isTemporary { try own(scope) } else { nil }
        guard let result = try TableMaker(scope: scope, statement: context).run(made, owner: owner) else {
          return StatementSummary(changes: changes)
        }
        changes = result.summary.changes
        return result.summary
      }
    }
  }

  /// Makes the session an owner of temporary tables, and lets those go that nobody owns any more.
  private func own(_ scope: TransactionScope) throws(UpkeepError) -> UInt64 {
    let id = owner ?? store.temporaryOwners.join()
    owner = id
    scope.owner = id
    try SchemaChange(scope).dropTemporaries(but: store.temporaryOwners.all)
    return id
  }
}
