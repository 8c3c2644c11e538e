internal import UpkeepStorage

/// Finds the rows that match a source row, as the table was when the search was made: the statement's own changes are
/// not seen.
final class MergeSearch {
  private enum Key {
    case bytes
    /// No row can have it.
    case nothing
    /// It has no bytes: every row must be looked at.
    case unknown
  }

  private let schema: TableSchema
  private let on: CompiledExpression
  private let path: MergePath
  private let statement: StatementContext
  private let transaction: WriteTransaction
  /// Walks and looks up rows.
  private let table: TreeCursor
  /// Walks the index, or the hashes once they are made.
  private var entries: TreeCursor?
  private var hashes: TreeID?
  private let key = ByteBuffer(capacity: 64)

  init(_ scope: TransactionScope, _ plan: MergePlan, _ statement: StatementContext) throws(UpkeepError) {
    schema = plan.schema
    on = plan.on
    path = plan.path
    self.statement = statement
    let transaction = try scope.writing
    self.transaction = transaction
    let tree = plan.schema.tree
    table = try storing { () throws(StorageError) in try transaction.cursor(tree) }
    switch plan.path.kind {
    case .unique(let index), .prefix(let index?):
      let tree = index.tree
      entries = try storing { () throws(StorageError) in try transaction.cursor(tree) }
    case .primaryKey, .prefix(nil), .hash, .scan: break
    }
  }

  /// Calls `body` with each row that matches the source row in slot 1 of the context. The row is in slot 0 too, and
  /// both are valid until something is written.
  func forEachMatch(
    _ context: EvaluationContext, _ body: (RowView) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    if case .scan = path.kind { return try scan(context, body) }
    switch try encode(context) {
    case .nothing: return
    case .unknown: return try scan(context, body)
    case .bytes: break
    }
    switch path.kind {
    case .primaryKey: if let view = try row(key.bytes) { try offer(view, context, body) }
    case .prefix(nil): try walkTable(context, body)
    case .unique(let index): try walk(index, isUnique: true, context, body)
    case .prefix(let index?): try walk(index, isUnique: false, context, body)
    case .hash: try walkHashes(context, body)
    case .scan: break
    }
  }

  /// Ends the search.
  func end() throws(UpkeepError) {
    guard let tree = hashes else { return }
    hashes = nil
    entries = nil
    let transaction = transaction
    try storing { () throws(StorageError) in try transaction.dropTree(tree) }
  }

  private func offer(
    _ view: RowView, _ context: EvaluationContext, _ body: (RowView) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    context.set(slot: 0, view: view)
    if try on.isTrue(context) { try body(view) }
  }

  private func encode(_ context: EvaluationContext) throws(UpkeepError) -> Key {
    key.removeAll()
    for term in path.terms {
      let value = term.conversion.apply(try term.value.evaluate(context))
      if value == .null { return .nothing }
      switch KeyConstant(value, for: term.part.type) {
      case .exact(let exact): try KeyCodec.append(exact, term.part, to: key)
      case .justAbove, .belowAll, .aboveAll: return .nothing
      case .unusable:
        switch (term.part.type, value) {
        // A number equals no text.
        case (.integer, .text), (.real, .text), (.integer, .blob), (.real, .blob): return .nothing
        default: return .unknown
        }
      }
    }
    return .bytes
  }

  /// The row with this primary key.
  private func row(_ primaryKey: UnsafeRawBufferPointer) throws(UpkeepError) -> RowView? {
    let table = table
    guard try storing({ () throws(StorageError) in try table.seek(primaryKey) }),
      Bytes.equal(table.key, primaryKey)
    else { return nil }
    return try viewAtCursor()
  }

  private func viewAtCursor() throws(UpkeepError) -> RowView {
    let table = table
    let value = try storing { () throws(StorageError) in try table.value() }
    return RowView(schema: schema, key: table.key, value: value)
  }

  private func scan(
    _ context: EvaluationContext, _ body: (RowView) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let table = table
    var isThere = try storing { () throws(StorageError) in try table.first() }
    while isThere {
      try statement.step()
      try offer(try viewAtCursor(), context, body)
      isThere = try storing { () throws(StorageError) in try table.next() }
    }
  }

  private func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= key.count
      && Bytes.equal(UnsafeRawBufferPointer(rebasing: bytes[..<key.count]), key.bytes)
  }

  private func walkTable(
    _ context: EvaluationContext, _ body: (RowView) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let table = table
    let start = key.bytes
    var isThere = try storing { () throws(StorageError) in try table.seek(start) }
    while isThere, begins(table.key) {
      try statement.step()
      try offer(try viewAtCursor(), context, body)
      isThere = try storing { () throws(StorageError) in try table.next() }
    }
  }

  private func walk(
    _ index: IndexSchema, isUnique: Bool, _ context: EvaluationContext,
    _ body: (RowView) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    guard let entries else { return }
    let start = key.bytes
    var isThere = try storing { () throws(StorageError) in try entries.seek(start) }
    while isThere, begins(entries.key) {
      try statement.step()
      let primaryKey =
        index.isUnique
        ? try storing { () throws(StorageError) in try entries.value() }
        : try IndexEntry.primaryKey(inKey: entries.key, of: index)
      guard let view = try row(primaryKey) else {
        throw .corrupt(
          "index \(index.name) of table \(schema.name)", "an entry leads to no row; .check tells more")
      }
      try offer(view, context, body)
      if isUnique { return }
      isThere = try storing { () throws(StorageError) in try entries.next() }
    }
  }

  // MARK: Hashes

  private func walkHashes(
    _ context: EvaluationContext, _ body: (RowView) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    if entries == nil { try makeHashes() }
    guard let entries else { return }
    hashKey()
    let start = key.bytes
    var isThere = try storing { () throws(StorageError) in try entries.seek(start) }
    while isThere, begins(entries.key) {
      try statement.step()
      let primaryKey = try storing { () throws(StorageError) in try entries.value() }
      if let view = try row(primaryKey) { try offer(view, context, body) }
      isThere = try storing { () throws(StorageError) in try entries.next() }
    }
  }

  /// The key in the buffer becomes its hash: keys may be longer than a tree takes.
  private func hashKey() {
    let hash = ByteKeyTable.hash(key.bytes)
    key.removeAll()
    key.append(bigEndian: hash)
  }

  /// Notes of each row the hash of its columns in question, and behind it a number that makes it unique. Rows with a
  /// NULL among them match nothing.
  private func makeHashes() throws(UpkeepError) {
    let transaction = transaction
    let tree = try storing { () throws(StorageError) in try transaction.createScratchTree() }
    hashes = tree
    let kept = ByteBuffer(capacity: key.count)
    kept.append(key.bytes)
    var number: UInt64 = 0
    var isThere = try storing { () throws(StorageError) in try table.first() }
    while isThere {
      try statement.step()
      if try encodeRow(try viewAtCursor()) {
        hashKey()
        key.append(bigEndian: number)
        number += 1
        let (entry, primaryKey) = (key.bytes, table.key)
        try storing { () throws(StorageError) in try transaction.put(tree, entry, primaryKey) }
      }
      isThere = try storing { () throws(StorageError) in try table.next() }
    }
    entries = try storing { () throws(StorageError) in try transaction.cursor(tree) }
    key.removeAll()
    key.append(kept.bytes)
  }

  /// - Returns: false for a row with a NULL.
  private func encodeRow(_ view: RowView) throws(UpkeepError) -> Bool {
    key.removeAll()
    for term in path.terms {
      let value = try view.value(term.column)
      if value == .null { return false }
      try KeyCodec.append(value, term.part, to: key)
    }
    return true
  }
}
