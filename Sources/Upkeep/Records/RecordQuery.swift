/// A question for the records of a table: which, in what order, how many. It is asked anew each time that its records are
/// called for, with the plans of SQL text.
///
/// ```swift
/// let near = try snapshot.all(Airport.self).filter(\.elevation > 100 && \.iata != nil).order { $0.name }.limit(20).records()
/// ```
public struct RecordQuery<R: Record> {
  let snapshot: Snapshot
  private var condition: ColumnExpression<R, Bool>?
  private var order: [OrderTerm] = []
  private var limit: Int?
  private var offset: Int?

  init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  /// Only records for which this is true, besides what was asked before.
  public func filter(_ condition: ColumnExpression<R, Bool>) -> RecordQuery {
    changed { $0.condition = self.condition.map { $0 && condition } ?? condition }
  }

  /// Only records for which this is true, besides what was asked before.
  public func filter(_ condition: (StoredColumns<R>) -> ColumnExpression<R, Bool>) -> RecordQuery {
    filter(condition(StoredColumns(qualifier: nil)))
  }

  /// In this order; a second order rules where the first finds no difference.
  public func order<V>(
    descending: Bool = false, _ term: (StoredColumns<R>) -> ColumnExpression<R, V>
  ) -> RecordQuery {
    let expression = term(StoredColumns(qualifier: nil)).expression
    return changed { $0.order.append(OrderTerm(expression, isDescending: descending)) }
  }

  /// So many records at most.
  public func limit(_ count: Int) -> RecordQuery { changed { $0.limit = max(count, 0) } }

  /// Without the first so many.
  public func offset(_ count: Int) -> RecordQuery { changed { $0.offset = max(count, 0) } }

  /// The records.
  public func records() throws(UpkeepError) -> [R] {
    var records: [R] = []
    try run { record throws(UpkeepError) in records.append(record) }
    return records
  }

  /// The first record; nil if there is none.
  public func first() throws(UpkeepError) -> R? { try limit(min(limit ?? 1, 1)).records().first }

  /// Calls `body` with each record.
  public func forEach(_ body: (R) throws(UpkeepError) -> Void) throws(UpkeepError) { try run(body) }

  /// How many records there are, whatever limit and offset say.
  public func count() throws(UpkeepError) -> Int {
    var count = 0
    let all = Expression.aggregate("count", [], isDistinct: false)
    let query = Query(
      [.expression(all, name: "count")], from: TableReference(R.table), where: condition?.expression)
    try snapshot.scope.requireOpen()
    try QueryExecutor(snapshot.scope, StatementContext()).run(
      query, begin: { _ in },
      row: { values in if case .integer(let number)? = values.first { count = Int(clamping: number) } })
    return count
  }

  private func run(_ body: (R) throws(UpkeepError) -> Void) throws(UpkeepError) {
    try snapshot.scope.requireOpen()
    if condition == nil, order.isEmpty, limit == nil, offset == nil { return try runOverAll(body) }
    let names = R.columns.names.names
    let row = RecordRow<R>(ordinals: Array(names.indices))
    let columns = names.map { ResultColumn.expression(.column(ColumnReference($0)), name: $0) }
    let query = Query(
      columns, from: TableReference(R.table), where: condition?.expression, order: order,
      limit: limit.map { .literal(.integer(Int64($0))) }, offset: offset.map { .literal(.integer(Int64($0))) }
    )
    try QueryExecutor(snapshot.scope, StatementContext()).run(
      query, begin: { _ in }, row: { values throws(UpkeepError) in try body(try row.record(values)) })
  }

  /// The whole table: records are made of rows where they lie.
  private func runOverAll(_ body: (R) throws(UpkeepError) -> Void) throws(UpkeepError) {
    let schema = try snapshot.scope.table(R.table)
    let row = try RecordRow<R>(schema)
    let cursor = try RowReader(snapshot.scope).scan(schema)
    while try cursor.next() { try body(try row.record(try cursor.row)) }
  }

  private func changed(_ change: (inout RecordQuery) -> Void) -> RecordQuery {
    var query = self
    change(&query)
    return query
  }
}

extension Snapshot {
  /// The records of a table, to be narrowed down, ordered and read.
  public func all<R: Record>(_ type: R.Type) -> RecordQuery<R> { RecordQuery(self) }

  /// The record with this primary key, one value for each of its columns.
  ///
  /// - Complexity: O(log n).
  public func find<R: Record>(_ type: R.Type, _ key: any ColumnValue...) throws(UpkeepError) -> R? {
    let finder = try scope.finder(R.table)
    guard let view = try finder.find(key: key.map(\.columnValue)) else { return nil }
    return try RecordRow<R>.of(finder).record(view)
  }

  /// The record with this key in a unique index.
  public func find<R: Record>(
    _ type: R.Type, by index: String, _ key: any ColumnValue...
  ) throws(UpkeepError) -> R? {
    let finder = try scope.finder(R.table, by: index)
    guard let view = try finder.find(key: key.map(\.columnValue)) else { return nil }
    return try RecordRow<R>.of(finder).record(view)
  }

  /// The first record, in key order, for which a condition holds.
  ///
  /// ```swift
  /// let kennedy = try snapshot.find(Airport.self, where: \.iata == "JFK")
  /// ```
  public func find<R: Record>(
    _ type: R.Type, where condition: ColumnExpression<R, Bool>
  ) throws(UpkeepError) -> R? {
    try all(type).filter(condition).first()
  }
}
