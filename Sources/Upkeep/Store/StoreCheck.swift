internal import UpkeepStorage

extension Store {
  /// Looks at everything: each page is reachable or free exactly once and holds what was written; each row
  /// fits its table; each index has exactly the entries that its table's rows call for.
  ///
  /// - Returns: what is wrong, in words; empty if all is well.
  /// - Throws: `io`, `closed`; damage is in the result, not thrown.
  public func verify() throws(UpkeepError) -> [String] { try verify(watch: StatementWatch()) }

  /// The same, with somebody who looks on and may stop it.
  package func verify(watch: StatementWatch) throws(UpkeepError) -> [String] {
    var problems = try storing { () throws(StorageError) in try storage.verify(progress: watch.pages) }
    let scope = try beginRead()
    scope.watch = watch
    defer { scope.rollback() }
    do throws(UpkeepError) {
      let catalog = try scope.catalog
      problems = problems.map { Self.named($0, catalog) }
      for schema in catalog.tablesOfAll {
        if problems.count >= TableCheck.mostProblems { break }
        do throws(UpkeepError) {
          problems += try TableCheck(scope, schema).problems()
        } catch {
          try Self.keep(error, in: &problems)
        }
      }
      for (name, bucket) in catalog.buckets.sorted(by: { $0.key < $1.key })
      where !scope.read.exists(bucket.tree) {
        problems.append("bucket \(name) has no tree")
      }
    } catch {
      try Self.keep(error, in: &problems)
    }
    return problems
  }

  /// A problem with the name of the table or index whose tree has it, where that is known.
  private static func named(_ problem: String, _ catalog: Catalog) -> String {
    for table in catalog.tablesOfAll {
      if problem.hasPrefix("\(table.tree):") {
        return "table \(table.name)" + problem.dropFirst("\(table.tree)".count)
      }
      for index in table.indexes where problem.hasPrefix("\(index.tree):") {
        return "index \(index.name)" + problem.dropFirst("\(index.tree)".count)
      }
    }
    return problem
  }

  private static func keep(_ error: UpkeepError, in problems: inout [String]) throws(UpkeepError) {
    guard error.code == .corrupt else { throw error }
    problems.append(error.message)
  }
}

/// Whether the rows of a table fit it, and its indexes agree with them.
///
/// 1. Every row reads as its columns' types, satisfies NOT NULL and CHECK, and has the key and value that
///    encoding it again gives.
/// 2. Every row has its entry in every index that its predicate puts it in, and the entry leads back to it.
/// 3. No index has more entries than its table's rows call for. Entries of different rows differ, so with 2
///    none can dangle.
struct TableCheck {
  static let mostProblems = 100

  private let scope: TransactionScope
  private let schema: TableSchema

  init(_ scope: TransactionScope, _ schema: TableSchema) {
    self.scope = scope
    self.schema = schema
  }

  func problems() throws(UpkeepError) -> [String] {
    var problems: [String] = []
    var expected = [UInt64](repeating: 0, count: schema.indexes.count)
    let check = RowCheck(schema)
    let context = EvaluationContext()
    let buffer = ByteBuffer()
    let cursor = try RowReader(scope).scan(schema)
    let total = Int(clamping: try RowReader(scope).count(schema))
    var rowCount: UInt64 = 0
    while try cursor.next() {
      rowCount += 1
      try scope.watch?.note(Int(clamping: rowCount), of: total)
      if problems.count >= Self.mostProblems { return problems + ["… and more in table \(schema.name)"] }
      do throws(UpkeepError) {
        let view = try cursor.row
        let row = try view.values()
        if !(try isEncodedAsExpected(row, view, buffer)) {
          problems.append(
            "row \(schema.keyDescription(of: row)) of \(schema.name) is not stored as its values are")
        }
        try check.check(row)
        context.set(slot: 0, row: row)
        for (position, index) in schema.indexes.enumerated() {
          if try hasEntry(row, view.key, in: index, context, buffer, expected: &expected[position]) {
            continue
          }
          problems.append(
            "index \(index.name) of \(schema.name) has no entry for row \(schema.keyDescription(of: row))")
        }
      } catch {
        problems.append(
          "row \(schema.keyDescription(of: cursor.entries.key)) of \(schema.name): \(error.message)")
      }
    }
    try checkCounts(rowCount, expected, &problems)
    return problems
  }

  private func checkCounts(
    _ rowCount: UInt64, _ expected: [UInt64], _ problems: inout [String]
  ) throws(UpkeepError) {
    let counted = try RowReader(scope).count(schema)
    if counted != rowCount {
      problems.append("table \(schema.name) counts \(counted) rows and has \(rowCount)")
    }
    for (index, expected) in zip(schema.indexes, expected) {
      let count = try RowReader(scope).count(index, in: .all)
      if count != expected {
        problems.append(
          "index \(index.name) of \(schema.name) has \(count) entries where the rows call for \(expected)")
      }
    }
  }

  private func isEncodedAsExpected(
    _ row: [Value], _ view: RowView, _ buffer: ByteBuffer
  ) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    try RowCodec.appendKey(of: row, schema: schema, to: buffer)
    return Bytes.equal(buffer.bytes, view.key)
  }

  private func hasEntry(
    _ row: [Value], _ primaryKey: UnsafeRawBufferPointer, in index: IndexSchema, _ context: EvaluationContext,
    _ buffer: ByteBuffer, expected: inout UInt64
  ) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    let state = try IndexEntry.appendParts(of: row, in: index, context, to: buffer)
    if state == .outsidePredicate { return true }
    expected += 1
    if IndexEntry.keyHoldsPrimaryKey(index, state) { buffer.append(primaryKey) }
    guard let value = try RowReader(scope).holder(of: buffer.bytes, in: index) else { return false }
    return index.isUnique ? Bytes.equal(value, primaryKey) : value.isEmpty
  }
}
