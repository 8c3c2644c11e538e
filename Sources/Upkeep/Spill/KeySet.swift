internal import UpkeepStorage

/// Byte strings, each once: in memory while they are few, else in sorted runs in files.
final class KeySet {
  /// More runs than these are merged into one.
  private static let mostRuns = 8

  private let memory: QueryMemory
  private var table = ByteKeyTable()
  private var runs: [SortedRun] = []
  private var counted = 0

  init(_ memory: QueryMemory) { self.memory = memory }

  deinit { memory.give(counted) }

  /// Takes a key; false if it was there.
  func insert(_ key: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    if !runs.isEmpty, table.find(key) == nil, try isInRuns(key) { return false }
    let before = table.count
    _ = table.insert(key)
    guard table.count > before else { return false }
    let own = 40 + key.count
    counted &+= own
    memory.take(own)
    if memory.isTooMuch(counted) { try spill() }
    return true
  }

  func contains(_ key: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    if table.find(key) != nil { return true }
    return runs.isEmpty ? false : try isInRuns(key)
  }

  private func isInRuns(_ key: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    let hash = ByteKeyTable.hash(key)
    for run in runs where try run.contains(key, hash: hash) { return true }
    return false
  }

  /// Bytes of the filter of a run of so many keys: a good one where they are few, and never much.
  private func filterByteCount(_ count: Int) -> Int { min(max(64, count * 2), 4 << 20) }

  private func spill() throws(UpkeepError) {
    let run = SortedRun(try memory.makeFile(), filterByteCount: filterByteCount(table.count))
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    for key in table.sortedKeys() { try run.append(key.bytes(table.base), nothing) }
    try run.finish()
    runs.append(run)
    table = ByteKeyTable()
    memory.give(counted)
    counted = 0
    if runs.count > Self.mostRuns { try mergeRuns() }
  }

  private func mergeRuns() throws(UpkeepError) {
    let count = runs.reduce(0) { $0 + $1.count }
    let merge = try SpillMerge(runs.map { $0.readAll(blockCount: 1 << 16) })
    let new = SortedRun(try memory.makeFile(), filterByteCount: filterByteCount(count))
    while try merge.next() { try new.append(merge.key, merge.row) }
    try new.finish()
    runs = [new]
  }
}
