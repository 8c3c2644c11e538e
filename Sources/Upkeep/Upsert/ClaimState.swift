internal import UpkeepStorage

/// A row that the trees cannot say the truth about (`KeyClaims`).
final class Holder: Spillable {
  /// A claim that fails: which key, which input row made it, which holder keeps the key.
  struct Failure {
    var key: Int
    var claim: Int
    var winner: Int
  }

  /// The primary key that names it; nil for a row that was made where that name was taken.
  let birth: [UInt8]?
  /// What the trees have of it.
  let stored: [Value]?
  /// Its state when the statement began.
  let before: [Value]?
  var now: [Value]?
  /// The number of each of its keys; `none` where it holds none.
  var keys: [Int]
  /// For each key the input row that claimed it, or `sinceBefore`, or `unknown`.
  var claims: [Int]
  /// Deleted: it does not come back.
  var isGone = false

  /// What the statement leaves of it.
  var left: [Value]? { isGone ? nil : failure == nil ? now : before }

  /// Nothing happened to it: it is stored as it was when the statement began, and holds the keys that it held then.
  var isUntouched = false

  // What settling finds out.
  /// The numbers of the keys that it held when the statement began; empty for one that was not there or is untouched.
  var keysBefore: [Int] = []
  /// Set aside: it is as it was when the statement began.
  var failure: Failure?
  /// The lowest input row with a claim of it that is contested.
  var lowestClaim: Int?
  /// Holders that gave way to it.
  var displaced: [Int] = []

  static let none = -1
  /// The claim of a key that was held since before.
  static let sinceBefore = -1
  /// Claimed by this statement before the row became a holder: the logs tell by which row.
  static let unknown = -2

  init(birth: [UInt8]?, stored: [Value]?, before: [Value]?, now: [Value]?, keyCount: Int) {
    self.birth = birth
    self.stored = stored
    self.before = before
    self.now = now
    keys = Array(repeating: Self.none, count: keyCount)
    claims = keys
  }

  /// A row of the table as it is and was.
  convenience init(untouched row: [Value], birth: [UInt8], keyCount: Int) {
    self.init(birth: birth, stored: row, before: row, now: row, keyCount: keyCount)
    isUntouched = true
  }

  var byteCount: Int {
    let rows = (isUntouched ? [now] : [stored, before, now]).reduce(0) { $0 + ($1?.rowByteCount ?? 0) }
    return 300 + rows + 16 * keys.count + (birth?.count ?? 0)
  }

  func append(to buffer: ByteBuffer) {
    buffer.append(birth == nil ? 0 : 1)
    birth?.withUnsafeBytes { buffer.spill($0) }
    buffer.append(isUntouched ? 1 : 0)
    buffer.spill(optional: now)
    if !isUntouched {
      buffer.spill(optional: stored)
      buffer.spill(optional: before)
    }
    buffer.spill(keys)
    buffer.spill(claims)
    buffer.append(isGone ? 1 : 0)
    buffer.spill(keysBefore)
    buffer.spill(lowestClaim.map { [$0] } ?? [])
    buffer.spill(failure.map { [$0.key, $0.claim, $0.winner] } ?? [])
    buffer.spill(displaced)
  }

  init(_ bytes: inout SpilledBytes) throws(UpkeepError) {
    birth = try bytes.byte() == 0 ? nil : Array(try bytes.raw())
    isUntouched = try bytes.byte() != 0
    now = try bytes.optionalRow()
    stored = isUntouched ? now : try bytes.optionalRow()
    before = isUntouched ? now : try bytes.optionalRow()
    keys = try bytes.ints()
    claims = try bytes.ints()
    isGone = try bytes.byte() != 0
    keysBefore = try bytes.ints()
    lowestClaim = try bytes.ints().first
    let failure = try bytes.ints()
    if failure.count == 3 { self.failure = Failure(key: failure[0], claim: failure[1], winner: failure[2]) }
    displaced = try bytes.ints()
  }
}

/// A key that holders hold or held.
final class HeldKey: Spillable {
  /// Which key of the table.
  let key: Int
  let bytes: [UInt8]
  /// Who holds it, the newest last.
  var holders: [Int] = []
  /// The holder that had it when the statement began, if it is one; of one that was touched since known once settling has
  /// begun.
  var before: Int?
  /// The new claimant that keeps it.
  var keeper: Int?

  init(_ key: Int, _ bytes: UnsafeRawBufferPointer) {
    self.key = key
    self.bytes = Array(bytes)
  }

  var byteCount: Int { 180 + bytes.count }

  func append(to buffer: ByteBuffer) {
    buffer.spill(key)
    bytes.withUnsafeBytes { buffer.spill($0) }
    buffer.spill(holders)
    buffer.spill(before.map { $0 + 1 } ?? 0)
    buffer.spill(keeper.map { $0 + 1 } ?? 0)
  }

  init(_ source: inout SpilledBytes) throws(UpkeepError) {
    key = try source.int()
    bytes = Array(try source.raw())
    holders = try source.ints()
    let before = try source.int()
    self.before = before == 0 ? nil : before - 1
    let keeper = try source.int()
    self.keeper = keeper == 0 ? nil : keeper - 1
  }
}

/// The holders of a statement and their keys: made with the first of them, since most statements have none.
///
/// 1. A holder's keys are told by numbers, 0, 1, 2, … in the order in which they came.
/// 2. `holders` of a key and `keys` of a holder say the same.
final class ClaimState {
  private let holders: SpillMap<Holder>
  private let keys: SpillMap<HeldKey>
  /// For each key of the table the numbers of its keys.
  private let numbers: [SpillKeys]
  /// Holders by the primary key that names them.
  private let births: SpillKeys
  /// Holders that are not untouched and were there when the statement began.
  private let touched: SpillKeys
  private(set) var count = 0
  private(set) var keyCount = 0
  /// Keys that have more than one holder.
  private(set) var contestedCount = 0
  /// Whether a holder has a claim of which the logs must tell who made it.
  var hasUnknownClaims = false

  init(_ transaction: WriteTransaction, _ budget: SpillBudget, keyCount: Int) {
    holders = SpillMap(transaction, budget)
    keys = SpillMap(transaction, budget)
    numbers = (0..<keyCount).map { _ in SpillKeys(transaction, budget) }
    births = SpillKeys(transaction, budget)
    touched = SpillKeys(transaction, budget)
  }

  func add(_ holder: Holder) -> Int {
    holders.set(count, holder)
    if let birth = holder.birth { birth.withUnsafeBytes { births.set($0, count) } }
    if holder.before != nil, !holder.isUntouched { touched.set(touched.key(count), 0) }
    count += 1
    return count - 1
  }

  /// Something happens to a holder.
  func touch(_ holder: Holder, _ number: Int) {
    guard holder.isUntouched else { return }
    holder.isUntouched = false
    touched.set(touched.key(number), 0)
  }

  /// Whether a holder was there when the statement began, and something happened to it since.
  func isTouched(_ number: Int) throws(UpkeepError) -> Bool { try touched.find(touched.key(number)) != nil }

  /// Calls `body` with each primary key that names a holder, and the holder.
  func forEachBirth(
    _ body: (UnsafeRawBufferPointer, Int) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    try births.forEach(body)
  }

  /// A holder, of which changes last.
  func holder(_ number: Int) throws(UpkeepError) -> Holder { try found(try holders.find(number)) }

  /// A holder, to be looked at only.
  func look(_ number: Int) throws(UpkeepError) -> Holder { try found(try holders.look(number)) }

  /// A key, of which changes last.
  func key(_ number: Int) throws(UpkeepError) -> HeldKey { try found(try keys.find(number)) }

  /// A key, to be looked at only.
  func look(key number: Int) throws(UpkeepError) -> HeldKey { try found(try keys.look(number)) }

  private func found<T>(_ object: T?) throws(UpkeepError) -> T {
    guard let object else { throw .corrupt("what a statement put aside", "a part is missing") }
    return object
  }

  func forEach(_ body: (Int, Holder) throws(UpkeepError) -> Void) throws(UpkeepError) {
    try holders.forEach(body)
  }

  func forEachKey(_ body: (Int, HeldKey) throws(UpkeepError) -> Void) throws(UpkeepError) {
    try keys.forEach(body)
  }

  func holder(bornAs primaryKey: UnsafeRawBufferPointer) throws(UpkeepError) -> Int? {
    try births.find(primaryKey)
  }

  /// Who holds a key, the newest last.
  func holders(of key: Int, _ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> [Int] {
    guard let number = try numbers[key].find(bytes) else { return [] }
    return try look(key: number).holders
  }

  func number(of key: Int, _ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> Int {
    if let known = try numbers[key].find(bytes) { return known }
    let number = keyCount
    numbers[key].set(bytes, number)
    keys.set(number, HeldKey(key, bytes))
    keyCount += 1
    return number
  }

  /// Lets a holder hold a key, beside whoever has it.
  func give(_ number: Int, to holder: Int) throws(UpkeepError) {
    let key = try key(number)
    key.holders.append(holder)
    if key.holders.count == 2 { contestedCount += 1 }
  }

  func take(_ number: Int, from holder: Int) throws(UpkeepError) {
    let key = try key(number)
    let count = key.holders.count
    key.holders.removeAll { $0 == holder }
    if count > 1, key.holders.count <= 1 { contestedCount -= 1 }
  }

  func end() {
    holders.end()
    keys.end()
    births.end()
    touched.end()
    for numbers in numbers { numbers.end() }
  }
}
