/// The clauses of a merge of records: what becomes of rows that match, of records that match none, and of rows that no
/// record matches. Of each kind the first whose condition holds is the one; rows that no clause takes stay.
///
/// ```swift
/// try tx.merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }) {
///   $0.whenMatched(and: { $1.elevation != nil }, .update { $0.elevation = $1.elevation })
///   $0.whenNotMatched(.insert)
///   $0.whenNotMatchedBySource(.delete)
/// }
/// ```
public struct RecordMerge<R: Record> {
  private(set) var clauses: [MergeClause] = []

  /// What expressions call the records.
  static var sourceName: String { "excluded" }
  /// The columns of the table's rows.
  static var stored: StoredColumns<R> { StoredColumns(qualifier: R.table) }
  /// The columns of the records.
  static var incoming: StoredColumns<R> { StoredColumns(qualifier: sourceName) }

  /// What becomes of a row that a record matches. The first row of the condition is the stored one, the second the
  /// record.
  public mutating func whenMatched(
    and condition: ((StoredColumns<R>, StoredColumns<R>) -> ColumnExpression<R, Bool>)? = nil,
    _ action: MatchedAction<R>
  ) {
    let holds = condition?(Self.stored, Self.incoming).expression
    clauses.append(MergeClause(.matched, and: holds, action.action))
  }

  /// What becomes of a record that matches no row.
  public mutating func whenNotMatched(
    and condition: ((StoredColumns<R>) -> ColumnExpression<R, Bool>)? = nil, _ action: NotMatchedAction<R>
  ) {
    clauses.append(MergeClause(.notMatched, and: condition?(Self.incoming).expression, action.action))
  }

  /// What becomes of a row that no record matches.
  public mutating func whenNotMatchedBySource(
    and condition: ((StoredColumns<R>) -> ColumnExpression<R, Bool>)? = nil,
    _ action: NotMatchedBySourceAction<R>
  ) {
    clauses.append(MergeClause(.notMatchedBySource, and: condition?(Self.stored).expression, action.action))
  }
}

/// What becomes of a row that a record matches.
public struct MatchedAction<R: Record>: Sendable, Hashable {
  let action: MergeClause.Action

  /// It gets every column that the record gives.
  public static var update: MatchedAction { MatchedAction(action: .updateAll) }
  /// It goes.
  public static var delete: MatchedAction { MatchedAction(action: .delete) }
  /// Nothing.
  public static var ignore: MatchedAction { MatchedAction(action: .nothing) }
  /// The merge fails.
  public static var fail: MatchedAction { MatchedAction(action: .error) }

  /// The assignments are made; the first row is the stored one, the second the record.
  public static func update(_ assign: (inout AssignedColumns<R>, StoredColumns<R>) -> Void) -> MatchedAction {
    var assigned = AssignedColumns<R>(qualifier: R.table)
    assign(&assigned, RecordMerge<R>.incoming)
    return MatchedAction(action: .update(assigned.assignments))
  }
}

/// What becomes of a record that matches no row.
public struct NotMatchedAction<R: Record>: Sendable, Hashable {
  let action: MergeClause.Action

  /// It is inserted.
  public static var insert: NotMatchedAction { NotMatchedAction(action: .insertAll) }
  /// Nothing.
  public static var ignore: NotMatchedAction { NotMatchedAction(action: .nothing) }
  /// The merge fails.
  public static var fail: NotMatchedAction { NotMatchedAction(action: .error) }

  /// A row is inserted that has these properties' columns of the record, and defaults.
  public static func insert(_ first: PartialKeyPath<R>, _ others: PartialKeyPath<R>...) -> NotMatchedAction {
    let names = R.columns.names(of: [first] + others)
    let values = names.map { Expression.column(ColumnReference($0, of: RecordMerge<R>.sourceName)) }
    return NotMatchedAction(action: .insert(columns: names, values: values))
  }
}

/// What becomes of a row that no record matches.
public struct NotMatchedBySourceAction<R: Record>: Sendable, Hashable {
  let action: MergeClause.Action

  /// It goes.
  public static var delete: NotMatchedBySourceAction { NotMatchedBySourceAction(action: .delete) }
  /// Nothing.
  public static var ignore: NotMatchedBySourceAction { NotMatchedBySourceAction(action: .nothing) }
  /// The merge fails.
  public static var fail: NotMatchedBySourceAction { NotMatchedBySourceAction(action: .error) }

  /// The assignments are made.
  public static func update(_ assign: (inout AssignedColumns<R>) -> Void) -> NotMatchedBySourceAction {
    var assigned = AssignedColumns<R>(qualifier: R.table)
    assign(&assigned)
    return NotMatchedBySourceAction(action: .update(assigned.assignments))
  }
}
