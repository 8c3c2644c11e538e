internal import UpkeepStorage

/// Changing rows: natives in the trees, holders here.
extension KeyClaims {
  /// Makes a new row.
  package func insert(_ row: [Value], by input: Int) throws(UpkeepError) {
    try writer.requireShortKeys(of: row)
    if isEager { return try writer.insert(row) }
    try encodeKeys(of: row)
    if try isNew() {
      try writer.insert(row)
      note(native: keyBuffers[0].bytes, chosenBy: input)
      return
    }
    let isNamed = try state?.holder(bornAs: keyBuffers[0].bytes) == nil
    let isFree = try isNamed ? get(schema.tree, keyBuffers[0].bytes) == nil : false
    let birth = isFree ? Array(keyBuffers[0].bytes) : nil
    let holder = addHolder(birth: birth, stored: nil, before: nil, now: row)
    for key in 0..<keyCount where hasKey[key] { try claim(key, by: holder, input) }
    try note(holder: holder, chosenBy: input)
    try noteID(of: row)
  }

  /// Changes a row of the table.
  ///
  /// - Parameter primaryKey: of a native.
  package func update(
    _ place: Place, primaryKey: UnsafeRawBufferPointer, from old: [Value], to new: [Value], by input: Int
  ) throws(UpkeepError) {
    try writer.requireShortKeys(of: new)
    switch place {
    case .nobody: return
    case .holder(let holder):
      try encodeKeys(of: new)
      try update(holder, to: new, by: input)
    case .native where isEager: try writer.update(from: old, to: new)
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
  @inline(__always)
  func isConcerned(_ primaryKey: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool {
    guard let state else { return false }
    if try state.holder(bornAs: primaryKey) != nil { return true }
    return try !state.holders(of: 0, primaryKey).isEmpty
  }

  /// Removes a row for good.
  package func delete(_ place: Place, _ row: [Value]) throws(UpkeepError) {
    switch place {
    case .nobody: break
    case .native: try writer.delete(row)
    case .holder(let number):
      guard let state else { return }
      let holder = try state.holder(number)
      state.touch(holder, number)
      for key in 0..<keyCount { try release(key, of: holder, number) }
      holder.now = nil
      holder.isGone = true
    }
  }

  /// Notes that an input row chose a row, whether it is applied to it or not.
  package func note(
    _ place: Place, primaryKey: UnsafeRawBufferPointer, chosenBy input: Int
  ) throws(UpkeepError) {
    switch place {
    case .nobody: break
    case .native: note(native: primaryKey, chosenBy: input)
    case .holder(let holder): try note(holder: holder, chosenBy: input)
    }
  }

  static func hash(_ birth: UnsafeRawBufferPointer) -> UInt64 {
    guard birth.count == 8 else { return ByteKeyTable.hash(birth) | 1 << 63 }
    // No two keys of eight bytes share all bits of this, and nobody outside can tell which share all but the top.
    var word = birth.loadUnaligned(as: UInt64.self) ^ secret
    word = (word ^ (word >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    word = (word ^ (word >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return (word ^ (word >> 33)) | 1 << 63
  }

  private static let secret = UInt64.random(in: 0 ... .max)

  private func note(native birth: UnsafeRawBufferPointer, chosenBy input: Int) {
    note(Self.hash(birth), input)
  }

  private func note(holder number: Int, chosenBy input: Int) throws(UpkeepError) {
    guard let holder = try state?.look(number) else { return }
    note(name(of: holder, number), input)
  }

  /// What `choices` has for a holder.
  func name(of holder: Holder, _ number: Int) -> UInt64 {
    holder.birth.map { $0.withUnsafeBytes { Self.hash($0) } } ?? UInt64(number + 1)
  }

  @inline(__always)
  private func note(_ name: UInt64, _ input: Int) { choices.note(name, input) }

  /// What input rows before this one chose is settled, and need not be kept in memory.
  func settleChoices(before input: Int) throws(UpkeepError) {
    let choices = choices
    try storing { () throws(StorageError) in try choices.settle(before: input) }
  }

  func encodeKeys(of row: [Value]) throws(UpkeepError) {
    for key in 0..<keyCount { hasKey[key] = try encode(key, of: row, into: keyBuffers[key]) }
  }

  /// Whether neither the trees nor holders have any of the keys in the buffers.
  private func isNew() throws(UpkeepError) -> Bool {
    for key in 0..<keyCount where hasKey[key] {
      if try isHeldHere(key, keyBuffers[key].bytes) { return false }
      if try get(tree(of: key), keyBuffers[key].bytes) != nil { return false }
    }
    return try state?.holder(bornAs: keyBuffers[0].bytes) == nil
  }

  /// - Returns: false, and nothing done, if the row cannot stay a native.
  private func updateNative(
    _ primaryKey: UnsafeRawBufferPointer, from old: [Value], to new: [Value], by input: Int
  ) throws(UpkeepError) -> Bool {
    _ = try encode(0, of: new, into: keyBuffers[0])
    guard Bytes.equal(keyBuffers[0].bytes, primaryKey) else { return false }
    var claimed: [Int] = []
    var givesUp = false
    for (position, index) in uniqueIndexes.enumerated() {
      guard index.columnsRead.contains(where: { !old[$0].hasSameBytes(as: new[$0]) }) else { continue }
      let key = position + 1
      hadKey[key] = try encode(key, of: old, into: oldKeyBuffers[key])
      hasKey[key] = try encode(key, of: new, into: keyBuffers[key])
      let isSame = hadKey[key] && hasKey[key] && Bytes.equal(oldKeyBuffers[key], keyBuffers[key])
      if hadKey[key], !isSame { givesUp = true }
      guard hasKey[key], !isSame else { continue }
      if try isHeldHere(key, keyBuffers[key].bytes) { return false }
      if try get(index.tree, keyBuffers[key].bytes) != nil { return false }
      claimed.append(key)
    }
    try writer.update(from: old, to: new)
    if givesUp { hasGivenUpKeys = true }
    for key in claimed {
      claimLog.append(claimHash(Self.hash(primaryKey), key, keyBuffers[key].bytes), input)
    }
    return true
  }

  func claimHash(_ name: UInt64, _ key: Int, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(name)
    hasher.combine(key)
    hasher.combine(bytes: bytes)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// The keys of `new` are in the buffers.
  private func update(_ number: Int, to new: [Value], by input: Int) throws(UpkeepError) {
    let state = begun()
    let holder = try state.holder(number)
    state.touch(holder, number)
    for key in 0..<keyCount {
      if hasKey[key] {
        if try state.number(of: key, keyBuffers[key].bytes) == holder.keys[key] { continue }
        try release(key, of: holder, number)
        try claim(key, by: number, input)
      } else {
        try release(key, of: holder, number)
      }
    }
    holder.now = new
    budget.take(new.rowByteCount)
    note(name(of: holder, number), input)
    try noteID(of: new)
  }

  private func noteID(of row: [Value]) throws(UpkeepError) {
    try writer.noteID(of: row)
    if let ordinal = writer.idOrdinal, case .integer(let id) = row[ordinal] {
      greatestID = max(greatestID ?? id, id)
    }
  }

  /// Lets ids go on above those that are in use now, whatever becomes of their rows.
  func noteGreatestID() throws(UpkeepError) {
    guard writer.idOrdinal != nil, greatestID == nil else { return }
    do throws(UpkeepError) {
      greatestID = try writer.nextAutomaticID() - 1
    } catch {
      guard error.code == .overflow else { throw error }
      greatestID = .max
    }
  }

  /// The id that a row without one gets.
  func nextID() throws(UpkeepError) -> Int64 {
    let next = try writer.nextAutomaticID()
    guard let greatest = greatestID, greatest >= next else { return next }
    if greatest == .max {
      throw UpkeepError(.overflow, "table \(schema.name) has no automatic ids left; give ids in the rows")
    }
    return greatest + 1
  }

  private func release(_ key: Int, of holder: Holder, _ number: Int) throws(UpkeepError) {
    let held = holder.keys[key]
    guard held != Holder.none, let state else { return }
    try state.take(held, from: number)
    holder.keys[key] = Holder.none
    holder.claims[key] = Holder.none
  }

  /// Lets a holder claim the key in the buffer, beside whoever has it.
  private func claim(_ key: Int, by holder: Int, _ input: Int) throws(UpkeepError) {
    if try !isHeldHere(key, keyBuffers[key].bytes),
      try find(key, keyBuffers[key].bytes, primaryKey: found) == .native
    {
      _ = try adopt(found.bytes)
    }
    try hold(key, keyBuffers[key].bytes, by: holder, claim: input)
  }

  private func hold(
    _ key: Int, _ bytes: UnsafeRawBufferPointer, by number: Int, claim: Int
  ) throws(UpkeepError) {
    let state = begun()
    let held = try state.number(of: key, bytes)
    try state.give(held, to: number)
    let holder = try state.holder(number)
    holder.keys[key] = held
    holder.claims[key] = claim
  }

  private func addHolder(birth: [UInt8]?, stored: [Value]?, before: [Value]?, now: [Value]?) -> Int {
    begun().add(Holder(birth: birth, stored: stored, before: before, now: now, keyCount: keyCount))
  }

  /// Makes a native a holder. Leaves `keyBuffers` alone.
  func adopt(_ primaryKey: UnsafeRawBufferPointer) throws(UpkeepError) -> Int {
    let birth = Array(primaryKey)
    guard let now = try row(.native, primaryKey: primaryKey) else {
      throw .corrupt("an index of \(schema.name)", "it names a row that is not there")
    }
    let old = try rowBefore(birth)
    let bytes = ByteBuffer()
    if let old, zip(old, now).allSatisfy({ $0.hasSameBytes(as: $1) }) {
      let state = begun()
      let holder = state.add(Holder(untouched: now, birth: birth, keyCount: keyCount))
      for key in 0..<keyCount where try encode(key, of: now, into: bytes) {
        try hold(key, bytes.bytes, by: holder, claim: Holder.sinceBefore)
        try state.key(try state.number(of: key, bytes.bytes)).before = holder
      }
      return holder
    }
    let holder = addHolder(birth: birth, stored: now, before: old, now: now)
    let oldBytes = ByteBuffer()
    for key in 0..<keyCount {
      guard try encode(key, of: now, into: bytes) else { continue }
      var claim = Holder.unknown
      if let old, try encode(key, of: old, into: oldBytes), Bytes.equal(bytes, oldBytes) {
        claim = Holder.sinceBefore
      }
      if claim == Holder.unknown { begun().hasUnknownClaims = true }
      try hold(key, bytes.bytes, by: holder, claim: claim)
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
