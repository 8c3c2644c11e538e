public import Upkeep

/// Statements, on one line each, without the `;`.
extension SQLPrinter {
  /// A statement as text.
  public static func statement(_ statement: Statement) -> String {
    switch statement {
    case .createTable(let table, let ifNotExists):
      let text = String(createTable(table).dropLast())
      return ifNotExists ? inserting("IF NOT EXISTS", behind: "TABLE", in: text) : text
    case .createTableAs(let made):
      return "CREATE \(made.isTemporary ? "TEMP " : "")TABLE \(made.ifNotExists ? "IF NOT EXISTS " : "")"
        + "\(name(made.name)) AS \(query(made.query))"
    case .dropTable(let table, let ifExists):
      return "DROP TABLE \(ifExists ? "IF EXISTS " : "")\(tableName(table))"
    case .createIndex(let index, let ifNotExists):
      let text = String(createIndex(index).dropLast())
      return ifNotExists ? inserting("IF NOT EXISTS", behind: "INDEX", in: text) : text
    case .dropIndex(let index, let ifExists):
      return "DROP INDEX \(ifExists ? "IF EXISTS " : "")\(tableName(index))"
    case .createView(let view, let ifNotExists):
      let text = String(createView(view).dropLast())
      return ifNotExists ? inserting("IF NOT EXISTS", behind: "VIEW", in: text) : text
    case .dropView(let view, let ifExists):
      return "DROP VIEW \(ifExists ? "IF EXISTS " : "")\(tableName(view))"
    case .alterTable(let table, let alteration):
      return "ALTER TABLE \(tableName(table)) \(self.alteration(alteration))"
    case .createBucket(let bucket, let ifNotExists):
      let text = String(createBucket(bucket).dropLast())
      return ifNotExists ? inserting("IF NOT EXISTS", behind: "BUCKET", in: text) : text
    case .insertIntoBucket(let statement): return insertIntoBucket(statement)
    case .upsert(let upsert): return self.upsert(upsert)
    case .sync(let sync): return self.sync(sync)
    case .merge(let merge): return self.merge(merge)
    case .preview(.statement(let previewed)): return "PREVIEW \(self.statement(previewed))"
    case .update(let update): return self.update(update)
    case .delete(let delete):
      let using = delete.sources.isEmpty ? "" : " USING \(sources(delete.sources))"
      return
        "DELETE FROM \(table(delete.table))\(using)\(condition(delete.condition))\(returning(delete.returning))"
    case .select(let query): return self.query(query)
    case .with(let tables, .statement(let inner)): return with(tables) + self.statement(inner)
    case .values(let rows): return values(rows)
    case .explain(.statement(let explained)): return "EXPLAIN \(self.statement(explained))"
    case .begin(let immediate): return immediate ? "BEGIN IMMEDIATE" : "BEGIN"
    case .commit: return "COMMIT"
    case .rollback: return "ROLLBACK"
    case .savepoint(let savepoint): return "SAVEPOINT \(name(savepoint))"
    case .rollbackTo(let savepoint): return "ROLLBACK TO \(name(savepoint))"
    case .release(let savepoint): return "RELEASE \(name(savepoint))"
    }
  }

  private static func inserting(_ words: String, behind word: String, in text: String) -> String {
    let parts = text.split(separator: " \(word) ", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 ? "\(parts[0]) \(word) \(words) \(parts[1])" : text
  }

  static func table(_ reference: TableReference) -> String {
    tableName(reference.name) + (reference.alias.map { " AS \(name($0))" } ?? "")
  }

  static func condition(_ condition: Expression?) -> String {
    condition.map { " WHERE \(expression($0))" } ?? ""
  }

  static func resultColumns(_ columns: [ResultColumn]) -> String {
    columns.map { column in
      switch column {
      case .all(of: nil): return "*"
      case .all(of: .some(let qualifier)): return "\(name(qualifier)).*"
      case .expression(let value, let shown):
        let text = expression(value)
        return text == shown ? text : "\(text) AS \(name(shown))"
      }
    }.joined(separator: ", ")
  }

  static func returning(_ returning: Returning?) -> String {
    guard let returning else { return "" }
    return " RETURNING \(returning.includesAll ? "ALL " : "")\(resultColumns(returning.columns))"
  }

  static func values(_ rows: [[Expression?]]) -> String {
    "VALUES "
      + rows.map { "(\($0.map { $0.map(expression) ?? "DEFAULT" }.joined(separator: ", ")))" }
      .joined(separator: ", ")
  }

  static func assignments(_ list: [Assignment]) -> String {
    var texts: [String] = []
    var rest = list[...]
    while let first = rest.first {
      // Columns that one query fills are assigned as a row.
      if case .subquery(let query, 0, let count)? = first.value, count > 1 {
        texts.append("\(names(rest.prefix(count).map(\.column))) = (\(self.query(query)))")
        rest = rest.dropFirst(count)
      } else {
        texts.append("\(name(first.column)) = \(first.value.map(expression) ?? "DEFAULT")")
        rest = rest.dropFirst()
      }
    }
    return texts.joined(separator: ", ")
  }

  private static func update(_ update: UpdateStatement) -> String {
    var text = "UPDATE "
    if let word = orWord(update.otherwise) { text += "OR \(word) " }
    text += "\(table(update.table)) SET \(assignments(update.assignments))"
    if !update.sources.isEmpty { text += " FROM \(sources(update.sources))" }
    return text + condition(update.condition) + returning(update.returning)
  }

  private static func orWord(_ resolution: ConflictResolution) -> String? {
    switch resolution {
    case .abort: nil
    case .fail: "FAIL"
    case .rollback: "ROLLBACK"
    case .ignore: "IGNORE"
    case .replace: "REPLACE"
    }
  }

  private static func upsert(_ upsert: UpsertStatement) -> String {
    var text = "INSERT "
    if let word = orWord(upsert.otherwise) { text += "OR \(word) " }
    text += "INTO \(tableName(upsert.table))"
    if let alias = upsert.alias { text += " AS \(name(alias))" }
    if let columns = upsert.columns { text += " \(names(columns))" }
    switch upsert.source {
    case .defaults: text += " DEFAULT VALUES"
    case .values(let rows): text += " \(values(rows))"
    case .query(let query):
      // VALUES alone would be read as rows that may say DEFAULT.
      if case .values = query.block, query.commonTables.isEmpty {
        text += " (\(self.query(query)))"
      } else {
        text += " \(self.query(query))"
      }
    }
    for clause in upsert.clauses { text += " \(self.clause(clause))" }
    return text + duplicates(upsert.duplicates) + rejects(upsert.rejects) + returning(upsert.returning)
  }

  private static func duplicates(_ policy: DuplicatePolicy) -> String {
    switch policy {
    case .fold: ""
    case .first: " ON DUPLICATE FIRST"
    case .last: " ON DUPLICATE LAST"
    case .fail: " ON DUPLICATE FAIL"
    }
  }

  static func rejects(_ policy: RejectPolicy) -> String {
    guard case .collect(let limit) = policy else { return "" }
    return " ON ERROR REJECT" + (limit.map { " LIMIT \($0)" } ?? "")
  }

  private static func sync(_ sync: SyncStatement) -> String {
    var text = "SYNC \(tableName(sync.table)) FROM "
    switch sync.source {
    case .query(let query): text += "(\(self.query(query)))"
    case .file(let path): text += string(path)
    case .values(let rows, let columns): text += "(\(values(rows))) AS v \(names(columns))"
    }
    if sync.key != .primaryKey { text += " BY \(target(sync.key))" }
    if sync.allowsEmpty { text += " ALLOW EMPTY" }
    if sync.displaces { text += " ON AMBIGUITY DISPLACE" }
    return text + duplicates(sync.duplicates) + rejects(sync.rejects) + returning(sync.returning)
  }

  private static func target(_ target: ConflictTarget) -> String {
    switch target {
    case .primaryKey: "PRIMARY KEY"
    case .columns(let parts, let condition):
      "(\(parts.map(expression).joined(separator: ", ")))\(self.condition(condition))"
    case .index(let index): "ON CONSTRAINT \(name(index))"
    case .anyUnique: ""
    }
  }

  private static func mergeColumns(_ columns: [MergeColumn]) -> String {
    let texts = columns.map { name($0.name) + ($0.rule.map { " \(mergeRule($0))" } ?? "") }
    return "(\(texts.joined(separator: ", ")))"
  }

  private static func clause(_ clause: ConflictClause) -> String {
    let target = target(clause.target)
    var text = "ON CONFLICT " + (target.isEmpty ? "" : target + " ")
    switch clause.action {
    case .fail: text += "DO FAIL"
    case .ignore: text += "DO NOTHING"
    case .replace: text += "DO REPLACE"
    case .merge(let columns): text += "DO MERGE" + (columns.map { " \(mergeColumns($0))" } ?? "")
    case .mergeNonNull: text += "DO MERGE NOT NULL"
    case .update(let list, let condition):
      text += "DO UPDATE SET \(assignments(list))\(self.condition(condition))"
    }
    switch clause.ambiguity {
    case .fail: break
    case .first: text += " ON AMBIGUITY FIRST"
    case .displace: text += " ON AMBIGUITY DISPLACE"
    }
    return text
  }
}
