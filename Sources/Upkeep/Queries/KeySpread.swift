internal import UpkeepStorage

/// How the rows of tables are spread over their keys: counts of whole tables, and how many rows share the first parts of
/// a key, found by a few looks into its tree. It belongs to one statement.
final class KeySpread {
  private struct Place: Hashable {
    var tree: TreeID
    var parts: Int
  }

  private let scope: TransactionScope
  private var counts: [TreeID: Double] = [:]
  private var shared: [Place: Double] = [:]

  /// How many entries are looked at.
  private static let looks: UInt64 = 8

  init(_ scope: TransactionScope) { self.scope = scope }

  /// The rows of a table, 1 at least.
  func rowCount(_ schema: TableSchema) throws(UpkeepError) -> Double {
    if let known = counts[schema.tree] { return known }
    let count = max(1, Double(try RowReader(scope).count(schema)))
    counts[schema.tree] = count
    return count
  }

  /// How many rows have the same first parts of a key without NULL, on average over the values.
  ///
  /// - Parameter index: nil for the primary key.
  func rowsPerKey(
    _ schema: TableSchema, _ index: IndexSchema?, parts count: Int
  ) throws(UpkeepError) -> Double {
    let parts = index?.parts.map(\.key) ?? schema.keyParts
    if count >= parts.count, index?.isUnique != false { return 1 }
    let place = Place(tree: index?.tree ?? schema.tree, parts: count)
    if let known = shared[place] { return known }
    let (read, tree) = (scope.read, place.tree)
    let found = try Self.look(read, tree, Array(parts.prefix(count)))
    shared[place] = found
    return found
  }

  /// A row in a group of n stands for an n-th of a value: so the average is that over values, however rows are spread.
  private static func look(
    _ read: ReadTransaction, _ tree: TreeID, _ parts: [KeyPart]
  ) throws(UpkeepError) -> Double {
    let total = try storing { () throws(StorageError) in try read.count(tree) }
    let cursor = try storing { () throws(StorageError) in try read.cursor(tree) }
    var (values, seen) = (0.0, 0.0)
    for look in 0..<min(looks, total) {
      let ordinal = (2 * look + 1) * (total / 2) / min(looks, total)
      guard try storing({ () throws(StorageError) in try cursor.seek(ordinal: ordinal) }) else { continue }
      var reader = KeyReader(cursor.key)
      if let first = parts.first, first.isNullable {
        // Nothing equals NULL.
        var value = reader
        if try value.value(first) == .null { continue }
      }
      for part in parts { try reader.skip(part) }
      let prefix = Array(cursor.key[..<reader.offset])
      let range = KeyBounds(prefix: prefix)
      let sharing = try range.withBytes { lower, upper throws(UpkeepError) in
        try storing { () throws(StorageError) in try read.count(tree, from: lower, to: upper) }
      }
      values += 1 / max(1, Double(sharing))
      seen += 1
    }
    return values > 0 ? seen / values : 1
  }
}
