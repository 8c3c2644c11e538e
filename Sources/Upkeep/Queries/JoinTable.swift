internal import UpkeepStorage

/// Two sides of an equality between a source and those before it.
struct JoinKey {
  /// The source's side.
  var own: CompiledExpression
  /// The other side.
  var other: CompiledExpression
  var ownConversion: Conversion
  var otherConversion: Conversion
  var collation: Collation
}

/// The rows of one source of a join, kept, and found by a hash of what they are joined by where that is an equality.
///
/// Its life:
/// 1. Empty until it is asked for the first time; then the source's rows are read, once.
/// 2. If they are too many for memory, they go into a file: sorted by what they are joined by, or as they came where
///    nothing is equal.
/// 3. `begin` starts a join anew: the rows stay, unless they depend on the queries around.
final class JoinTable {
  /// Rows, and how they are found.
  private enum Rows {
    /// All of them, in the order in which they came.
    case spool(RowSpool<Value>)
    /// By a hash of their keys.
    case hashed(KeyedRows)
    /// By their keys, in order.
    case sorted(SortedRun)
  }

  let content: Sources.Source.Content
  /// The way to a table's rows.
  let selection: RowSelection?
  /// The columns of a table that are kept.
  let columns: [Int]
  private let keys: [JoinKey]
  /// Makes the keys of the source's rows, and of what is asked for.
  private let ownKey: KeyMaker
  private let otherKey: KeyMaker
  /// Whether which rows found a partner is to be known.
  private let keepsFlags: Bool
  private let memory: QueryMemory
  private var rows: Rows?
  private var isMatched: [Bool] = []
  /// The row that is looked at.
  @exclusivity(unchecked) private var current = 0
  /// What `next` gives: a row in memory, or in the file.
  @exclusivity(unchecked) private var hashed: KeyedRows?
  @exclusivity(unchecked) private var sorted: SortedRun?
  private let buffer = ByteBuffer(capacity: 64)

  init(
    _ content: Sources.Source.Content, _ selection: RowSelection?, columns: Set<Int>, keys: [JoinKey],
    keepsFlags: Bool, _ memory: QueryMemory
  ) {
    self.content = content
    self.selection = selection
    self.columns = columns.sorted()
    self.keys = keys
    let parts = keys.map { KeyPart(.any, collation: $0.collation) }
    ownKey = KeyMaker(keys.map(\.own), parts, conversions: keys.map(\.ownConversion))
    otherKey = KeyMaker(keys.map(\.other), parts, conversions: keys.map(\.otherConversion))
    self.keepsFlags = keepsFlags
    self.memory = memory
  }

  func begin() {
    if !content.isStable {
      rows = nil
      (hashed, sorted) = (nil, nil)
    }
    isMatched = []
  }

  func noteMatch() { isMatched[current] = true }

  typealias Loader = (
    JoinTable, EvaluationContext, ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> Void

  private func ready(
    _ context: EvaluationContext, _ slot: Int, _ load: Loader
  ) throws(UpkeepError) -> Rows {
    let kept: Rows
    if let rows {
      kept = rows
    } else {
      kept = keys.isEmpty ? try all(context, load) : try keyed(context, slot, load)
      rows = kept
    }
    if keepsFlags, isMatched.isEmpty {
      let count =
        switch kept {
        case .spool(let rows): rows.count
        case .hashed(let rows): rows.count
        case .sorted(let run): run.count
        }
      isMatched = Array(repeating: false, count: count)
    }
    return kept
  }

  private func all(_ context: EvaluationContext, _ load: Loader) throws(UpkeepError) -> Rows {
    let spool = RowSpool<Value>(limit: memory.limit / 4, files: memory.files)
    try load(self, context) { row throws(UpkeepError) in try spool.append(row) }
    return .spool(spool)
  }

  private func keyed(
    _ context: EvaluationContext, _ slot: Int, _ load: Loader
  ) throws(UpkeepError) -> Rows {
    let kept = KeyedRows(memory)
    var sorter: RowSorter?
    try load(self, context) { row throws(UpkeepError) in
      context.set(slot: slot, row: row)
      // A row with a NULL in its key equals nothing; it matters only where rows without a partner are shown.
      let hasKey = try makeOwnKey(context)
      if !hasKey && !keepsFlags { return }
      if !hasKey { buffer.removeAll() }
      if let sorter { return try sorter.add(buffer.bytes, row) }
      kept.append(row, hasKey ? buffer.bytes : nil)
      if kept.isTooMuch {
        let made = RowSorter(most: nil, memory)
        try kept.moveAll(to: made)
        sorter = made
      }
    }
    guard let sorter else { return .hashed(kept) }
    let rows = try sorter.finish()
    let run = SortedRun(try memory.makeFile(), filterByteCount: memory.limit / 4)
    while try rows.next() { try run.append(rows.key, rows.bytes) }
    try run.finish()
    return .sorted(run)
  }

  /// Puts the key of the row in the context in the buffer; false if there is a NULL in it.
  private func makeOwnKey(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    return try ownKey.append(context, to: buffer)
  }

  /// The key that the rows before ask for.
  private func makeOtherKey(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    return try otherKey.append(context, to: buffer)
  }

  // MARK: From row to row

  /// Whether rows are found by a key: others are walked over in a closure.
  var canAdvance: Bool { !keys.isEmpty }

  /// Looks for the rows that the ones before ask for.
  @inline(__always)
  func open(_ context: EvaluationContext, _ slot: Int, load: Loader) throws(UpkeepError) {
    if hashed == nil && sorted == nil { try find(context, slot, load) }
    let hasKey = try makeOtherKey(context)
    if let hashed {
      current = hasKey ? hashed.first(buffer.bytes) : -1
    } else if let sorted {
      try sorted.seek(buffer.bytes, isWanted: hasKey)
    }
  }

  private func find(_ context: EvaluationContext, _ slot: Int, _ load: Loader) throws(UpkeepError) {
    switch try ready(context, slot, load) {
    case .hashed(let rows): hashed = rows
    case .sorted(let run): sorted = run
    case .spool: break
    }
  }

  /// Puts the next of them in the context; false if there is none.
  @inline(__always)
  func next(_ context: EvaluationContext, _ slot: Int) throws(UpkeepError) -> Bool {
    if let hashed {
      guard current >= 0 else { return false }
      context.set(slot: slot, row: hashed[current])
      current = hashed.next(current)
      return true
    }
    guard let sorted, let bytes = try sorted.nextEqual(buffer.bytes) else { return false }
    var reader = SpilledBytes(bytes)
    context.set(slot: slot, row: try reader.row())
    return true
  }

  // MARK: In a closure

  func candidates(
    _ context: EvaluationContext, _ slot: Int, load: Loader, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    switch try ready(context, slot, load) {
    case .spool(let rows):
      var number = 0
      return try rows.walk { row throws(UpkeepError) in
        current = number
        number += 1
        context.set(slot: slot, row: row)
        return try body()
      }
    case .hashed(let rows):
      guard try makeOtherKey(context) else { return true }
      var number = rows.first(buffer.bytes)
      while number >= 0 {
        current = number
        context.set(slot: slot, row: rows[number])
        guard try body() else { return false }
        number = rows.next(number)
      }
      return true
    case .sorted(let run):
      guard try makeOtherKey(context) else { return true }
      return try run.forEach(buffer.bytes, hash: ByteKeyTable.hash(buffer.bytes)) {
        number, bytes throws(UpkeepError) in
        current = number
        var reader = SpilledBytes(bytes)
        context.set(slot: slot, row: try reader.row())
        return try body()
      }
    }
  }

  /// The rows that found no partner.
  func unmatched(
    _ context: EvaluationContext, _ slot: Int, load: Loader, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    switch try ready(context, slot, load) {
    case .spool(let rows):
      var number = -1
      return try rows.walk { row throws(UpkeepError) in
        number += 1
        if isMatched[number] { return true }
        context.set(slot: slot, row: row)
        return try body()
      }
    case .hashed(let rows):
      for number in 0..<rows.count where !isMatched[number] {
        context.set(slot: slot, row: rows[number])
        guard try body() else { return false }
      }
      return true
    case .sorted(let run):
      let reader = run.readAll(blockCount: 1 << 16)
      for number in 0..<run.count where try reader.next() && !isMatched[number] {
        var bytes = SpilledBytes(reader.row)
        context.set(slot: slot, row: try bytes.row())
        guard try body() else { return false }
      }
      return true
    }
  }
}

/// Rows in memory, found by the bytes of their keys.
private final class KeyedRows {
  private let memory: QueryMemory
  @exclusivity(unchecked) private var rows: [[Value]] = []
  private let table = ByteKeyTable()
  /// For each key its first row and its last; for each row the next with its key, and its key or -1.
  @exclusivity(unchecked) private var firsts: [Int] = []
  private var lasts: [Int] = []
  @exclusivity(unchecked) private var nexts: [Int] = []
  private var entries: [Int] = []
  private var counted = 0

  init(_ memory: QueryMemory) { self.memory = memory }

  deinit { memory.give(counted) }

  var count: Int { rows.count }
  var isTooMuch: Bool { memory.isTooMuch(counted) }

  subscript(number: Int) -> [Value] { rows[number] }

  func first(_ key: UnsafeRawBufferPointer) -> Int { table.find(key).map { firsts[$0] } ?? -1 }
  func next(_ number: Int) -> Int { nexts[number] }

  /// - Parameter key: nil for a row that is found by none.
  func append(_ row: [Value], _ key: UnsafeRawBufferPointer?) {
    let own = row.rowByteCount + 48 + (key.map { 56 + $0.count } ?? 0)
    counted += own
    memory.take(own)
    let number = rows.count
    rows.append(row)
    nexts.append(-1)
    guard let key else { return entries.append(-1) }
    let entry = table.insert(key)
    entries.append(entry)
    if entry == firsts.count {
      firsts.append(number)
      lasts.append(number)
    } else {
      nexts[lasts[entry]] = number
      lasts[entry] = number
    }
  }

  /// Hands all rows over, by their keys; those without one have an empty key, which is nobody's.
  func moveAll(to sorter: RowSorter) throws(UpkeepError) {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    memory.give(counted)
    counted = 0
    for (row, entry) in zip(rows, entries) {
      try sorter.add(entry < 0 ? nothing : table.bytes(entry), row)
    }
    rows = []
  }
}
