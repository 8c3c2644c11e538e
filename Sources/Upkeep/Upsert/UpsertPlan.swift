/// What an upsert does, made ready once: targets resolved to keys, assignments bound to columns.
///
/// Keys are numbered: 0 is the primary key, then the unique indexes in the order of their creation.
package final class UpsertPlan {
  package enum Mode: Sendable {
    case upsert
    /// The table becomes equal to the rows given: what they lack is deleted.
    case sync(allowsEmpty: Bool)
  }

  package enum Action {
    case fail
    case ignore
    case replace
    /// The columns that may change, by position; nil for all.
    case merge([Bool]?)
    /// As `merge`, where a column has a rule for that.
    case mergeByRules(ColumnRules)
    case update([SetColumn], where: CompiledExpression?)
  }

  /// `column = value` of a SET list; without a value it gets its default.
  package struct SetColumn {
    package let ordinal: Int
    package let value: CompiledExpression?
  }

  /// RETURNING, ready for use.
  package struct ReturnedColumns {
    package let names: [String]
    package let expressions: [CompiledExpression]
    package let includesAll: Bool
  }

  package let schema: TableSchema
  package let uniqueIndexes: [IndexSchema]
  /// For each key how results name it, as `(iata)`.
  package let keyNames: [String]
  package let resolver: UpsertResolver
  package let actions: [Action]
  package let mode: Mode
  package let duplicates: DuplicatePolicy
  package let rejects: RejectPolicy
  package let returning: ReturnedColumns?
  /// The words in which errors advise.
  package let words: AdviceWords
  package private(set) var notices: [String] = []

  package var otherwise: ConflictResolution { resolver.otherwise }
  /// The number of keys of the table.
  package var keyCount: Int { 1 + uniqueIndexes.count }
  /// The keys through which rows are met.
  package let probedKeys: [Int]
  /// Whether conflicts are judged row by row rather than when the statement is whole.
  package let isEager: Bool
  /// Whether rows that no input row chose give way to claimants.
  package let displaces: Bool
  /// Whether NULL counts as not given.
  package let omitsNull: Bool

  package var isSync: Bool { if case .sync = mode { true } else { false } }

  /// From a statement; its source is not looked at.
  ///
  /// - Parameter admitting: lets queries stand in expressions of a scope.
  package convenience init(
    _ statement: UpsertStatement, _ schema: TableSchema,
    admitting: (ExpressionScope) -> ExpressionScope = { $0 }
  ) throws(UpkeepError) {
    try self.init(
      schema, alias: statement.alias, clauses: statement.clauses, otherwise: statement.otherwise,
      duplicates: statement.duplicates, rejects: statement.rejects, returning: statement.returning,
      admitting: admitting)
  }

  /// From a statement; its source is not looked at.
  package convenience init(
    _ sync: SyncStatement, _ schema: TableSchema,
    admitting: (ExpressionScope) -> ExpressionScope = { $0 }
  ) throws(UpkeepError) {
    try self.init(
      syncing: schema, by: sync.key, allowsEmpty: sync.allowsEmpty, duplicates: sync.duplicates,
      rejects: sync.rejects,
      displaces: sync.displaces, returning: sync.returning, admitting: admitting)
  }

  /// Makes a table equal to the rows given, which are identified by a key.
  package convenience init(
    syncing schema: TableSchema, by target: ConflictTarget = .primaryKey, allowsEmpty: Bool = false,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, displaces: Bool = false,
    returning: Returning? = nil, words: AdviceWords = .statement,
    admitting: (ExpressionScope) -> ExpressionScope = { $0 }
  ) throws(UpkeepError) {
    try self.init(
      schema,
      clauses: [ConflictClause(target, .merge(columns: nil), ambiguity: displaces ? .displace : .fail)],
      duplicates: duplicates, rejects: rejects, returning: returning, mode: .sync(allowsEmpty: allowsEmpty),
      words: words, admitting: admitting)
  }

  package init(
    _ schema: TableSchema, alias: String? = nil, clauses: [ConflictClause],
    otherwise: ConflictResolution = .abort,
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, returning: Returning? = nil,
    mode: Mode = .upsert, words: AdviceWords = .statement,
    admitting: (ExpressionScope) -> ExpressionScope = { $0 }
  ) throws(UpkeepError) {
    self.schema = schema
    self.words = words
    self.mode = mode
    self.duplicates = duplicates
    self.rejects = rejects
    uniqueIndexes = schema.indexes.filter(\.isUnique)
    let targets = ConflictTargets(schema, uniqueIndexes, words)
    keyNames = (0...uniqueIndexes.count).map { targets.description($0) }
    omitsNull = clauses.contains { $0.action == .mergeNonNull }
    if omitsNull, !clauses.allSatisfy({ $0.action == .mergeNonNull }) {
      throw UpkeepError(
        .misuse,
        "a merge of what is not NULL says of the whole row that NULL is not given; write it in all clauses or in none"
      )
    }
    var resolved: [UpsertResolver.Clause] = []
    var actions: [Action] = []
    var notices: [String] = []
    let stored = admitting(ExpressionScope.upsert(into: schema, alias: alias))
    for clause in clauses {
      if resolved.count > 0, clauses[resolved.count - 1].target == .anyUnique {
        throw UpkeepError(
          .misuse,
          "a clause follows ON CONFLICT without a target, which takes every conflict; put it before that one")
      }
      let keys = try targets.keys(of: clause.target)
      if resolved.contains(where: { $0.keys == keys }) {
        notices.append(
          "a second ON CONFLICT clause for \(targets.description(keys)) of \(schema.name) is never reached")
      }
      let action = try Self.action(clause.action, schema, stored, mode)
      let effect: UpsertResolver.Effect
      switch action {
      case .fail: effect = .fail
      case .ignore: effect = .ignore
      default: effect = .change
      }
      resolved.append(UpsertResolver.Clause(keys: keys, effect: effect, ambiguity: clause.ambiguity))
      actions.append(action)
    }
    self.actions = actions
    self.notices = notices
    resolver = UpsertResolver(clauses: resolved, otherwise: otherwise, keyCount: 1 + uniqueIndexes.count)
    displaces = clauses.contains { $0.ambiguity == .displace }
    // DO NOTHING for whatever key is held now judges row by row, as INSERT OR IGNORE does. On its own it shows in
    // nothing; and who gives way is known only when the statement is whole.
    let ignoresAny =
      clauses.count > 1 && clauses.last?.target == .anyUnique && clauses.last?.action == .ignore
    isEager = otherwise == .ignore || otherwise == .replace || otherwise == .fail || ignoresAny && !displaces
    let probesAll = isEager || clauses.isEmpty
    probedKeys =
      probesAll ? Array(0..<(1 + uniqueIndexes.count)) : Array(Set(resolved.flatMap(\.keys))).sorted()
    if duplicates != .fold, resolved.count != 1 || resolved[0].keys.count != 1 {
      throw UpkeepError(.misuse, words.needsOneKey)
    }
    self.returning = try returning.map { list throws(UpkeepError) in
      try Self.returned(list, schema, admitting(ExpressionScope.returned(from: schema, alias: alias)))
    }
  }

  /// The key of the only clause, if there is one clause with one key: what ON DUPLICATE and SYNC go by.
  package var targetKey: Int? {
    resolver.clauses.count == 1 && resolver.clauses[0].keys.count == 1 ? resolver.clauses[0].keys[0] : nil
  }

  /// Which of a row's values each column of the table is, without those that do not count as given.
  func given(_ values: [Value], _ positions: [Int]) -> [Int] {
    if !omitsNull { return positions }
    return positions.map { $0 < 0 || values[$0] == .null ? -1 : $0 }
  }

  /// A row without the values that do not count as given.
  func given(_ row: [Value?]) -> [Value?] {
    if !omitsNull { return row }
    return row.map { $0 == .some(.null) ? nil : $0 }
  }

  private static func action(
    _ action: ConflictAction, _ schema: TableSchema, _ scope: ExpressionScope, _ mode: Mode
  ) throws(UpkeepError) -> Action {
    switch action {
    case .fail: return .fail
    case .ignore: return .ignore
    case .replace: return .replace
    case .merge(nil), .mergeNonNull:
      // A sync makes rows equal to those of its source, whatever was stored; it only tells the time of it.
      let rules = if case .sync = mode { schema.mergeRules?.touching } else { schema.mergeRules }
      return rules.map { .mergeByRules($0) } ?? .merge(nil)
    case .merge(let columns?):
      var mask = Array(repeating: false, count: schema.rowWidth)
      for column in columns { mask[try schema.requiredOrdinal(of: column.name)] = true }
      let rules = try ColumnRules.named(columns, of: schema, scope, mask: mask)
      return rules.map { .mergeByRules($0) } ?? .merge(mask)
    case .update(let assignments, let condition):
      return try update(assignments, condition, schema, scope)
    }
  }

  private static func update(
    _ assignments: [Assignment], _ condition: Expression?, _ schema: TableSchema, _ scope: ExpressionScope
  ) throws(UpkeepError) -> Action {
    let columns = try setColumns(assignments, schema, scope)
    let compiled = try condition.map { condition throws(UpkeepError) in
      try CompiledExpression.compile(condition, in: scope)
    }
    return .update(columns, where: compiled)
  }

  /// A SET list made ready.
  static func setColumns(
    _ assignments: [Assignment], _ schema: TableSchema, _ scope: ExpressionScope
  ) throws(UpkeepError) -> [SetColumn] {
    var columns: [SetColumn] = []
    for assignment in assignments {
      let ordinal = try schema.requiredOrdinal(of: assignment.column)
      if columns.contains(where: { $0.ordinal == ordinal }) {
        throw assignment.repetition(in: schema)
      }
      let value = try assignment.value.map { value throws(UpkeepError) in
        try CompiledExpression.compile(value, in: scope)
      }
      columns.append(SetColumn(ordinal: ordinal, value: value))
    }
    return columns
  }

  /// RETURNING made ready.
  static func returned(
    _ returning: Returning, _ schema: TableSchema, _ scope: ExpressionScope
  ) throws(UpkeepError) -> ReturnedColumns {
    var names: [String] = []
    var expressions: [CompiledExpression] = []
    for column in returning.columns {
      switch column {
      case .expression(let expression, let name):
        names.append(name)
        expressions.append(try CompiledExpression.compile(expression, in: scope))
      case .all(let qualifier):
        for column in schema.columns {
          names.append(column.name)
          let reference = Expression.column(ColumnReference(column.name, of: qualifier))
          expressions.append(try CompiledExpression.compile(reference, in: scope))
        }
      }
    }
    return ReturnedColumns(names: names, expressions: expressions, includesAll: returning.includesAll)
  }

  /// The kinds of outcome that the statement can have, for its counts.
  package var kinds: [StatementSummary.Kind] {
    var kinds: Set<StatementSummary.Kind> = [.inserted]
    for action in actions {
      switch action {
      case .fail: break
      case .ignore: kinds.insert(.ignored)
      case .replace: kinds.formUnion([.replaced, .unchanged])
      case .merge, .mergeByRules: kinds.formUnion([.updated, .unchanged])
      case .update(_, let condition):
        kinds.formUnion([.updated, .unchanged])
        if condition != nil { kinds.insert(.ignored) }
      }
    }
    switch otherwise {
    case .ignore: kinds.insert(.ignored)
    case .replace: kinds.formUnion([.replaced, .unchanged, .displaced])
    case .abort, .fail, .rollback: break
    }
    if duplicates == .first || duplicates == .last { kinds.insert(.ignored) }
    if displaces { kinds.insert(.displaced) }
    if isSync { kinds.insert(.deleted) }
    if case .collect = rejects { kinds.insert(.rejected) }
    return StatementSummary.Kind.allCases.filter { kinds.contains($0) }
  }
}

extension Assignment {
  /// The error of a SET list that names its column once more.
  func repetition(in schema: TableSchema) -> UpkeepError {
    var error = UpkeepError(
      .misuse, "\(schema.name).\(column) is assigned twice in one SET list; assign it once")
    error.table = schema.name
    error.column = column
    return error
  }
}
