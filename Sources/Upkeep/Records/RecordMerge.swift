/// The rows that expressions of a merge are about: a stored one, and a record of the source. Stands for their type in
/// `ColumnExpression`, and has no values.
public enum MergedRows<R: Record, Source: Record> {}

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
public struct RecordMerge<R: Record, Source: Record> {
  /// The columns of a stored row.
  public typealias Stored = RowColumns<R, MergedRows<R, Source>>
  /// The columns of a record of the source.
  public typealias Incoming = RowColumns<Source, MergedRows<R, Source>>
  /// Whether a stored row and a record match, or a clause takes them.
  public typealias Condition = (Stored, Incoming) -> ColumnExpression<MergedRows<R, Source>, Bool>

  private let condition: Expression
  private var clauses: [MergeClause] = []

  /// What expressions call the records.
  static var sourceName: String { "excluded" }

  init(_ condition: Condition, _ clauses: (inout RecordMerge) -> Void) {
    self.condition = condition(Self.stored, Self.incoming).expression
    clauses(&self)
  }

  static var stored: Stored { Stored(qualifier: R.table) }
  static var incoming: Incoming { Incoming(qualifier: sourceName) }

  var statement: MergeStatement {
    MergeStatement(
      into: TableReference(R.table), using: .values([], columns: []), as: Self.sourceName, on: condition,
      clauses)
  }

  /// What becomes of a row that a record matches. The first row of the condition is the stored one, the second the
  /// record.
  public mutating func whenMatched(and condition: Condition? = nil, _ action: MatchedAction<R, Source>) {
    let holds = condition?(Self.stored, Self.incoming).expression
    clauses.append(MergeClause(.matched, and: holds, action.action))
  }

  /// What becomes of a record that matches no row.
  public mutating func whenNotMatched(
    and condition: ((Incoming) -> ColumnExpression<MergedRows<R, Source>, Bool>)? = nil,
    _ action: NotMatchedAction<R, Source>
  ) {
    clauses.append(MergeClause(.notMatched, and: condition?(Self.incoming).expression, action.action))
  }

  /// What becomes of a row that no record matches.
  public mutating func whenNotMatchedBySource(
    and condition: ((StoredColumns<R>) -> ColumnExpression<R, Bool>)? = nil,
    _ action: NotMatchedBySourceAction<R>
  ) {
    let holds = condition?(StoredColumns(qualifier: R.table)).expression
    clauses.append(MergeClause(.notMatchedBySource, and: holds, action.action))
  }
}

/// What becomes of a row that a record matches.
public struct MatchedAction<R: Record, Source: Record>: Sendable, Hashable {
  let action: MergeClause.Action

  /// It gets every column that the record gives, by name.
  public static var update: MatchedAction { MatchedAction(action: .updateAll) }
  /// It goes.
  public static var delete: MatchedAction { MatchedAction(action: .delete) }
  /// Nothing.
  public static var ignore: MatchedAction { MatchedAction(action: .nothing) }
  /// The merge fails; where bad rows are set aside, this one is.
  public static var fail: MatchedAction { MatchedAction(action: .error) }

  /// The assignments are made; the first row is the stored one, the second the record.
  public static func update(
    _ assign: (inout AssignableColumns<R, MergedRows<R, Source>>, RecordMerge<R, Source>.Incoming) -> Void
  ) -> MatchedAction {
    var assigned = AssignableColumns<R, MergedRows<R, Source>>(qualifier: R.table)
    assign(&assigned, RecordMerge<R, Source>.incoming)
    return MatchedAction(action: .update(assigned.assignments))
  }
}

/// What becomes of a record that matches no row.
public struct NotMatchedAction<R: Record, Source: Record>: Sendable, Hashable {
  let action: MergeClause.Action

  /// It is inserted, with the columns that it gives, by name.
  public static var insert: NotMatchedAction { NotMatchedAction(action: .insertAll) }
  /// Nothing.
  public static var ignore: NotMatchedAction { NotMatchedAction(action: .nothing) }
  /// The merge fails; where bad rows are set aside, this one is.
  public static var fail: NotMatchedAction { NotMatchedAction(action: .error) }

  /// A row is inserted that has these properties' columns of the record, by name, and defaults.
  public static func insert(_ first: PartialKeyPath<R>, _ others: PartialKeyPath<R>...) -> NotMatchedAction {
    let names = R.columns.names(of: [first] + others)
    let values = names.map {
      Expression.column(ColumnReference($0, of: RecordMerge<R, Source>.sourceName))
    }
    return NotMatchedAction(action: .insert(columns: names, values: values))
  }

  /// A row is inserted that has what the assignments give it, and defaults; the second row is the record.
  ///
  /// ```swift
  /// $0.whenNotMatched(.insert { $0.icao = $1.code; $0.name = $1.title })
  /// ```
  public static func insert(
    _ assign: (inout AssignableColumns<R, MergedRows<R, Source>>, RecordMerge<R, Source>.Incoming) -> Void
  ) -> NotMatchedAction {
    var assigned = AssignableColumns<R, MergedRows<R, Source>>(qualifier: R.table)
    assign(&assigned, RecordMerge<R, Source>.incoming)
    return NotMatchedAction(
      action: .insert(
        columns: assigned.assignments.map(\.column), values: assigned.assignments.map(\.value)))
  }
}

/// What becomes of a row that no record matches.
public struct NotMatchedBySourceAction<R: Record>: Sendable, Hashable {
  let action: MergeClause.Action

  /// It goes.
  public static var delete: NotMatchedBySourceAction { NotMatchedBySourceAction(action: .delete) }
  /// Nothing.
  public static var ignore: NotMatchedBySourceAction { NotMatchedBySourceAction(action: .nothing) }
  /// The merge fails; where bad rows are set aside, this one is.
  public static var fail: NotMatchedBySourceAction { NotMatchedBySourceAction(action: .error) }

  /// The assignments are made.
  public static func update(_ assign: (inout AssignedColumns<R>) -> Void) -> NotMatchedBySourceAction {
    var assigned = AssignedColumns<R>(qualifier: R.table)
    assign(&assigned)
    return NotMatchedBySourceAction(action: .update(assigned.assignments))
  }
}
