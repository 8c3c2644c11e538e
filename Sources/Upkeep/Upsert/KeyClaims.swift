package import UpkeepStorage

/// The rows of one table while a statement changes them, and who claims which of its unique keys.
///
/// Within a statement two rows may hold one key. The trees can hold a key once only, so:
///
/// 1. A row whose keys nobody else holds is in the trees. It is a *native* of its primary key: the key names it
///    for the whole statement, because a row whose primary key changes becomes a holder.
/// 2. A *holder* is a row that the trees cannot say the truth about: one that shares a key with another, or has
///    moved. Its state now is kept here, with all its keys; what the trees still have of it is hidden.
/// 3. A key is looked up here first, then in the trees; an entry of the trees that belongs to a holder counts
///    for nothing.
/// 4. A native claims a key only if neither the trees nor this table have it; else it becomes a holder first, and
///    so does the other row. So what the trees have of holders, and what natives write, never overlap.
/// 5. `settle` decides who keeps which key. Then `write` brings the trees of all holders up to date, first taking
///    away, then putting, so that a row which ends as it began writes nothing.
///
/// Most statements never have a holder: then nothing is kept but a word for each input row.
package final class KeyClaims {
  /// Where a row is, for the time of one step.
  package enum Place: Equatable {
    case nobody
    /// In the trees, under the primary key in the buffer given to `find`.
    case native
    /// Here.
    case holder(Int)
  }

  struct Holder {
    /// The primary key that names it; nil for a row that was made where that name was taken.
    let birth: [UInt8]?
    /// What the trees have of it.
    let stored: [Value]?
    /// Its state when the statement began.
    let before: [Value]?
    var now: [Value]?
    /// The number of each of its keys in `keys`; `none` where it holds none.
    var keys: [Int]
    /// For each key the input row that claimed it, or `sinceBefore`, or `unknown`.
    var claims: [Int]
    /// Deleted: it does not come back.
    var isGone = false
  }

  static let none = -1
  /// Claimed by this statement before the row became a holder: the logs tell by which row.
  private static let unknown = -2

  package let schema: TableSchema
  package let uniqueIndexes: [IndexSchema]
  let scope: TransactionScope
  let transaction: WriteTransaction
  package let writer: RowWriter
  private let displaces: Bool
  /// The table as it was when the statement began; nil while nothing has been written since.
  private var before: TreeCursor?
  /// Indexes that are not unique and whose keys can be too long.
  private let longIndexes: [IndexSchema]

  private(set) var holders: [Holder] = []
  /// Keys of holders: the key's number and its bytes.
  private let keys = ByteKeyTable()
  /// For each of them who holds it, the newest last.
  private var holdersOfKey: [[Int]] = []
  /// Holders by the primary key that names them.
  private let births = ByteKeyTable()
  private var holderOfBirth: [Int] = []

  /// For each input row the row that it chose: the hash of a birth, or a holder's number, or 0.
  private var chosen: [UInt64] = []
  /// Keys that natives claimed by an update: hash of row and key, and the input row.
  private var claimLog: [(claim: UInt64, row: Int)] = []

  /// The greatest id that a holder has had.
  package private(set) var greatestID: Int64?

  private let keyBuffers: [ByteBuffer]
  private let oldKeyBuffers: [ByteBuffer]
  private var hasKey: [Bool]
  private var hadKey: [Bool]
  private let tagged = ByteBuffer()
  private let found = ByteBuffer()

  /// - Parameter startsLater: `start` is called before anything is written, or the statement writes but once, at its
  ///   end: then it needs no look back.
  package init(
    _ scope: TransactionScope, _ schema: TableSchema, displaces: Bool = false, startsLater: Bool = false
  ) throws(UpkeepError) {
    self.scope = scope
    self.schema = schema
    self.displaces = displaces
    let transaction = try scope.writing
    self.transaction = transaction
    let uniqueIndexes = schema.indexes.filter(\.isUnique)
    self.uniqueIndexes = uniqueIndexes
    writer = try RowWriter(scope, schema, defersIndexes: true)
    longIndexes = schema.indexes.filter { index in
      !index.isUnique && index.parts.contains { $0.key.fixedByteCount == nil }
    }
    keyBuffers = (0...uniqueIndexes.count).map { _ in ByteBuffer(capacity: 64) }
    oldKeyBuffers = (0...uniqueIndexes.count).map { _ in ByteBuffer(capacity: 64) }
    hasKey = Array(repeating: false, count: uniqueIndexes.count + 1)
    hadKey = hasKey
    if !startsLater { try start() }
  }

  /// Remembers the table as it is now.
  package func start() throws(UpkeepError) {
    let transaction = transaction
    let tree = schema.tree
    before = try storing { () throws(StorageError) in try transaction.cursor(tree) }
  }

  package var keyCount: Int { uniqueIndexes.count + 1 }
  package var hasHolders: Bool { !holders.isEmpty }

  private func tree(of key: Int) -> TreeID { key == 0 ? schema.tree : uniqueIndexes[key - 1].tree }
}

// MARK: - Looking up

extension KeyClaims {
  /// The bytes of a row's key; false if it has none: a part is NULL, or the index leaves the row out.
  package func encode(_ key: Int, of row: [Value], into buffer: ByteBuffer) throws(UpkeepError) -> Bool {
    buffer.removeAll()
    if key > 0 {
      // A proposed row may have NULL where its column takes none; it meets nobody by that.
      for part in uniqueIndexes[key - 1].parts {
        if let column = part.column, row[column] == .null { return false }
      }
      return try writer.encodeIndexKey(uniqueIndexes[key - 1], row, into: buffer) == .entry
    }
    if schema.hasHiddenRowid {
      if row[schema.columns.count] == .null { return false }
    } else {
      for ordinal in schema.primaryKey where row[ordinal] == .null { return false }
    }
    try RowCodec.appendKey(of: row, schema: schema, to: buffer)
    return true
  }

  /// Who holds a key now, the newest claimant if several do.
  ///
  /// - Parameter primaryKey: gets the primary key of a native.
  package func find(
    _ key: Int, _ bytes: UnsafeRawBufferPointer, primaryKey: ByteBuffer
  ) throws(UpkeepError) -> Place {
    if !holders.isEmpty, let holder = heldBy(key, bytes).last { return .holder(holder) }
    let tree = tree(of: key)
    guard let value = try get(tree, bytes) else { return .nobody }
    let owner = key == 0 ? bytes : value
    if !holders.isEmpty, births.find(owner) != nil { return .nobody }
    primaryKey.removeAll()
    primaryKey.append(owner)
    return .native
  }

  /// The row at a place.
  package func row(
    _ place: Place, primaryKey: UnsafeRawBufferPointer
  ) throws(UpkeepError) -> [Value]? {
    switch place {
    case .nobody: return nil
    case .holder(let holder): return holders[holder].now
    case .native:
      guard let value = try get(schema.tree, primaryKey) else { return nil }
      return try RowView(schema: schema, key: primaryKey, value: value).values()
    }
  }

  /// The row of the table named by a primary key when the statement began, wherever it is by now.
  package func place(ofRowNamed primaryKey: UnsafeRawBufferPointer) -> Place {
    births.find(primaryKey).map { .holder(holderOfBirth[$0]) } ?? .native
  }

  private func get(_ tree: TreeID, _ key: UnsafeRawBufferPointer) throws(UpkeepError)
    -> UnsafeRawBufferPointer?
  {
    let transaction = transaction
    return try storing { () throws(StorageError) in try transaction.get(tree, key) }
  }

  private func tag(_ key: Int, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    tagged.removeAll()
    tagged.append(bigEndian: UInt32(truncatingIfNeeded: key))
    tagged.append(bytes)
    return tagged.bytes
  }

  private func heldBy(_ key: Int, _ bytes: UnsafeRawBufferPointer) -> [Int] {
    keys.find(tag(key, bytes)).map { holdersOfKey[$0] } ?? []
  }

  private func number(of key: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
    let number = keys.insert(tag(key, bytes))
    if number == holdersOfKey.count { holdersOfKey.append([]) }
    return number
  }
}

// MARK: - Changing rows

extension KeyClaims {
  /// Finds keys that are too long before anything is written, so that an error of a row leaves nothing behind.
  package func requireShortKeys(of row: [Value]) throws(UpkeepError) {
    if longIndexes.isEmpty { return }
    let buffer = oldKeyBuffers[0]
    buffer.removeAll()
    try RowCodec.appendKey(of: row, schema: schema, to: buffer)
    let keyCount = buffer.count
    for index in longIndexes {
      _ = try writer.encodeIndexKey(index, row, into: buffer)
      try RowCodec.checkKeyLength(buffer.count + keyCount, index: "index \(index.name)", schema: schema)
    }
  }

  /// Makes a new row.
  package func insert(_ row: [Value], by input: Int) throws(UpkeepError) {
    try requireShortKeys(of: row)
    try encodeKeys(of: row)
    if try isNew() {
      try writer.insert(row)
      note(native: keyBuffers[0].bytes, chosenBy: input)
      return
    }
    let isNamed = births.find(keyBuffers[0].bytes) == nil
    let isFree = try isNamed ? get(schema.tree, keyBuffers[0].bytes) == nil : false
    let birth = isFree ? Array(keyBuffers[0].bytes) : nil
    let holder = addHolder(birth: birth, stored: nil, before: nil, now: row)
    for key in 0..<keyCount where hasKey[key] { try claim(key, by: holder, input) }
    note(holder: holder, chosenBy: input)
    try noteID(of: row)
  }

  /// Changes a row of the table.
  ///
  /// - Parameter primaryKey: of a native.
  package func update(
    _ place: Place, primaryKey: UnsafeRawBufferPointer, from old: [Value], to new: [Value], by input: Int
  ) throws(UpkeepError) {
    try requireShortKeys(of: new)
    switch place {
    case .nobody: return
    case .holder(let holder):
      try encodeKeys(of: new)
      try update(holder, to: new, by: input)
    case .native:
      note(native: primaryKey, chosenBy: input)
      if !(try updateNative(primaryKey, from: old, to: new, by: input)) {
        // The key bytes are needed once more: adopting rows uses the buffers.
        let holder = try adopt(primaryKey)
        try encodeKeys(of: new)
        try update(holder, to: new, by: input)
      }
    }
  }

  /// Notes that a native was chosen whose keys no statement could contest: for sweeps, which write rows themselves.
  @inline(__always)
  func noteSwept(_ primaryKey: UnsafeRawBufferPointer, by input: Int) { note(Self.hash(primaryKey), input) }

  /// Whether what is said here of a primary key may differ from what the trees say.
  func isConcerned(_ primaryKey: UnsafeRawBufferPointer) -> Bool {
    !holders.isEmpty && (births.find(primaryKey) != nil || !heldBy(0, primaryKey).isEmpty)
  }

  /// Whether a holder has a key.
  func isHeldHere(_ key: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    !holders.isEmpty && !heldBy(key, bytes).isEmpty
  }

  /// Removes a row for good.
  package func delete(_ place: Place, _ row: [Value]) throws(UpkeepError) {
    switch place {
    case .nobody: break
    case .native: try writer.delete(row)
    case .holder(let holder):
      for key in 0..<keyCount { release(key, of: holder) }
      holders[holder].now = nil
      holders[holder].isGone = true
    }
  }

  /// Notes that an input row chose a row, whether it is applied to it or not.
  package func note(_ place: Place, primaryKey: UnsafeRawBufferPointer, chosenBy input: Int) {
    switch place {
    case .nobody: break
    case .native: note(native: primaryKey, chosenBy: input)
    case .holder(let holder): note(holder: holder, chosenBy: input)
    }
  }

  private static func hash(_ birth: UnsafeRawBufferPointer) -> UInt64 { ByteKeyTable.hash(birth) | 1 << 63 }

  private func note(native birth: UnsafeRawBufferPointer, chosenBy input: Int) {
    note(Self.hash(birth), input)
  }

  private func note(holder: Int, chosenBy input: Int) { note(name(of: holder), input) }

  /// What `chosen` has for a holder.
  private func name(of holder: Int) -> UInt64 {
    holders[holder].birth.map { $0.withUnsafeBytes { Self.hash($0) } } ?? UInt64(holder + 1)
  }

  private func note(_ name: UInt64, _ input: Int) {
    while chosen.count <= input { chosen.append(0) }
    chosen[input] = name
  }

  private func encodeKeys(of row: [Value]) throws(UpkeepError) {
    for key in 0..<keyCount { hasKey[key] = try encode(key, of: row, into: keyBuffers[key]) }
  }

  /// Whether neither the trees nor holders have any of the keys in the buffers.
  private func isNew() throws(UpkeepError) -> Bool {
    for key in 0..<keyCount where hasKey[key] {
      if !holders.isEmpty, !heldBy(key, keyBuffers[key].bytes).isEmpty { return false }
      if try get(tree(of: key), keyBuffers[key].bytes) != nil { return false }
    }
    return holders.isEmpty || births.find(keyBuffers[0].bytes) == nil
  }

  /// - Returns: false, and nothing done, if the row cannot stay a native.
  private func updateNative(
    _ primaryKey: UnsafeRawBufferPointer, from old: [Value], to new: [Value], by input: Int
  ) throws(UpkeepError) -> Bool {
    _ = try encode(0, of: new, into: keyBuffers[0])
    guard Bytes.equal(keyBuffers[0].bytes, primaryKey) else { return false }
    var claimed: [Int] = []
    for (position, index) in uniqueIndexes.enumerated() {
      guard index.columnsRead.contains(where: { !old[$0].hasSameBytes(as: new[$0]) }) else { continue }
      let key = position + 1
      hadKey[key] = try encode(key, of: old, into: oldKeyBuffers[key])
      hasKey[key] = try encode(key, of: new, into: keyBuffers[key])
      guard hasKey[key], !(hadKey[key] && Bytes.equal(oldKeyBuffers[key], keyBuffers[key])) else { continue }
      if !holders.isEmpty, !heldBy(key, keyBuffers[key].bytes).isEmpty { return false }
      if try get(index.tree, keyBuffers[key].bytes) != nil { return false }
      claimed.append(key)
    }
    try writer.update(from: old, to: new)
    for key in claimed {
      claimLog.append((claimHash(Self.hash(primaryKey), key, keyBuffers[key].bytes), input))
    }
    return true
  }

  private func claimHash(_ name: UInt64, _ key: Int, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(name)
    hasher.combine(key)
    hasher.combine(bytes: bytes)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// The keys of `new` are in the buffers.
  private func update(_ holder: Int, to new: [Value], by input: Int) throws(UpkeepError) {
    for key in 0..<keyCount {
      if hasKey[key] {
        let number = number(of: key, keyBuffers[key].bytes)
        if number == holders[holder].keys[key] { continue }
        release(key, of: holder)
        try claim(key, by: holder, input)
      } else {
        release(key, of: holder)
      }
    }
    holders[holder].now = new
    note(holder: holder, chosenBy: input)
    try noteID(of: new)
  }

  private func noteID(of row: [Value]) throws(UpkeepError) {
    try writer.noteID(of: row)
    if let ordinal = writer.idOrdinal, case .integer(let id) = row[ordinal] {
      greatestID = max(greatestID ?? id, id)
    }
  }

  private func release(_ key: Int, of holder: Int) {
    let number = holders[holder].keys[key]
    guard number != Self.none else { return }
    holdersOfKey[number].removeAll { $0 == holder }
    holders[holder].keys[key] = Self.none
    holders[holder].claims[key] = Self.none
  }

  /// Lets a holder claim the key in the buffer, beside whoever has it.
  private func claim(_ key: Int, by holder: Int, _ input: Int) throws(UpkeepError) {
    if heldBy(key, keyBuffers[key].bytes).isEmpty,
      try find(key, keyBuffers[key].bytes, primaryKey: found) == .native
    {
      _ = try adopt(found.bytes)
    }
    hold(key, keyBuffers[key].bytes, by: holder, claim: input)
  }

  private func hold(_ key: Int, _ bytes: UnsafeRawBufferPointer, by holder: Int, claim: Int) {
    let number = number(of: key, bytes)
    holdersOfKey[number].append(holder)
    holders[holder].keys[key] = number
    holders[holder].claims[key] = claim
  }

  private func addHolder(birth: [UInt8]?, stored: [Value]?, before: [Value]?, now: [Value]?) -> Int {
    holders.append(
      Holder(
        birth: birth, stored: stored, before: before, now: now,
        keys: Array(repeating: Self.none, count: keyCount),
        claims: Array(repeating: Self.none, count: keyCount)))
    if let birth {
      _ = birth.withUnsafeBytes { births.insert($0) }
      holderOfBirth.append(holders.count - 1)
    }
    return holders.count - 1
  }

  /// Makes a native a holder. Leaves `keyBuffers` alone.
  private func adopt(_ primaryKey: UnsafeRawBufferPointer) throws(UpkeepError) -> Int {
    let birth = Array(primaryKey)
    guard let now = try row(.native, primaryKey: primaryKey) else {
      throw .corrupt("an index of \(schema.name)", "it names a row that is not there")
    }
    let old = try rowBefore(birth)
    let holder = addHolder(birth: birth, stored: now, before: old, now: now)
    let bytes = ByteBuffer()
    let oldBytes = ByteBuffer()
    for key in 0..<keyCount {
      guard try encode(key, of: now, into: bytes) else { continue }
      var claim = Self.unknown
      if let old, try encode(key, of: old, into: oldBytes), Bytes.equal(bytes, oldBytes) {
        claim = UpsertSettling.sinceBefore
      }
      hold(key, bytes.bytes, by: holder, claim: claim)
    }
    return holder
  }

  /// Calls `body` with each row of the table as it was when the statement began.
  package func forEachRowBefore(_ body: (RowView) throws(UpkeepError) -> Void) throws(UpkeepError) {
    guard let before else { return }
    var isThere = try storing { () throws(StorageError) in try before.first() }
    while isThere {
      let value = try storing { () throws(StorageError) in try before.value() }
      try body(RowView(schema: schema, key: before.key, value: value))
      isThere = try storing { () throws(StorageError) in try before.next() }
    }
  }

  /// The state when the statement began of the row named by a primary key.
  private func rowBefore(_ birth: [UInt8]) throws(UpkeepError) -> [Value]? {
    guard let before else {
      return try KeyBounds.borrow(birth) { key throws(UpkeepError) in try row(.native, primaryKey: key) }
    }
    let schema = schema
    return try KeyBounds.borrow(birth) { key throws(UpkeepError) in
      guard try storing({ () throws(StorageError) in try before.seek(key) }), Bytes.equal(before.key, key)
      else {
        return nil
      }
      let value = try storing { () throws(StorageError) in try before.value() }
      return try RowView(schema: schema, key: key, value: value).values()
    }
  }
}

// MARK: - The end of the statement

extension KeyClaims {
  /// What settling found.
  package struct Verdict {
    /// A row of the table whose claim fails, and with it the input rows applied to it.
    package struct Failure {
      /// Which key, and its value as a person reads it.
      package let key: Int
      package let keyText: String
      /// The input row that made the claim.
      package let claim: Int
      /// The input rows that chose the row, applied or not.
      package let inputs: [Int]
      /// The row that keeps the key.
      package let winner: [Value]
    }

    package var failures: [Failure] = []
    /// Rows that give way, and the input rows that chose their claimants.
    package var displaced: [(row: [Value], claimants: [Int])] = []
  }

  /// Judges the keys that are held more than once. Rows whose claims fail are as they were before, or gone.
  package func settle() throws(UpkeepError) -> Verdict {
    var verdict = Verdict()
    guard holdersOfKey.contains(where: { $0.count > 1 }) else { return verdict }
    let keysBefore = try findKeysBefore()
    let inputs = inputsOfHolders()
    for (holder, rows) in inputs.enumerated() { findClaims(of: holder, rows) }
    var settling = UpsertSettling(
      holders.indices.map { index in
        let held = (0..<keyCount).filter { holders[index].keys[$0] != Self.none }
        return UpsertSettling.Row(
          keys: held.map { holders[index].keys[$0] }, claims: held.map { holders[index].claims[$0] },
          before: holders[index].isGone ? [] : keysBefore[index], isChosen: !inputs[index].isEmpty)
      }, displaces: displaces)
    settling.settle()
    for failure in settling.failures {
      let (key, text) = describe(failure.key)
      let winner = holders[failure.winner]
      verdict.failures.append(
        Verdict.Failure(
          key: key, keyText: text, claim: failure.claim, inputs: inputs[failure.row],
          winner: winner.before ?? winner.now ?? []))
    }
    for failure in settling.failures { holders[failure.row].now = holders[failure.row].before }
    for displacement in settling.displaced {
      verdict.displaced.append((holders[displacement.row].now ?? [], inputs[displacement.claimant]))
      holders[displacement.row].now = nil
      holders[displacement.row].isGone = true
    }
    return verdict
  }

  /// A row that is set aside has its old keys back. Whoever holds them by now must be known here too.
  private func findKeysBefore() throws(UpkeepError) -> [[Int]] {
    var result: [[Int]] = []
    let bytes = ByteBuffer()
    var index = 0
    while index < holders.count {
      var numbers: [Int] = []
      if let before = holders[index].before {
        for key in 0..<keyCount where try encode(key, of: before, into: bytes) {
          if heldBy(key, bytes.bytes).isEmpty, try find(key, bytes.bytes, primaryKey: found) == .native {
            _ = try adopt(found.bytes)
          }
          numbers.append(number(of: key, bytes.bytes))
        }
      }
      result.append(numbers)
      index += 1
    }
    return result
  }

  /// For each holder the input rows that chose it, in order.
  private func inputsOfHolders() -> [[Int]] {
    var holderOfName: [UInt64: Int] = [:]
    for index in holders.indices { holderOfName[name(of: index)] = index }
    var inputs: [[Int]] = Array(repeating: [], count: holders.count)
    for (input, name) in chosen.enumerated() where name != 0 {
      if let holder = holderOfName[name] { inputs[holder].append(input) }
    }
    return inputs
  }

  /// Who claimed what a holder took before it was one: the last update that the log has, else the insert.
  private func findClaims(of holder: Int, _ inputs: [Int]) {
    for key in 0..<keyCount where holders[holder].claims[key] == Self.unknown {
      let bytes = UnsafeRawBufferPointer(rebasing: keys.bytes(holders[holder].keys[key])[4...])
      let hash = claimHash(name(of: holder), key, bytes)
      holders[holder].claims[key] = claimLog.last { $0.claim == hash }?.row ?? inputs.first ?? 0
    }
  }

  /// Which key a number stands for, and its value as a person reads it.
  private func describe(_ number: Int) -> (key: Int, text: String) {
    let bytes = keys.bytes(number)
    let key = Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    let rest = UnsafeRawBufferPointer(rebasing: bytes[4...])
    if key == 0 { return (key, schema.keyDescription(of: rest)) }
    return (key, uniqueIndexes[key - 1].keyDescription(ofKey: Array(rest)))
  }

  /// Brings the trees of all holders up to date: what is no longer true goes, then what is new comes.
  package func write() throws(UpkeepError) {
    for holder in holders {
      guard let stored = holder.stored, try needsMove(holder) else { continue }
      try writer.delete(stored)
    }
    for holder in holders {
      guard let now = holder.now else { continue }
      if let stored = holder.stored, !(try needsMove(holder)) {
        try writer.update(from: stored, to: now)
      } else {
        try writer.insert(now)
      }
    }
    try writer.finish()
  }

  /// Whether a holder's unique keys differ from those in the trees, or it is gone.
  private func needsMove(_ holder: Holder) throws(UpkeepError) -> Bool {
    guard let stored = holder.stored, let now = holder.now else { return true }
    for key in 0..<keyCount {
      let had = try encode(key, of: stored, into: oldKeyBuffers[key])
      let has = try encode(key, of: now, into: keyBuffers[key])
      if had != has || has && !Bytes.equal(oldKeyBuffers[key], keyBuffers[key]) { return true }
    }
    return false
  }
}
