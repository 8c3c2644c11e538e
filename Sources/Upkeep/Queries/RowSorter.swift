internal import UpkeepStorage

/// Puts rows in order by keys made of bytes; with a limit it keeps only the first so many.
///
/// Rows with equal keys stay in the order in which they came.
struct RowSorter {
  private struct Item {
    /// The first eight bytes of the key, which settle most comparisons.
    var head: UInt64
    var key: [UInt8]
    /// The order of arrival.
    var number: Int
    var row: [Value]
  }

  /// At most so many rows are kept; nil for all.
  private let most: Int?
  /// In heap order, the last row on top, where `most` rows are kept; else as they came.
  private var items: [Item] = []
  private var nextNumber = 0

  init(most: Int?) { self.most = most }

  /// Whether a row with this key, coming now, would be kept. Ask before making the row.
  func accepts(_ key: UnsafeRawBufferPointer) -> Bool {
    guard let most, items.count >= most else { return true }
    guard let last = items.first else { return false }
    let head = Self.head(key)
    if head != last.head { return head < last.head }
    // A later row with an equal key comes after.
    return Bytes.compare(key, last.key) < 0
  }

  /// Takes a row that was accepted.
  mutating func add(_ key: UnsafeRawBufferPointer, _ row: [Value]) {
    let item = Item(head: Self.head(key), key: Array(key), number: nextNumber, row: row)
    nextNumber += 1
    if let most, items.count >= most {
      items[0] = item
      sink(from: 0)
    } else {
      items.append(item)
      if most != nil { rise(from: items.count - 1) }
    }
  }

  /// Hands the rows over in order and keeps none.
  mutating func finish() -> [[Value]] {
    items.sort(by: Self.isBefore)
    let rows = items.map(\.row)
    items = []
    return rows
  }

  private static func head(_ key: UnsafeRawBufferPointer) -> UInt64 {
    if key.count >= 8 { return UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
    var head: UInt64 = 0
    for position in 0..<8 { head = head << 8 | (position < key.count ? UInt64(key[position]) : 0) }
    return head
  }

  @inline(__always)
  private static func isBefore(_ a: Item, _ b: Item) -> Bool {
    if a.head != b.head { return a.head < b.head }
    let order = a.key.withUnsafeBytes { Bytes.compare($0, b.key) }
    return order != 0 ? order < 0 : a.number < b.number
  }

  private mutating func rise(from start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.isBefore(items[parent], items[child]) else { return }
      items.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func sink(from start: Int) {
    var parent = start
    while true {
      var last = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
        if Self.isBefore(items[last], items[child]) { last = child }
      }
      if last == parent { return }
      items.swapAt(parent, last)
      parent = last
    }
  }
}

/// One term of ORDER BY, ready to make keys.
struct SortTerm {
  /// nil for a column of the result, which is `output`.
  let expression: CompiledExpression?
  let output: Int
  private let part: KeyPart
  /// NULLs lie at the end where the order of keys would not have them.
  private let movesNulls: Bool

  init(_ expression: CompiledExpression, _ term: OrderTerm) {
    self.init(expression, output: -1, expression.collation, term)
  }

  /// By a column of the result.
  init(output: Int, _ collation: Collation?, _ term: OrderTerm) {
    self.init(nil, output: output, collation, term)
  }

  private init(_ expression: CompiledExpression?, output: Int, _ collation: Collation?, _ term: OrderTerm) {
    self.expression = expression
    self.output = output
    part = KeyPart(.any, collation: collation ?? .binary, isDescending: term.isDescending)
    movesNulls = term.nullsFirst.map { $0 == term.isDescending } ?? false
  }

  /// What the row in the context is ordered by.
  func value(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    try expression?.evaluate(context) ?? .null
  }

  func append(_ value: Value, to buffer: ByteBuffer) throws(UpkeepError) {
    if movesNulls {
      // Ascending with NULLs last, or descending with NULLs first.
      buffer.append(value == .null ? (part.isDescending ? 0 : 2) : 1)
    }
    try KeyCodec.append(value, part, to: buffer)
  }
}
