internal import UpkeepStorage

/// Walks the rows to which an access path leads, in the path's order, as they were when the walk was made:
/// a statement may write to the table meanwhile and meets none of what it wrote.
///
/// A row is seen through `view`, or, where the index alone answers (`isCovering`), as `values`, of which only
/// the columns that the index gives back are filled.
final class PathScan {
  private enum Position { case before, primed, on, outside }

  let schema: TableSchema
  /// The index walked; nil for the table's own tree.
  private let index: IndexSchema?
  let isCovering: Bool
  /// Nil while it rests.
  @exclusivity(unchecked) private var scope: TransactionScope?
  private let isBackward: Bool
  /// Whether there is one row at most.
  private let isPoint: Bool
  @exclusivity(unchecked) private var ranges: [KeyBounds]
  /// The next range to walk, counted in the direction of the walk.
  @exclusivity(unchecked) private var nextRange = 0
  /// The bound that ends the walk of this range: the upper one forward, the lower one backward.
  private let limit = ByteBuffer(capacity: 64)
  @exclusivity(unchecked) private var isLimited = false
  @exclusivity(unchecked) private var position = Position.outside
  private let cursor: TreeCursor
  /// Entries of a leaf at once, for a walk forward over the table's own tree.
  private let run: LeafRun?
  /// The run's rows, of which those from `runPlace` on are still to come.
  private let batch: RowBatch?
  @exclusivity(unchecked) private var runPlace = 0
  @exclusivity(unchecked) private var runEnd = 0
  /// How many rows come at once: few at first, as often no more are wanted.
  @exclusivity(unchecked) private var runLength = PathScan.firstRun
  private static let firstRun = 32
  /// What is wrong with the row behind the run's.
  @exclusivity(unchecked) private var failure: UpkeepError?
  private let isTable: Bool
  private let shape: RowShape
  /// Where rows are looked up by primary key.
  private let table: TreeCursor?
  /// Where the view of the row met lies.
  private let place: UnsafeMutablePointer<RowView>
  /// The row met, of a covering walk, where it is kept from step to step.
  let covered: UnsafeMutableBufferPointer<Value>
  /// What is done with each part of an index entry: which column it gives.
  private let entryParts: [(part: KeyPart, column: Int?)]
  private let keyParts: [(part: KeyPart, column: Int?)]
  private let readsKeyParts: Bool

  /// - Parameters:
  ///   - readsKeys: whether columns of the primary key will be read.
  ///   - columns: those that are read of a covering walk; nil for all that the index gives back.
  init(
    _ scope: TransactionScope, _ schema: TableSchema, _ path: AccessPath, readsKeys: Bool = true,
    columns: Set<Int>? = nil
  ) throws(UpkeepError) {
    try scope.requireOpen()
    self.scope = scope
    self.schema = schema
    index = path.index
    isTable = path.index == nil
    shape = RowShape(schema)
    place = .allocate(capacity: 1)
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    place.initialize(to: RowView(shape, key: nothing, value: nothing))
    isBackward = path.isBackward
    isPoint = path.isPoint
    isCovering = path.index != nil && path.isCovering
    ranges = path.cases.isEmpty ? path.search.ranges : try Self.ranges(of: path.cases, scope, schema)
    covered = .allocate(capacity: isCovering ? schema.rowWidth : 0)
    covered.initialize(repeating: .null)
    func isRead(_ column: Int?, _ part: KeyPart) -> Int? {
      guard let column, part.givesValueBack, columns?.contains(column) != false else { return nil }
      return column
    }
    entryParts = isCovering ? path.index?.parts.map { ($0.key, isRead($0.column, $0.key)) } ?? [] : []
    keyParts = isCovering ? zip(schema.keyColumns, schema.keyParts).map { ($1, isRead($0, $1)) } : []
    readsKeyParts = keyParts.contains { $0.column != nil }
    let read = scope.read
    let tree = path.index?.tree ?? schema.tree
    let cursor = try storing { () throws(StorageError) in try read.cursor(tree) }
    self.cursor = cursor
    let run = path.comesInBatches ? cursor.makeRun() : nil
    self.run = run
    batch = run.map { [shape] in RowBatch($0, shape, readsKeys: readsKeys) }
    table =
      path.index == nil || isCovering
      ? nil : try storing { () throws(StorageError) in try read.cursor(schema.tree) }
    _ = beginRange()
  }

  deinit {
    place.deallocate()
    covered.deinitialize()
    covered.deallocate()
  }

  /// Begins again, in the ranges given, or in the same.
  func restart(in ranges: [KeyBounds]? = nil) {
    if let ranges { self.ranges = ranges }
    nextRange = 0
    position = .outside
    (runPlace, runEnd, runLength) = (0, 0, Self.firstRun)
    failure = nil
    _ = beginRange()
  }

  /// The row met, of a covering walk.
  var values: [Value] { Array(covered) }

  // MARK: Rest

  /// Whether it walks in a transaction.
  var isOpen: Bool { scope != nil }

  /// Lets go of the transaction, and keeps the room that it has.
  func rest() {
    scope = nil
    cursor.rest()
    table?.rest()
    (position, runPlace, runEnd, failure) = (.outside, 0, 0, nil)
    (ranges, nextRange) = ([], 0)
  }

  /// Begins a walk in another transaction after a rest.
  ///
  /// - Returns: false if it is none for such a way.
  func reopen(_ scope: TransactionScope, _ path: AccessPath) throws(UpkeepError) -> Bool {
    guard path.index === index, isCovering == (path.index != nil && path.isCovering),
      path.isBackward == isBackward, path.isPoint == isPoint, path.cases.isEmpty
    else { return false }
    try scope.requireOpen()
    let read = scope.read
    let (cursor, table) = (cursor, table)
    let (tree, own) = (index?.tree ?? schema.tree, schema.tree)
    let isSameStore = try storing { () throws(StorageError) in
      guard try read.reopen(cursor, tree) else { return false }
      if let table { return try read.reopen(table, own) }
      return true
    }
    guard isSameStore else { return false }
    self.scope = scope
    restart(in: path.search.ranges)
    return true
  }

  /// The row met, valid until the next step. Not of a covering walk.
  @inline(__always)
  var view: RowView { place.pointee }

  /// Whether rows come in batches.
  var isInBatches: Bool { batch != nil }

  /// Steps to the next row; false after the last.
  ///
  /// - Parameter filter: what the rows of batches are narrowed by, with the statement that is told of them.
  @inline(__always)
  func next(_ filter: RowFilter? = nil, _ statement: StatementContext? = nil) throws(UpkeepError) -> Bool {
    if runPlace < runEnd, let batch {
      show(batch)
      return true
    }
    return try nextSlowly(filter, statement)
  }

  @inline(__always)
  private func show(_ batch: RowBatch) {
    place.pointee = batch.view(runPlace)
    runPlace &+= 1
  }

  @inline(never)
  private func nextSlowly(_ filter: RowFilter?, _ statement: StatementContext?) throws(UpkeepError) -> Bool {
    if let run, let batch {
      guard try fill(run, batch, filter, statement) else { return false }
      runEnd = batch.count
      show(batch)
      return true
    }
    guard try nextEntry() else { return false }
    if isTable { return true }
    guard let index else { return true }
    if let table { try lookUp(index, in: table) } else { try readEntry(index) }
    return true
  }

  /// The next rows for which the conditions hold, all of which are to be taken: they are not met one by one as well.
  /// Nil after the last, and where rows do not come in batches.
  func nextBatch(
    _ filter: RowFilter, _ context: EvaluationContext, _ statement: StatementContext
  ) throws(UpkeepError) -> RowBatch? {
    guard let run, let batch else { return nil }
    while try fill(run, batch, filter, statement) {
      if let failure = filter.narrowByRest(batch, context) { self.failure = failure }
      if batch.count > 0 { return batch }
    }
    return nil
  }

  /// Fills the batch with rows that follow, at least one; false after the last.
  private func fill(
    _ run: LeafRun, _ batch: RowBatch, _ filter: RowFilter?, _ statement: StatementContext?
  ) throws(UpkeepError) -> Bool {
    repeat {
      if let failure { throw failure }
      guard try fill(run) else { return false }
      batch.count = runEnd
      (runPlace, runEnd) = (0, 0)
      try statement?.step(batch.count)
      if let filter, filter.hasTests { failure = filter.narrow(batch) }
    } while batch.count == 0
    return true
  }

  /// Fills the run with the entries that follow; false at the end of the last range.
  private func fill(_ run: LeafRun) throws(UpkeepError) -> Bool {
    (runPlace, runEnd) = (0, 0)
    do throws(StorageError) {
      repeat {
        switch position {
        case .outside: continue
        case .before:
          if try seek() { runEnd = try cursor.nextRun(run, includingCurrent: true, most: runLength) }
        case .primed: runEnd = try cursor.nextRun(run, includingCurrent: true, most: runLength)
        case .on: runEnd = try cursor.nextRun(run, includingCurrent: false, most: runLength)
        }
        if runEnd > 0 {
          position = .on
          runLength = min(2 * runLength, LeafRun.capacity)
          return true
        }
        position = .outside
        nextRange += 1
      } while beginRange()
      return false
    } catch {
      throw UpkeepError(error)
    }
  }

  private func nextEntry() throws(UpkeepError) -> Bool {
    do throws(StorageError) {
      repeat {
        guard try step() else { continue }
        if isTable { place.pointee = RowView(shape, key: cursor.key, value: try cursor.value()) }
        return true
      } while beginRange()
      return false
    } catch {
      throw UpkeepError(error)
    }
  }
}

// MARK: - Ranges

extension PathScan {
  private func beginRange() -> Bool {
    guard nextRange < ranges.count else { return false }
    let range = currentRange
    let limit = isBackward ? range.lower : range.upper
    self.limit.removeAll()
    if let limit { limit.withUnsafeBytes { self.limit.append($0) } }
    isLimited = limit != nil
    if run != nil { cursor.setUpperBound(limit) }
    position = .before
    return true
  }

  private var currentRange: KeyBounds { ranges[isBackward ? ranges.count - 1 - nextRange : nextRange] }

  /// Steps within the range; at its end false, and the next range is to begin.
  @inline(__always)
  private func step() throws(StorageError) -> Bool {
    let found: Bool
    switch position {
    case .on where isPoint: found = false
    case .on: found = isBackward ? try cursor.previous() : try cursor.next()
    case .before: found = try seek()
    case .primed: found = true
    case .outside: return false
    }
    if found && (!isLimited || isWithinLimit) {
      position = .on
      return true
    }
    position = .outside
    nextRange += 1
    return false
  }

  private var isWithinLimit: Bool {
    let key = cursor.key
    let order = Bytes.compare(key, limit.bytes)
    return isBackward ? order >= 0 : order < 0
  }

  private func seek() throws(StorageError) -> Bool {
    let range = currentRange
    guard let start = isBackward ? range.upper : range.lower else {
      return isBackward ? try cursor.last() : try cursor.first()
    }
    let cursor = cursor
    let isBackward = isBackward
    let result: Result<Bool, StorageError> = start.withUnsafeBytes { bytes in
      do throws(StorageError) {
        return .success(isBackward ? try cursor.seekBefore(bytes) : try cursor.seek(bytes))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Before the first step: passes over that many rows, in a few descents however many they are.
  func skip(_ count: UInt64) throws(UpkeepError) {
    var left = count
    while left > 0, position == .before {
      let range = currentRange
      let inRange = try entryCount(in: range)
      if left >= inRange {
        left -= inRange
        nextRange += 1
        if !beginRange() { position = .outside }
        continue
      }
      let before = try entryCount(in: KeyBounds(upper: range.lower ?? []))
      let ordinal = isBackward ? before + inRange - 1 - left : before + left
      let cursor = cursor
      let found = try storing { () throws(StorageError) in try cursor.seek(ordinal: ordinal) }
      position = found ? .primed : .outside
      return
    }
  }

  private func entryCount(in range: KeyBounds) throws(UpkeepError) -> UInt64 {
    guard let scope else { return 0 }
    let reader = RowReader(scope)
    if let index { return try reader.count(index, in: range) }
    return try reader.count(schema, in: range)
  }
}

// MARK: - Entries that are alike

extension PathScan {
  /// Passes over the entries of an index that begin with the same parts as the one met, in a walk forward. What was met
  /// stays readable.
  ///
  /// - Returns: how many they are in the range that is walked, that one included.
  func passAlike(_ parts: [KeyPart]) throws(UpkeepError) -> UInt64 {
    guard index != nil, !isBackward, position == .on else { return 1 }
    var reader = KeyReader(cursor.key)
    for part in parts { try reader.skip(part) }
    var alike = KeyBounds(prefix: Array(cursor.key[..<reader.offset]))
    let next = alike.upper
    if let lower = currentRange.lower, let own = alike.lower, Self.isLess(own, lower) { alike.lower = lower }
    if let upper = currentRange.upper, alike.upper.map({ Self.isLess(upper, $0) }) ?? true {
      alike.upper = upper
    }
    let count = try entryCount(in: alike)
    position = .outside
    if let next, try seek(next) {
      position = .primed
    } else {
      nextRange += 1
    }
    return max(1, count)
  }

  private static func isLess(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    KeyBounds.borrowing(a, b) { Bytes.compare($0, $1) } < 0
  }

  private func seek(_ key: [UInt8]) throws(UpkeepError) -> Bool {
    let cursor = cursor
    return try KeyBounds.borrow(key) { key throws(UpkeepError) in
      try storing { () throws(StorageError) in try cursor.seek(key) }
    }
  }
}

// MARK: - The cases of an OR

extension PathScan {
  /// The primary keys to which several ways lead, each once, as ranges of the table's tree.
  private static func ranges(
    of cases: [AccessPath], _ scope: TransactionScope, _ schema: TableSchema
  ) throws(UpkeepError) -> [KeyBounds] {
    var keys: Set<[UInt8]> = []
    for path in cases {
      let scan = try PathScan(scope, schema, path)
      while try scan.nextEntry() {
        if keys.count & 1023 == 0 { try scope.watch?.cancellation.check() }
        let key = try path.index.map { index throws(UpkeepError) in try scan.primaryKey(of: index) }
        keys.insert(Array(key ?? scan.cursor.key))
      }
    }
    let sorted = keys.sorted { a, b in
      a.withUnsafeBytes { a in b.withUnsafeBytes { Bytes.compare(a, $0) < 0 } }
    }
    return sorted.map { KeyBounds(prefix: $0) }
  }
}

// MARK: - Index entries

extension PathScan {
  /// Goes from an index entry to its row.
  private func lookUp(_ index: IndexSchema, in table: TreeCursor) throws(UpkeepError) {
    let key = try primaryKey(of: index)
    let shape = shape
    let place = place
    let found = try storing { () throws(StorageError) in
      guard try table.seek(key) else { return false }
      place.pointee = RowView(shape, key: table.key, value: try table.value())
      return true
    }
    guard found, Bytes.equal(place.pointee.key, key) else { throw schema.danglingEntry(of: index) }
  }

  private func primaryKey(of index: IndexSchema) throws(UpkeepError) -> UnsafeRawBufferPointer {
    if index.isUnique {
      let cursor = cursor
      return try storing { () throws(StorageError) in try cursor.value() }
    }
    return try IndexEntry.primaryKey(inKey: cursor.key, of: index)
  }

  /// Reads the columns that the entry gives back.
  private func readEntry(_ index: IndexSchema) throws(UpkeepError) {
    var reader = KeyReader(cursor.key)
    try read(entryParts, from: &reader)
    guard readsKeyParts else { return }
    if index.isUnique { reader = KeyReader(try primaryKey(of: index)) }
    try read(keyParts, from: &reader)
  }

  private func read(
    _ parts: [(part: KeyPart, column: Int?)], from reader: inout KeyReader
  ) throws(UpkeepError) {
    for (part, column) in parts {
      if let column {
        covered[column] = try reader.value(part)
      } else {
        try reader.skip(part)
      }
    }
  }
}
