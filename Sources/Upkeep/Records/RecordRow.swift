/// A row from which a record is made. Given to `Record.init(row:)` and of no use after it.
public class RecordSource {
  /// The names of the record's columns.
  let names: ColumnNames
  let table: String
  /// For each of them its place in the row.
  private let ordinals: [Int]
  /// The row, where it lies in a page; else it is in `values`.
  @exclusivity(unchecked) private var view: RowView?
  @exclusivity(unchecked) private var values: [Value] = []
  @exclusivity(unchecked) private var memory: PathMemory

  init(_ names: ColumnNames, _ paths: [AnyKeyPath], table: String, ordinals: [Int]) {
    memory = PathMemory(paths)
    self.names = names
    self.table = table
    self.ordinals = ordinals
  }

  final func show(_ view: RowView) { self.view = view }

  final func show(_ values: [Value]) {
    view = nil
    self.values = values
  }

  /// What the row has in a column of the record, by its position there.
  @usableFromInline
  final func value(_ position: Int) throws(UpkeepError) -> Value {
    guard position < ordinals.count else { return .null }
    let ordinal = ordinals[position]
    if let view { return try view.value(ordinal) }
    return ordinal < values.count ? values[ordinal] : .null
  }

  @usableFromInline
  final func position(of path: AnyKeyPath) throws(UpkeepError) -> Int {
    if let position = memory.position(of: path) { return position }
    throw UpkeepError(
      .unknownColumn, "\(path) has no column of \(table); add it to the columns of the record")
  }

  @usableFromInline
  final func mismatch(_ position: Int, _ type: Any.Type) -> UpkeepError {
    let held = (try? value(position)) ?? .null
    let name = position < names.count ? names.names[position] : "?"
    var error = UpkeepError(
      .typeMismatch,
      "\(table).\(name) has \(held.literalText), which is no \(type); give the property a type that takes it")
    error.table = table
    error.column = name
    error.value = held.literalText
    return error
  }
}

/// A row from which a record is made: its values by the record's properties.
public final class RecordRow<R: Record>: RecordSource {
  /// - Parameter ordinals: for each column of the record its place in the rows that will be shown.
  init(ordinals: [Int]) { super.init(R.columns.names, R.columns.paths, table: R.table, ordinals: ordinals) }

  /// The value of a property's column.
  ///
  /// - Throws: `typeMismatch` if it is none of the property's type, NULL for a property that is not optional among
  ///   others; `unknownColumn` for a property that is not in `columns`.
  @inlinable
  public subscript<V: ColumnValue>(path: KeyPath<R, V>) -> V {
    get throws(UpkeepError) {
      let position = try position(of: path)
      if let value = V(columnValue: try value(position)) { return value }
      throw mismatch(position, V.self)
    }
  }

  /// The record of a row that lies in a page.
  func record(_ view: RowView) throws(UpkeepError) -> R {
    show(view)
    return try R(row: self)
  }

  /// The record of a row.
  func record(_ values: [Value]) throws(UpkeepError) -> R {
    show(values)
    return try R(row: self)
  }
}

extension RecordRow {
  /// For rows that a finder finds, which keeps it.
  static func of(_ finder: RowFinder) throws(UpkeepError) -> RecordRow {
    if let known = finder.reader as? RecordRow { return known }
    let made = try RecordRow(finder.schema)
    finder.reader = made
    return made
  }

  /// For rows of the record's table.
  convenience init(_ schema: TableSchema) throws(UpkeepError) {
    self.init(
      ordinals: try R.columns.names.names.map { name throws(UpkeepError) in
        try schema.requiredOrdinal(of: name)
      })
  }
}

/// What a record gives, before it is known to be of which type.
public class RecordValueList {
  /// By the record's columns; what is not given is of no meaning.
  @exclusivity(unchecked) private(set) final var values: [Value]
  @exclusivity(unchecked) private(set) final var isGiven: [Bool]
  @exclusivity(unchecked) private final var memory: PathMemory
  @exclusivity(unchecked) fileprivate final var refused: String?

  init(_ paths: [AnyKeyPath]) {
    memory = PathMemory(paths)
    values = Array(repeating: .null, count: paths.count)
    isGiven = Array(repeating: false, count: paths.count)
  }

  /// Gives a column its value, by its position in the record's columns.
  public final func give(_ position: Int, _ value: Value) {
    guard position >= 0, position < values.count else { return }
    values[position] = value
    isGiven[position] = true
  }

  @usableFromInline
  final func give(_ path: AnyKeyPath, _ value: Value) {
    if let position = memory.position(of: path) { give(position, value) }
  }

  /// The values that are given.
  final var given: [Value?] {
    values.indices.map { isGiven[$0] ? values[$0] : nil }
  }

  /// Notes that a property was given that has no column.
  final func refuse(_ path: String) { refused = path }

  final func clear() {
    for position in isGiven.indices { isGiven[position] = false }
  }

  /// Which of the values each column of the table is, where `positions` says that for a whole row.
  final func narrow(_ positions: [Int], into narrowed: inout [Int]) {
    if narrowed.count != positions.count { narrowed = positions }
    for ordinal in positions.indices {
      let position = positions[ordinal]
      narrowed[ordinal] = position >= 0 && isGiven[position] ? position : -1
    }
  }
}

/// A row that a record gives its values to. Given to `Record.write(to:)`.
public final class RecordValues<R: Record>: RecordValueList {
  @exclusivity(unchecked) private(set) var isWhole = false

  init() { super.init(R.columns.paths) }

  /// Gives a property's column its value.
  @inlinable
  public func give<V: ColumnValue>(_ path: KeyPath<R, V>, _ value: V) {
    give(path as AnyKeyPath, value.columnValue)
  }

  /// Takes the values of a record, or of what is given of one.
  ///
  /// - Throws: `unknownColumn` for a property that has no column.
  func take(_ input: some RecordInput<R>) throws(UpkeepError) {
    clear()
    input.write(to: self)
    isWhole = !isGiven.contains(false)
    if let refused { throw notAColumn(refused) }
  }

  func take(given: [Value?]) {
    clear()
    for (position, value) in given.enumerated() { if let value { give(position, value) } }
    isWhole = !isGiven.contains(false)
  }

  private func notAColumn(_ path: String) -> UpkeepError {
    refused = nil
    return UpkeepError(
      .unknownColumn, "\(path) has no column of \(R.table); add it to the columns of \(R.self)")
  }
}
