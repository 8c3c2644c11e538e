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
    /// In a file, by their keys, in order.
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
  /// The sides of the equality, if it is one alone and may be of whole numbers.
  private let ownWhole: WholeKey?
  /// What the rows before ask for; nil if rows are never found by whole numbers.
  let otherWhole: WholeKey?
  /// Whether which rows found a partner is to be known.
  private let keepsFlags: Bool
  private let memory: QueryMemory
  private var rows: Rows?
  private var isMatched: [Bool] = []
  /// The row that is looked at.
  @exclusivity(unchecked) private var current = 0
  /// The way to rows in memory that are found by whole numbers.
  private var probe: RowProbe?
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
    let (own, other) = (
      keys.first.flatMap { WholeKey($0.own, $0.ownConversion) },
      keys.first.flatMap { WholeKey($0.other, $0.otherConversion) }
    )
    let isWhole = keys.count == 1 && own != nil && other != nil
    (ownWhole, otherWhole) = isWhole ? (own, other) : (nil, nil)
    self.keepsFlags = keepsFlags
    self.memory = memory
  }

  func begin() {
    if !content.isStable {
      (rows, probe) = (nil, nil)
    }
    isMatched = []
  }

  /// Forgets the rows.
  func forget() {
    (rows, probe) = (nil, nil)
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
      if case .hashed(let rows) = kept { probe = rows.makeProbe() }
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
    let spool = RowSpool<Value>(memory)
    try load(self, context) { row throws(UpkeepError) in try spool.append(row) }
    return .spool(spool)
  }

  private func keyed(
    _ context: EvaluationContext, _ slot: Int, _ load: Loader
  ) throws(UpkeepError) -> Rows {
    let kept = KeyedRows(memory, isWhole: ownWhole != nil)
    var sorter: RowSorter?
    try load(self, context) { row throws(UpkeepError) in
      context.set(slot: slot, row: row)
      if let numbers = kept.numbers, let ownWhole, case .number(let number) = try ownWhole.find(context) {
        kept.append(row, number, in: numbers)
      } else {
        // A row with a NULL in its key equals nothing; it matters only where rows without a partner are shown.
        let hasKey = try makeOwnKey(context)
        if !hasKey && !keepsFlags { return }
        if !hasKey { buffer.removeAll() }
        if let sorter { return try sorter.add(buffer.bytes, row) }
        kept.append(row, hasKey ? buffer.bytes : nil)
      }
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

  // MARK: Finding

  /// A way to the rows by whole numbers, which are read if they were not yet; nil if they are found by something else.
  func probe(_ context: EvaluationContext, _ slot: Int, load: Loader) throws(UpkeepError) -> RowProbe? {
    guard otherWhole != nil, case .hashed = try ready(context, slot, load) else { return nil }
    return probe
  }

  /// Puts each row that the ones before ask for in the context, until `body` wants no more.
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
      if let probe, let otherWhole {
        let places = probe.places
        return try candidates(from: places.first(try otherWhole.find(context)), places, context, slot, body)
      }
      guard try makeOtherKey(context) else { return true }
      let places = rows.places
      var number = rows.first(buffer.bytes)
      while number >= 0 {
        current = number
        context.set(slot: slot, lent: places[number])
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

  /// The same of rows found by whole numbers, from the first one on; -1 for none.
  @inline(__always)
  func candidates(
    from first: Int, _ places: RowProbe.Places, _ context: EvaluationContext, _ slot: Int,
    _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    var number = first
    while number >= 0 {
      current = number
      context.set(slot: slot, lent: places.rows[number])
      guard try body() else { return false }
      number = places.next(number)
    }
    return true
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
      let places = rows.places
      for number in 0..<rows.count where !isMatched[number] {
        context.set(slot: slot, lent: places[number])
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
