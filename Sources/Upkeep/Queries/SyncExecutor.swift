/// Runs SYNC. Its source's columns go by name.
struct SyncExecutor {
  let scope: TransactionScope
  let statement: StatementContext

  func run(_ sync: SyncStatement) throws(UpkeepError) -> ChangeResult {
    let schema = try scope.table(sync.table)
    let plan = try UpsertPlan(sync, schema) { statement.admittingQueries($0, scope) }
    let feed = SourceFeed(scope: scope, statement: statement, plan: plan)
    if case .file(let path) = sync.source {
      let file = try statement.file(path)
      return try feed.run(of: file) { batch throws(UpkeepError) in try feed.give(file, batch) }
    }
    return try feed.run { batch throws(UpkeepError) in
      switch sync.source {
      case .values(let rows, let columns):
        try feed.give(rows, to: try schema.ordinals(ofGiven: columns), batch)
      case .file: break
      case .query(let query):
        try feed.give(query, batch) { names throws(UpkeepError) in try schema.ordinals(ofGiven: names) }
      }
    }
  }
}

extension TableSchema {
  /// The places of the columns that a source gives, each named once.
  func ordinals(ofGiven names: [String]) throws(UpkeepError) -> [Int] {
    var ordinals: [Int] = []
    for column in names {
      let ordinal = try requiredOrdinal(of: column)
      if ordinals.contains(ordinal) {
        var error = UpkeepError(.misuse, "\(name).\(column) is named twice; name each column once")
        error.table = name
        error.column = column
        throw error
      }
      ordinals.append(ordinal)
    }
    return ordinals
  }
}

extension UpkeepError {
  /// The error with the row's number in front, where the statement had more than that one.
  ///
  /// - Parameter isOnly: whether the statement gave one row, which needs no number.
  func saying(rowOf table: String, isOnly: Bool = false) -> UpkeepError {
    guard let rowNumber, !isOnly, self.table == table, isOfRow || code == .unreadableKey else { return self }
    var error = self
    error.message = "row \(rowNumber): \(message)"
    return error
  }
}
