/// Rows of a table one after the other, read as they are asked for.
///
/// ```swift
/// let rows = try snapshot.scan("airport", .from("EG"))
/// while let row = try rows.next() { print(row) }
/// ```
///
/// It sees the table as it was when the scan was made: changes made meanwhile do not show. Because each step
/// may meet a damaged page it is no `Sequence`; `next()`, `map` and their like throw.
public final class RowScan {
  private let scope: TransactionScope
  private let schema: TableSchema
  private enum Source {
    case rows(RowCursor)
    case index(IndexCursor)
  }
  private let source: Source
  private let isReversed: Bool

  init(_ scope: TransactionScope, _ cursor: RowCursor, isReversed: Bool) {
    self.scope = scope
    schema = cursor.schema
    source = .rows(cursor)
    self.isReversed = isReversed
  }

  init(_ scope: TransactionScope, _ cursor: IndexCursor, isReversed: Bool) {
    self.scope = scope
    schema = cursor.schema
    source = .index(cursor)
    self.isReversed = isReversed
  }

  /// The next row; nil at the end.
  public func next() throws(UpkeepError) -> Row? {
    switch source {
    case .rows(let cursor):
      guard try isReversed ? cursor.previous() : cursor.next() else { return nil }
      return Row(schema, stored: try cursor.row.values())
    case .index(let cursor):
      guard try isReversed ? cursor.previous() : cursor.next() else { return nil }
      guard let view = try RowReader(scope).find(schema, key: try cursor.primaryKey) else {
        throw .corrupt("index \(cursor.index.name)", "an entry has no row")
      }
      return Row(schema, stored: try view.values())
    }
  }

  /// Calls `body` with each row.
  public func forEach(_ body: (Row) throws -> Void) throws {
    while let row = try next() { try body(row) }
  }

  /// What `transform` makes of each row.
  public func map<T>(_ transform: (Row) throws -> T) throws -> [T] {
    var results: [T] = []
    while let row = try next() { results.append(try transform(row)) }
    return results
  }

  /// The next `count` rows, or as many as there are.
  public func prefix(_ count: Int) throws(UpkeepError) -> [Row] {
    var rows: [Row] = []
    while rows.count < count, let row = try next() { rows.append(row) }
    return rows
  }

  /// All rows that follow.
  public func rows() throws(UpkeepError) -> [Row] { try prefix(.max) }
}

@available(*, unavailable)
extension RowScan: Sendable {}
