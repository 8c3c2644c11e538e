/// A column of one of the rows that an expression sees.
package struct SlotColumn: Sendable, Hashable {
  package let slot: Int
  /// The column's position; one past the last for the hidden rowid.
  package let ordinal: Int

  package init(slot: Int, ordinal: Int) {
    self.slot = slot
    self.ordinal = ordinal
  }
}

/// The rows that an expression may name, when it is compiled. Their order is that of the slots of the
/// `EvaluationContext`: by custom 0 is the current (stored) row, 1 `excluded`, 2 `old`, 3 `new`.
package struct ExpressionScope: Sendable {
  /// One row: the names by which it can be qualified, and its columns.
  package struct Slot: Sendable {
    package var names: [String]
    package var columns: ColumnList
    /// What a join in parentheses is made of; nil for all others.
    package var joined: JoinedNames?
    /// The id of the stored table whose row it is; nil for all others, and where nobody asks.
    package var table: UInt64?

    package init(names: [String], columns: ColumnList) {
      self.names = names
      self.columns = columns
    }
  }

  package var slots: [Slot]
  /// The slots in which bare names are looked up; the first that has the column is meant.
  package var bareSlots: [Int]
  /// Whether a bare name that several of those slots have is an error rather than the first of them.
  package var refusesAmbiguity = false
  /// What functions may tell of the row that is returned.
  package var tells: ToldOfRows = []
  /// What aggregates were computed into: where an aggregate stands, the column is read instead.
  package var aggregates: [Expression: SlotColumn] = [:]
  /// The rows of the query around this one, looked at where a name is not found here.
  package var outer: OuterScope?
  /// Makes queries within expressions ready; nil where they have no place.
  package var subqueries: (any SubqueryCompiling)?
  /// How deep the query of this scope stands in the expressions of others.
  package var depth = 0
  /// Columns that a join made one, by their folded name: the first that is not NULL is meant.
  package var merged: [String: [SlotColumn]] = [:]
  /// Whether the row here stands beside the sources of the query right within it: a bare name must be of one of them.
  package var isBesideSources = false
  /// Where it is written down which names mean a certain column; nil where nobody asks.
  package var uses: ColumnUses?
  /// Columns that convert nothing in comparisons, whatever type they are kept as.
  package var untyped: Set<SlotColumn> = []

  /// No rows: constants and functions only.
  package init() {
    slots = []
    bareSlots = []
  }

  /// Bare names are looked up in slot 0 only, unless said.
  package init(slots: [Slot], bareSlots: [Int] = [0]) {
    self.slots = slots
    self.bareSlots = bareSlots
  }

  /// One row.
  package init(names: [String], columns: ColumnList) {
    self.init(slots: [Slot(names: names, columns: columns)])
  }

  /// The current row of a table, by its name or an alias.
  package init(table: TableSchema, alias: String? = nil) {
    self.init(names: [alias ?? table.name], columns: table.columnList)
  }

  /// The rows of an upsert: the stored one, `excluded`, and for RETURNING `old` and `new`.
  package static func upsert(into table: TableSchema, alias: String? = nil) -> ExpressionScope {
    ExpressionScope(slots: [
      Slot(names: [alias ?? table.name], columns: table.columnList),
      Slot(names: ["excluded"], columns: table.columnList),
      Slot(names: ["old"], columns: table.columnList),
      Slot(names: ["new"], columns: table.columnList),
    ])
  }

  /// What RETURNING of an upsert sees: the same rows but the proposed one, which is not what became of it.
  package static func returned(from table: TableSchema, alias: String? = nil) -> ExpressionScope {
    var scope = upsert(into: table, alias: alias)
    scope.tells = [.action, .ordinal, .key]
    scope.slots[1] = Slot(names: [], columns: table.columnList)
    return scope
  }

  /// The column's schema; nil for a hidden rowid.
  package func column(_ column: SlotColumn) -> ColumnSchema? {
    guard column.slot < slots.count else { return nil }
    let columns = slots[column.slot].columns.columns
    return column.ordinal < columns.count ? columns[column.ordinal] : nil
  }

  /// Finds the column that a reference means.
  package func resolve(_ reference: ColumnReference) throws(UpkeepError) -> SlotColumn {
    if let found = try find(reference) { return found }
    throw unknown(reference)
  }

  /// The same; nil if there is no such column.
  package func find(_ reference: ColumnReference) throws(UpkeepError) -> SlotColumn? {
    var found: SlotColumn?
    if let qualifier = reference.qualifier {
      for (slot, row) in slots.enumerated() {
        guard let ordinal = row.column(reference.name, of: qualifier) else { continue }
        if found != nil { throw ambiguous(reference) }
        found = SlotColumn(slot: slot, ordinal: ordinal)
        if !refusesAmbiguity { return found }
      }
      return found
    }
    for slot in bareSlots where slot < slots.count {
      guard let (ordinal, isAmbiguous) = slots[slot].bare(reference.name) else { continue }
      if found != nil || isAmbiguous { throw ambiguous(reference) }
      found = SlotColumn(slot: slot, ordinal: ordinal)
      if !refusesAmbiguity { return found }
    }
    return found
  }

  func ambiguous(_ reference: ColumnReference, beside: ExpressionScope? = nil) -> UpkeepError {
    let choices = ((beside?.slots ?? []) + slots).flatMap { slot in
      slot.shownNames.filter { slot.column(reference.name, of: $0) != nil }
    }.map { "\($0).\(reference.name)" }
    let advice =
      reference.qualifier == nil
      ? "\(reference.name) is in more than one row; write \(choices.joined(separator: " or "))"
      : "\(reference.qualifier ?? "") stands for more than one row; give each an alias"
    var error = UpkeepError(.misuse, advice)
    error.name = reference.name
    error.place = reference.place
    return error
  }

  /// The error for a column that is nowhere.
  func unknown(_ reference: ColumnReference) -> UpkeepError {
    if slots.isEmpty, let outer { return outer.scope.unknown(reference) }
    guard let qualifier = reference.qualifier else {
      let known = bareSlots.filter { $0 < slots.count }.flatMap { slots[$0].shown.map(\.name) }
      return unknown(
        reference, among: known, in: bareSlots.first.flatMap { $0 < slots.count ? slots[$0] : nil })
    }
    if let row = slots.first(where: { $0.isCalled(qualifier) }) {
      let inner = row.joined?.row(qualifier)
      let known = inner?.columns.map(\.name) ?? row.columns.columns.map(\.name)
      return unknown(reference, among: known, in: inner == nil ? row : nil, called: inner?.name)
    }
    let hint = Names.suggestion(for: qualifier, among: slots.flatMap(\.shownNames))
    var error = UpkeepError(
      .unknownColumn, "\(qualifier).\(reference.name) names no row that can be used here\(hint)")
    error.name = reference.name
    error.place = reference.place
    return error
  }

  private func unknown(
    _ reference: ColumnReference, among known: [String], in row: Slot?, called: String? = nil
  ) -> UpkeepError {
    let hint = Names.suggestion(for: reference.name, among: known)
    let place: String
    let names = slots.flatMap { $0.shownNames.prefix($0.joined == nil ? 1 : .max) }
    if reference.qualifier == nil, names.count > 1, refusesAmbiguity {
      place = "none of \(names.joined(separator: ", ")) has a column \(reference.name)"
    } else if let called {
      place = "\(called) has no column \(reference.name)"
    } else if let row, let table = row.columns.columns.first?.table {
      place = "table \(table) has no column \(reference.name)"
    } else {
      place = "column \(reference.name) cannot be used here: there is no row"
    }
    var error = UpkeepError(.unknownColumn, place + hint)
    error.table = row?.columns.columns.first?.table
    error.name = reference.name
    error.place = reference.place
    return error
  }
}

/// What a statement can tell of a row that it returns, by functions.
package struct ToldOfRows: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `upsert_action()`
  package static let action = ToldOfRows(rawValue: 1)
  /// `row_ordinal()`
  package static let ordinal = ToldOfRows(rawValue: 2)
  /// `conflict_key()`
  package static let key = ToldOfRows(rawValue: 4)
  /// `merge_action()`
  package static let mergeAction = ToldOfRows(rawValue: 8)
}

/// The rows of the query around another.
package final class OuterScope: Sendable {
  package let scope: ExpressionScope

  package init(_ scope: ExpressionScope) { self.scope = scope }
}
