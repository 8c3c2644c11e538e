/// By which keys a record may meet a stored row.
///
/// ```swift
/// try tx.upsert(airport, on: .on(\.iata, where: \.iata != nil), .merge)
/// ```
public struct RecordTarget<R: Record>: Sendable, Hashable {
  let target: ConflictTarget

  /// The primary key.
  public static var primaryKey: RecordTarget { RecordTarget(target: .primaryKey) }

  /// Every unique key: the primary key first, then indexes as they were created.
  public static var anyUnique: RecordTarget { RecordTarget(target: .anyUnique) }

  /// A unique index or constraint by name.
  public static func index(_ name: String) -> RecordTarget { RecordTarget(target: .index(name)) }

  /// The unique key over the columns of these properties, in any order.
  public static func on(_ paths: PartialKeyPath<R>...) -> RecordTarget { over(paths, nil) }

  /// The partial unique key over the columns of these properties whose condition follows from this one.
  public static func on(
    _ paths: PartialKeyPath<R>..., where condition: ColumnExpression<R, Bool>
  ) -> RecordTarget {
    over(paths, condition)
  }

  /// The partial unique key over the columns of these properties whose condition follows from this one.
  public static func on(
    _ paths: PartialKeyPath<R>..., where condition: (StoredColumns<R>) -> ColumnExpression<R, Bool>
  ) -> RecordTarget {
    over(paths, condition(StoredColumns(qualifier: nil)))
  }

  private static func over(
    _ paths: [PartialKeyPath<R>], _ condition: ColumnExpression<R, Bool>?
  ) -> RecordTarget {
    let columns = R.columns.names(of: paths).map { Expression.column(ColumnReference($0)) }
    return RecordTarget(target: .columns(columns, where: condition?.expression))
  }
}

/// What happens to the row that a record meets.
public struct RecordAction<R: Record>: Sendable, Hashable {
  let action: ConflictAction

  init(_ action: ConflictAction) { self.action = action }

  /// An error.
  public static var fail: RecordAction { RecordAction(.fail) }

  /// It stays as it is.
  public static var ignore: RecordAction { RecordAction(.ignore) }

  /// It becomes the record; columns that the record does not give take their defaults.
  public static var replace: RecordAction { RecordAction(.replace) }

  /// The columns that the record gives change; the rest keep their values.
  public static var merge: RecordAction { RecordAction(.merge(columns: nil)) }

  /// The columns of these properties change; the rest keep their values.
  public static func merge(_ first: PartialKeyPath<R>, _ others: PartialKeyPath<R>...) -> RecordAction {
    RecordAction(.merge(columns: R.columns.names(of: [first] + others).map { MergeColumn($0) }))
  }

  /// The columns of these properties change, each by a rule that stands above that of the table.
  ///
  /// ```swift
  /// .merge(by: (\.seen, .sum), (\.name, .set))
  /// ```
  public static func merge(by rules: (PartialKeyPath<R>, MergeRule)...) -> RecordAction {
    RecordAction(.merge(columns: rules.map { MergeColumn(R.columns.name(of: $0.0), $0.1) }))
  }

  /// As `merge`, of a record whose nils are not given: they change nothing, and an insert gives their columns the
  /// defaults.
  public static var mergeNonNull: RecordAction { RecordAction(.mergeNonNull) }

  /// The assignments are made where the condition holds. The first row is the stored one, the second the incoming one;
  /// the closures run once and say what is to be computed, for whatever row.
  ///
  /// ```swift
  /// .update(where: { $1.seen > $0.seen }) { $0.seen += $1.seen; $0.name = $1.name }
  /// ```
  public static func update(
    where condition: ((StoredColumns<R>, StoredColumns<R>) -> ColumnExpression<R, Bool>)? = nil,
    _ assign: (inout AssignedColumns<R>, StoredColumns<R>) -> Void
  ) -> RecordAction {
    let incoming = StoredColumns<R>(qualifier: "excluded")
    var assigned = AssignedColumns<R>()
    assign(&assigned, incoming)
    let holds = condition?(StoredColumns(qualifier: nil), incoming)
    return RecordAction(.update(assignments: assigned.assignments, where: holds?.expression))
  }

  /// The assignments are made, whatever the incoming row has.
  public static func update(_ assign: (inout AssignedColumns<R>) -> Void) -> RecordAction {
    update { stored, _ in assign(&stored) }
  }
}

/// One of several answers to what a record may meet: the first whose target meets a row is the one.
public struct RecordClause<R: Record>: Sendable, Hashable {
  let target: RecordTarget<R>
  let action: RecordAction<R>
  let ambiguity: AmbiguityPolicy

  /// What to do with the row met by these keys.
  public static func on(
    _ target: RecordTarget<R>, _ action: RecordAction<R>, ambiguity: AmbiguityPolicy = .fail
  ) -> RecordClause {
    RecordClause(target: target, action: action, ambiguity: ambiguity)
  }

  var clause: ConflictClause { ConflictClause(target.target, action.action, ambiguity: ambiguity) }
}

extension BatchStatement {
  /// An upsert with one answer, or with several clauses in its place.
  @usableFromInline
  static func upsert<R>(
    _ target: RecordTarget<R>, _ action: RecordAction<R>, _ ambiguity: AmbiguityPolicy,
    or clauses: [RecordClause<R>]?
  ) throws(UpkeepError) -> BatchStatement {
    try .upsert(target.target, action.action, ambiguity, or: clauses?.map(\.clause))
  }

  /// A sync by the key that a target means.
  @usableFromInline
  static func sync<R>(by key: RecordTarget<R>, allowsEmpty: Bool, displaces: Bool) -> BatchStatement {
    .sync(by: key.target, allowsEmpty: allowsEmpty, displaces: displaces)
  }
}
