import Upkeep

/// MERGE as text.
extension SQLPrinter {
  static func merge(_ merge: MergeStatement) -> String {
    var text = "MERGE INTO \(table(merge.table)) USING "
    switch merge.source {
    case .query(let query): text += "(\(self.query(query))) AS \(name(merge.sourceName))"
    case .file(let path): text += "\(string(path)) AS \(name(merge.sourceName))"
    case .values(let rows, let columns):
      text += "(\(values(rows))) AS \(name(merge.sourceName)) \(names(columns))"
    }
    let target = merge.table.alias ?? merge.table.name
    let isByColumns =
      !merge.commonColumns.isEmpty
      && merge.condition == .equal(merge.commonColumns, of: target, and: merge.sourceName)
    text += isByColumns ? " USING \(names(merge.commonColumns))" : " ON \(expression(merge.condition))"
    for clause in merge.clauses { text += " \(self.clause(clause))" }
    return text + rejects(merge.rejects) + returning(merge.returning)
  }

  private static func clause(_ clause: MergeClause) -> String {
    var text = "WHEN "
    switch clause.match {
    case .matched: text += "MATCHED"
    case .notMatched: text += "NOT MATCHED"
    case .notMatchedBySource: text += "NOT MATCHED BY SOURCE"
    }
    if let condition = clause.condition { text += " AND \(expression(condition))" }
    return text + " THEN \(action(clause.action))"
  }

  private static func action(_ action: MergeClause.Action) -> String {
    switch action {
    case .update(let assignments): "UPDATE SET \(self.assignments(assignments))"
    case .updateAll: "UPDATE SET *"
    case .delete: "DELETE"
    case .insert(let columns, let values):
      "INSERT \(columns.map { names($0) + " " } ?? "")\(self.values([values]))"
    case .insertAll: "INSERT *"
    case .insertDefaults: "INSERT DEFAULT VALUES"
    case .nothing: "DO NOTHING"
    case .error: "ERROR"
    }
  }
}
