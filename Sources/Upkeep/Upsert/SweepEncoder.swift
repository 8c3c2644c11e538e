internal import UpkeepStorage

/// Puts rows into a sweep's buffer as they would be stored, with their keys in the indexes: for the thread that has it.
final class SweepEncoder {
  /// Takes the values of the row that `add` then adds.
  let rows: RowEncoder
  /// Whether conditions or expressions must see rows as values: those of a CHECK, or of an index.
  let needsValues: Bool
  private let schema: TableSchema
  private let automaticID: Int?
  private let check: RowCheck
  private let indexes: [IndexEncoder]
  /// For each index whether it is unique.
  private let areUnique: [Bool]
  private let key = ByteBuffer()
  private var values: [Value] = []

  /// Nil for a table whose rows are not encoded here.
  init?(_ schema: TableSchema) {
    guard let rows = RowEncoder(schema) else { return nil }
    self.rows = rows
    self.schema = schema
    automaticID = schema.automaticID
    check = RowCheck(schema)
    indexes = schema.indexes.map { IndexEncoder($0) }
    areUnique = schema.indexes.map(\.isUnique)
    needsValues =
      !schema.checks.isEmpty
      || schema.indexes.contains { $0.predicate != nil || $0.columnOrdinals == nil }
  }

  /// Adds the row that `rows` has taken to those that wait.
  ///
  /// - Parameters:
  ///   - index: the number of the input row.
  ///   - mustBeSound: whether only a row that may be inserted as it is can be added.
  /// - Returns: false if it must go the general way; then nothing is added.
  func add(_ index: Int, to sweep: SweepBuffer, mustBeSound: Bool = false) -> Bool {
    guard index <= Int(UInt32.max) else { return false }
    let start = sweep.arena.count
    guard let row = encode(index, start, sweep), row.isSound || !mustBeSound else {
      sweep.arena.truncate(to: start)
      sweep.forgetClaims()
      return false
    }
    sweep.append(row)
    if let automaticID, row.isSound { sweep.note(id: rows.integer(automaticID)) }
    return true
  }

  /// Puts the bytes of a row into the arena; nil if it must go the general way.
  private func encode(_ index: Int, _ start: Int, _ sweep: SweepBuffer) -> SweepBuffer.Row? {
    let arena = sweep.arena
    guard rows.appendPrimaryKey(to: arena) else { return nil }
    let keyCount = arena.count - start
    rows.appendValue(to: arena)
    let valueCount = arena.count - start - keyCount
    var isSound = rows.hasRequired
    if needsValues {
      let base = UnsafeRawPointer(arena.base) + start
      let view = RowView(
        schema: schema, key: UnsafeRawBufferPointer(start: base, count: keyCount),
        value: UnsafeRawBufferPointer(start: base + keyCount, count: valueCount))
      guard let values = try? view.values() else { return nil }
      self.values = values
      if isSound { isSound = (try? check.check(values)) != nil }
    }
    for number in areUnique.indices {
      let from = arena.count
      guard let state = appendKey(number, arena) else { return nil }
      if state == .outsidePredicate {
        arena.truncate(to: from)
        continue
      }
      let isClaim = areUnique[number] && state == .entry
      if !isClaim {
        let place = arena.extend(by: keyCount)
        place.copyMemory(from: arena.base + start, byteCount: keyCount)
      }
      if arena.count - from > KeyCodec.longestKey { return nil }
      sweep.claim(inIndex: number, from: from, isShared: areUnique[number] && !isClaim)
    }
    return SweepBuffer.Row(
      offset: start, keyCount: UInt32(truncatingIfNeeded: keyCount),
      valueCount: UInt32(truncatingIfNeeded: valueCount), index: UInt32(truncatingIfNeeded: index),
      isSound: isSound, given: rows.given)
  }

  /// Appends the row's key in an index to the arena; nil if the row must go the general way.
  @inline(__always)
  private func appendKey(_ number: Int, _ arena: ByteBuffer) -> IndexKeyState? {
    if rows.makesKeys(ofIndex: number) { return rows.appendIndexKey(number, to: arena) }
    guard let state = try? indexes[number].encode(values, into: key) else { return nil }
    arena.append(key.bytes)
    return state
  }
}
