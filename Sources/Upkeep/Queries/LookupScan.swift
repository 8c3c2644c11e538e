internal import UpkeepStorage

/// Walks the rows of a table whose keys begin as the rows before it in a join say, one search after the other.
final class LookupScan {
  private enum Position { case before, on, outside }

  private let lookup: KeyLookup
  private let schema: TableSchema
  private let index: IndexSchema?
  private let prefix = ByteBuffer(capacity: 64)
  /// Whether the prefix is a whole unique key, so that one row at most has it.
  private var isWhole = false
  private var position = Position.outside
  private let cursor: TreeCursor
  /// Where rows are looked up by primary key.
  private let table: TreeCursor?
  private let shape: RowShape
  /// The row met, valid until the next step.
  private(set) var view: RowView

  init(_ scope: TransactionScope, _ lookup: KeyLookup) throws(UpkeepError) {
    try scope.requireOpen()
    self.lookup = lookup
    schema = lookup.schema
    index = lookup.path.index
    shape = RowShape(schema)
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    view = RowView(shape, key: nothing, value: nothing)
    let read = scope.read
    let (tree, own) = (index?.tree ?? schema.tree, schema.tree)
    cursor = try storing { () throws(StorageError) in try read.cursor(tree) }
    table = index == nil ? nil : try storing { () throws(StorageError) in try read.cursor(own) }
  }

  /// Whether it looks in a transaction.
  private(set) var isOpen = true

  /// Lets go of the transaction, and keeps the room that it has.
  func rest() {
    isOpen = false
    position = .outside
    cursor.rest()
    table?.rest()
  }

  /// Goes on in another transaction after a rest.
  ///
  /// - Returns: false if that is one of another store.
  func reopen(_ scope: TransactionScope) throws(UpkeepError) -> Bool {
    try scope.requireOpen()
    let read = scope.read
    let (cursor, table) = (cursor, table)
    let (tree, own) = (index?.tree ?? schema.tree, schema.tree)
    isOpen = try storing { () throws(StorageError) in
      guard try read.reopen(cursor, tree) else { return false }
      if let table { return try read.reopen(table, own) }
      return true
    }
    return isOpen
  }

  /// Begins with the rows that those in the context ask for; false if there can be none.
  func open(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    prefix.removeAll()
    position = .before
    switch try lookup.append(context, to: prefix) {
    case .none: position = .outside
    case .some, .few: isWhole = false
    case .whole: isWhole = true
    }
    return position == .before
  }

  /// Steps to the next row; false after the last.
  func next() throws(UpkeepError) -> Bool {
    do throws(StorageError) {
      guard try step() else { return false }
      if table == nil { view = RowView(shape, key: cursor.key, value: try cursor.value()) }
    } catch {
      throw UpkeepError(error)
    }
    if let index, let table { try lookUp(index, in: table) }
    return true
  }

  private func step() throws(StorageError) -> Bool {
    let isFound: Bool
    switch position {
    case .before: isFound = try cursor.seek(prefix.bytes)
    case .on: isFound = isWhole ? false : try cursor.next()
    case .outside: isFound = false
    }
    position = isFound && cursor.key.starts(with: prefix.bytes) ? .on : .outside
    return position == .on
  }

  /// Goes from an index entry to its row.
  private func lookUp(_ index: IndexSchema, in table: TreeCursor) throws(UpkeepError) {
    let cursor = cursor
    let key =
      index.isUnique
      ? try storing { () throws(StorageError) in try cursor.value() }
      : try IndexEntry.primaryKey(inKey: cursor.key, of: index)
    let isFound = try storing { () throws(StorageError) in try table.seek(key) }
    guard isFound, Bytes.equal(table.key, key) else { throw schema.danglingEntry(of: index) }
    view = RowView(
      shape, key: table.key, value: try storing { () throws(StorageError) in try table.value() })
  }
}

extension TableSchema {
  /// An index entry leads to no row.
  func danglingEntry(of index: IndexSchema) -> UpkeepError {
    var error = UpkeepError.corrupt(
      "index \(index.name) of table \(name)", "an entry leads to no row; .check tells more")
    error.table = name
    error.index = index.name
    return error
  }
}
