public import Upkeep

/// A statement that is read once and run as often as wanted, each time with other values.
///
/// ```swift
/// let near = try store.prepare("SELECT name, lat FROM airport WHERE lat > ? AND country = :country")
/// for row in try near.rows([51.5, named: ["country": "GB"]]) { print(row["name"] ?? .null) }
/// let pairs = try near.rows(["country": "GB"], as: (String, Double).self)
/// ```
///
/// What it found out about tables is found out anew when their schema has changed, by whomever. Statements with one text
/// share it. It may be used by any number of threads at once: each run is a transaction of its own, or part of the one
/// that it is given.
public struct PreparedStatement: Sendable {
  /// The statement as it was written.
  public var text: String { shared.source.text }
  /// The names of the parameters by number from 1, with the sign before them; nil for one that has only a number.
  public var parameterNames: [String?] { shared.names }

  /// What all that have the text share.
  final class Shared: Sendable {
    let source: SQLStatement
    let plan: StatementPlan
    let names: [String?]

    init(_ source: SQLStatement, names: [String?]) {
      self.source = source
      self.names = names
      plan = StatementPlan(source.statement, viewReader: SQLViewReader())
    }
  }

  let store: Store
  let shared: Shared

  // MARK: Running

  /// Runs it in a transaction of its own.
  ///
  /// - Returns: what it did.
  @discardableResult
  public func run(_ parameters: SQLParameters = []) throws(UpkeepError) -> StatementSummary {
    let values = try bound(parameters)
    return try located { () throws(UpkeepError) in
      if let summary = try shared.plan.changeAlone(values, in: store) { return summary }
      let session = Session.readingViews(of: store)
      let summary = try session.execute(shared.plan.statement, parameters: values)
      try session.close()
      return summary
    }
  }

  /// Runs it within a transaction, as one statement of it.
  @discardableResult
  public func run(
    _ parameters: SQLParameters = [], in transaction: Transaction
  ) throws(UpkeepError) -> StatementSummary {
    let values = try bound(parameters)
    return try located { () throws(UpkeepError) in
      try shared.plan.change(values, in: transaction.scope)
    }
  }

  /// Hands the rows of a query on, one by one, until `body` returns false.
  ///
  /// - Parameters:
  ///   - snapshot: what it reads; the store as it is now unless said. In a transaction it sees what that wrote.
  public func forEach(
    _ parameters: SQLParameters = [], in snapshot: Snapshot? = nil, _ body: (Row) throws -> Bool
  ) throws {
    let values = try bound(parameters)
    var thrown: (any Error)?
    func take(_ row: Row) -> Bool {
      do { return try body(row) } catch {
        thrown = error
        return false
      }
    }
    if let snapshot {
      try located { () throws(UpkeepError) in try read(values, in: snapshot, take) }
    } else if shared.plan.isQuery {
      try store.read { snapshot in
        try located { () throws(UpkeepError) in try read(values, in: snapshot, take) }
      }
    } else if try located({ () throws(UpkeepError) in
      try shared.plan.changeAlone(values, in: store) { row throws(UpkeepError) in take(row) } != nil
    }) {
      // Its row was handed on when it was committed.
    } else {
      try withoutActuallyEscaping(body) { body in
        let sink = RowTakingSink(body)
        let session = Session.readingViews(of: store)
        try located { () throws(UpkeepError) in
          try session.execute(shared.plan.statement, parameters: values, into: sink)
          try session.close()
        }
        thrown = sink.thrown
      }
    }
    if let thrown { throw thrown }
  }

  private func read(
    _ values: [Value], in snapshot: Snapshot, _ take: (Row) -> Bool
  ) throws(UpkeepError) {
    if !shared.plan.isQuery, let transaction = snapshot as? Transaction {
      _ = try shared.plan.change(values, in: transaction.scope) { row throws(UpkeepError) in
        take(row)
      }
      return
    }
    guard shared.plan.isQuery else {
      throw UpkeepError(.readOnly, "a snapshot does not write; run the statement in write { } or by itself")
    }
    try shared.plan.read(values, in: snapshot.scope) { row throws(UpkeepError) in take(row) }
  }

  /// The rows of a query, or of RETURNING.
  public func rows(_ parameters: SQLParameters = [], in snapshot: Snapshot? = nil) throws -> [Row] {
    var rows: [Row] = []
    try forEach(parameters, in: snapshot) { row in
      rows.append(row)
      return true
    }
    return rows
  }

  /// The first row of a query; nil if there is none.
  public func first(_ parameters: SQLParameters = [], in snapshot: Snapshot? = nil) throws -> Row? {
    var first: Row?
    try forEach(parameters, in: snapshot) { row in
      first = row
      return false
    }
    return first
  }

  // MARK: Typed rows

  /// The rows of a query as tuples: the first column is the first element, and so on.
  ///
  ///     for (name, lat) in try near.rows(["GB"], as: (String, Double?).self) { … }
  ///
  /// - Throws: `typeMismatch` where a column holds what its element does not take.
  public func rows<each C: ColumnValue>(
    _ parameters: SQLParameters = [], in snapshot: Snapshot? = nil, as type: (repeat each C).Type
  ) throws -> [(repeat each C)] {
    var rows: [(repeat each C)] = []
    try forEach(parameters, in: snapshot) { row in
      var position = 0
      rows.append((repeat try Self.next((each C).self, row, &position)))
      return true
    }
    return rows
  }

  private static func next<C: ColumnValue>(
    _ type: C.Type, _ row: Row, _ position: inout Int
  ) throws(UpkeepError) -> C {
    defer { position += 1 }
    return try row.value(position, as: type)
  }

  /// The rows of a query as records, whose columns the query shows by name.
  ///
  ///     let airports = try store.prepare("SELECT * FROM airport WHERE lat > ?").records(Airport.self, [51.0])
  public func records<R: Record>(
    _ type: R.Type, _ parameters: SQLParameters = [], in snapshot: Snapshot? = nil
  ) throws -> [R] {
    var records: [R] = []
    var maker: RecordMaker<R>?
    try forEach(parameters, in: snapshot) { row in
      let made = try maker ?? RecordMaker<R>(row.columns)
      maker = made
      records.append(try made.record(row))
      return true
    }
    return records
  }

  // MARK: Parameters

  /// The values by number.
  func bound(_ parameters: SQLParameters) throws(UpkeepError) -> [Value] {
    let names = shared.names
    if parameters.named.isEmpty, parameters.positional.count == names.count { return parameters.positional }
    var values: [Value] = []
    values.reserveCapacity(names.count)
    for (number, name) in names.enumerated() {
      if let name, let value = parameters.named[String(name.dropFirst())] {
        values.append(value)
      } else if number < parameters.positional.count {
        values.append(parameters.positional[number])
      } else {
        let count = parameters.positional.count
        throw UpkeepError(
          .misuse,
          name.map { "parameter \($0) has no value" }
            ?? "parameter ?\(number + 1) has no value; \(count) \(count == 1 ? "was" : "were") given")
      }
    }
    if parameters.positional.count > names.count {
      let count = parameters.positional.count
      throw UpkeepError(
        .misuse, "\(count) \(count == 1 ? "value was" : "values were") given for \(names.count) parameters")
    }
    if let wrong = parameters.named.keys.sorted().first(where: { key in
      !names.contains { $0?.dropFirst() ?? "" == key }
    }) {
      let known = names.compactMap { $0.map { String($0.dropFirst()) } }
      throw UpkeepError(
        .misuse, "the statement has no parameter \(wrong)\(Names.suggestion(for: wrong, among: known))")
    }
    return values
  }

  private func located<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    do throws(UpkeepError) { return try body() } catch { throw shared.source.locate(error) }
  }
}

private final class RowTakingSink: RowSink {
  private let take: (Row) throws -> Bool
  private var names = ColumnNames([])
  private var goesOn = true
  /// What the taker threw: the change is made all the same.
  private(set) var thrown: (any Error)?

  init(_ take: @escaping (Row) throws -> Bool) { self.take = take }

  func begin(columns: [String]) { names = ColumnNames(columns) }

  func row(_ values: [Value]) {
    guard goesOn else { return }
    do { goesOn = try take(Row(names, values)) } catch {
      thrown = error
      goesOn = false
    }
  }
}

extension Row {
  /// The value of a column by its position from 0, as a type of the language.
  ///
  /// - Throws: `typeMismatch` if the type does not take it, `unknownColumn` if there is no such column.
  public func value<C: ColumnValue>(_ position: Int, as type: C.Type = C.self) throws(UpkeepError) -> C {
    guard let held = self[position] else {
      throw UpkeepError(.unknownColumn, "the row has \(columns.count) columns; there is none at \(position)")
    }
    if let value = C(columnValue: held) { return value }
    throw UpkeepError(
      .typeMismatch, "column \(columns.names[position]) has \(held.literalText), which is no \(type)")
  }

  /// The value of a column by its name, as a type of the language.
  public func value<C: ColumnValue>(_ name: String, as type: C.Type = C.self) throws(UpkeepError) -> C {
    guard let position = columns.position(of: name) else {
      var error = UpkeepError(
        .unknownColumn,
        "the row has no column \(name)\(Names.suggestion(for: name, among: columns.names))")
      error.name = name
      throw error
    }
    return try value(position, as: type)
  }
}

extension Store {
  /// Reads a statement, to be run as often as wanted.
  ///
  /// Asked for again with the same text, it gives what it found out before.
  ///
  /// - Throws: `syntax` and the like, with line and column; `misuse` for a text of none or several statements.
  public func prepare(_ sql: String) throws(UpkeepError) -> PreparedStatement {
    if let known = texts.find(sql) as? PreparedStatement.Shared {
      return PreparedStatement(store: self, shared: known)
    }
    var parser = SQLParser(sql)
    guard let statement = try parser.next() else {
      throw UpkeepError(.misuse, "a prepared statement has one statement; the text has none")
    }
    let names = parser.parameterNames
    if try parser.next() != nil {
      throw UpkeepError(.misuse, "a prepared statement has one statement; the text has several")
    }
    switch statement.statement {
    case .begin, .commit, .rollback, .savepoint, .rollbackTo, .release:
      throw statement.locate(
        UpkeepError(
          .misuse, "\(SQLPrinter.statement(statement.statement)) needs a Session; it is not prepared"))
    default: break
    }
    let shared = PreparedStatement.Shared(statement, names: names)
    texts.keep(shared, for: sql)
    return PreparedStatement(store: self, shared: shared)
  }
}

extension Session {
  /// Runs a prepared statement.
  @discardableResult
  public func execute(
    _ prepared: PreparedStatement, _ parameters: SQLParameters = [], into sink: (any RowSink)? = nil
  ) throws(UpkeepError) -> StatementSummary {
    let values = try prepared.bound(parameters)
    do throws(UpkeepError) {
      return try execute(prepared.shared.plan.statement, parameters: values, into: sink)
    } catch {
      throw prepared.shared.source.locate(error)
    }
  }
}
