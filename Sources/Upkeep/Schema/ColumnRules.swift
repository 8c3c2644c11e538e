/// A column's merge rule, ready for use.
package enum ColumnRule: Sendable {
  case set
  case keep
  case coalesce
  case ifNull
  case sum
  case min
  case max
  case append
  case json
  /// By the column at this position.
  case latest(by: Int)
  case touch
  /// Over slot 0, the stored row, and slot 1, the incoming one.
  case using(CompiledExpression)
}

/// The merge rules of a table's columns, ready for use: those of its definition, or those of one clause.
package struct ColumnRules: Sendable {
  /// For each column its rule.
  package let rules: [ColumnRule]
  /// The columns that may change, by position; nil for all.
  package let mask: [Bool]?
  /// The columns with TOUCH.
  package let touched: [Int]
  /// Whether a rule is an expression over the rows.
  package let readsRows: Bool

  private init(_ rules: [ColumnRule], mask: [Bool]?) {
    self.rules = rules
    self.mask = mask
    touched = rules.indices.filter { if case .touch = rules[$0] { true } else { false } }
    readsRows = rules.contains { if case .using = $0 { true } else { false } }
  }

  /// The rules that a table's definition says.
  ///
  /// - Parameter keyColumns: the columns of the primary key and of unique keys.
  /// - Returns: nil where every column takes what comes.
  package static func declared(
    _ definition: TableDefinition, _ columns: ColumnList, keyColumns: Set<Int>
  ) throws(UpkeepError) -> ColumnRules? {
    let declared = definition.columns.map(\.merge)
    guard declared.contains(where: { $0 != nil }) else { return nil }
    let scope = ExpressionScope(slots: [
      ExpressionScope.Slot(names: [definition.name], columns: columns),
      ExpressionScope.Slot(names: ["excluded"], columns: columns),
    ])
    let maker = RuleMaker(columns: columns, keyColumns: keyColumns, scope: scope, isInSchema: true)
    return try maker.make(declared).map { ColumnRules($0, mask: nil) }
  }

  /// The rules of a clause that names columns, of which some have a rule that stands above the table's.
  ///
  /// - Parameter scope: of the rows of the statement.
  /// - Returns: nil where every column takes what comes.
  package static func named(
    _ named: [MergeColumn], of schema: TableSchema, _ scope: ExpressionScope, mask: [Bool]
  ) throws(UpkeepError) -> ColumnRules? {
    var said = schema.definition.columns.map(\.merge)
    guard schema.mergeRules != nil || named.contains(where: { $0.rule != nil }) else { return nil }
    for column in named {
      guard let rule = column.rule else { continue }
      let ordinal = try schema.requiredOrdinal(of: column.name)
      guard ordinal < said.count else {
        throw UpkeepError(
          .misuse, "rowid of \(schema.name) is its key and takes no merge rule; leave it away")
      }
      said[ordinal] = rule
    }
    let maker = RuleMaker(
      columns: schema.columnList, keyColumns: schema.uniqueKeyColumns, scope: scope, isInSchema: false)
    return try maker.make(said).map { ColumnRules($0, mask: mask) }
  }

  /// TOUCH alone: what a statement asks that makes rows equal to those of a source. Nil without any.
  package var touching: ColumnRules? {
    guard !touched.isEmpty else { return nil }
    return ColumnRules(rules.map { if case .touch = $0 { .touch } else { .set } }, mask: mask)
  }
}

extension TableSchema {
  /// Gives TOUCH columns that are not assigned the statement's time, if anything else of a row changes.
  ///
  /// - Parameter columns: the TOUCH columns in question; all of the table unless said.
  func touch(
    _ new: inout [Value], _ old: [Value], _ columns: [Int]? = nil, at now: Timestamp,
    isAssigned: (Int) -> Bool
  ) throws(UpkeepError) {
    guard let touched = columns ?? mergeRules?.touched, !touched.isEmpty,
      new.indices.contains(where: { !new[$0].hasSameBytes(as: old[$0]) })
    else { return }
    for ordinal in touched where !isAssigned(ordinal) {
      new[ordinal] = try Coercion.coerce(.timestamp(now), to: self.columns[ordinal])
    }
  }
}

/// Makes rules ready for use, and refuses those that do not fit their columns.
private struct RuleMaker {
  let columns: ColumnList
  let keyColumns: Set<Int>
  let scope: ExpressionScope
  /// Rules of the schema must give the same whenever they are asked.
  let isInSchema: Bool

  /// Nil where every column takes what comes.
  func make(_ said: [MergeRule?]) throws(UpkeepError) -> [ColumnRule]? {
    var rules: [ColumnRule] = []
    var comparedBy: [(column: Int, by: ColumnSchema)] = []
    for (ordinal, rule) in said.enumerated() {
      let column = columns.columns[ordinal]
      let made = try make(rule ?? .set, of: column)
      if case .latest(let by) = made { comparedBy.append((by, column)) }
      rules.append(made)
    }
    for (ordinal, column) in comparedBy where said[ordinal] == nil {
      if keyColumns.contains(ordinal) {
        let name = columns.columns[ordinal].name
        throw error(
          "LATEST BY \(name) makes \(name) MAX, and a column of a key is SET or KEEP only; give it one of these",
          column)
      }
      rules[ordinal] = .max
    }
    return rules.allSatisfy { if case .set = $0 { true } else { false } } ? nil : rules
  }

  private func make(_ rule: MergeRule, of column: ColumnSchema) throws(UpkeepError) -> ColumnRule {
    if let types = rule.types, column.type != .any, !types.contains(column.type) {
      let known = types.map(\.name).joined(separator: " and ")
      throw error(
        "it is \(column.type.name), and MERGE \(rule.name) is for \(known) columns", column)
    }
    if keyColumns.contains(column.ordinal), rule != .set, rule != .keep {
      throw error("it is a column of a key, which is MERGE SET or KEEP and not \(rule.name)", column)
    }
    switch rule {
    case .set: return .set
    case .keep: return .keep
    case .coalesce: return .coalesce
    case .ifNull: return .ifNull
    case .sum: return .sum
    case .min: return .min
    case .max: return .max
    case .append: return .append
    case .json: return .json
    case .touch: return .touch
    case .latest(let name): return .latest(by: try compared(name, column))
    case .using(let expression):
      let compiled = try CompiledExpression.compile(expression, in: scope)
      if isInSchema, !compiled.isDeterministic {
        throw error("MERGE USING cannot use a function whose result changes by itself", column)
      }
      return .using(compiled)
    }
  }

  /// The position of the column by which another is compared.
  private func compared(_ name: String, _ column: ColumnSchema) throws(UpkeepError) -> Int {
    guard let ordinal = columns.ordinal(of: name), ordinal < columns.columns.count else {
      let hint = Names.suggestion(for: name, among: columns.columns.map(\.name))
      var error = UpkeepError(
        .unknownColumn, "\(column.table).\(column.name) is LATEST BY \(name), which is no column of it\(hint)"
      )
      error.table = column.table
      error.column = column.name
      error.name = name
      throw error
    }
    if ordinal == column.ordinal {
      throw error("LATEST BY names another column, by which rows are older or newer; alone it is MAX", column)
    }
    return ordinal
  }

  private func error(_ text: String, _ column: ColumnSchema) -> UpkeepError {
    var error = UpkeepError(.misuse, "\(column.table).\(column.name): \(text)")
    error.table = column.table
    error.column = column.name
    return error
  }
}
