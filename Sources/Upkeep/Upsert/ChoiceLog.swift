internal import UpkeepStorage

/// For each input row of a statement the row that it chose: a word that tells rows apart, or 0. It is looked at only
/// where keys turn out to be contested, so that all but the latest go to a tree of the transaction's own.
final class ChoiceLog {
  /// Words that go to the tree as one value, which fills four pages of the usual size.
  private static let blockCount = 4000
  /// Words that are kept in memory at least, so that few statements write any.
  private let keptCount: Int

  private let transaction: WriteTransaction
  @exclusivity(unchecked) private var recent: [UInt64] = []
  /// The first row whose word is in `recent`.
  @exclusivity(unchecked) private var first = 0
  /// Words noted of rows before that.
  private var late: [Int: UInt64] = [:]
  private var tree: TreeID?

  init(_ transaction: WriteTransaction, keptCount: Int = 1 << 18) {
    self.transaction = transaction
    self.keptCount = keptCount
  }

  @inline(__always)
  func note(_ name: UInt64, _ row: Int) {
    let place = row &- first
    if place >= 0, place < recent.count { recent[place] = name } else { noteElsewhere(name, row) }
  }

  @inline(never)
  private func noteElsewhere(_ name: UInt64, _ row: Int) {
    if row < first {
      late[row] = name
      return
    }
    while recent.count <= row - first { recent.append(0) }
    recent[row - first] = name
  }

  /// Nothing is noted of rows before this one any more, or seldom.
  func settle(before row: Int) throws(StorageError) {
    guard row - first >= keptCount else { return }
    let settled = min(row - first, recent.count) / Self.blockCount * Self.blockCount
    guard settled > 0 else { return }
    let tree: TreeID
    if let known = self.tree { tree = known } else { tree = try transaction.createScratchTree() }
    self.tree = tree
    let key = ByteBuffer(capacity: 8)
    let words = ByteBuffer(capacity: 8 * Self.blockCount)
    for start in stride(from: 0, to: settled, by: Self.blockCount) {
      key.removeAll()
      key.append(bigEndian: UInt64(first + start))
      words.removeAll()
      recent[start..<(start + Self.blockCount)].withUnsafeBytes { words.append($0) }
      try transaction.put(tree, key.bytes, words.bytes)
    }
    recent.removeFirst(settled)
    first += settled
  }

  /// Calls back with each row of which something was noted, in order.
  func forEach(_ body: (_ row: Int, _ name: UInt64) throws(UpkeepError) -> Void) throws(UpkeepError) {
    let late = late.sorted { $0.key < $1.key }
    var nextLate = 0
    /// Those noted late before a row, or of it.
    func tellLate(upTo row: Int) throws(UpkeepError) -> Bool {
      while nextLate < late.count, late[nextLate].key <= row {
        if late[nextLate].value != 0 { try body(late[nextLate].key, late[nextLate].value) }
        nextLate += 1
        if late[nextLate - 1].key == row { return true }
      }
      return false
    }
    if let tree {
      let transaction = transaction
      let cursor = try storing { () throws(StorageError) in try transaction.cursor(tree) }
      var row = 0
      while try storing({ () throws(StorageError) in try cursor.next() }) {
        let bytes = try storing { () throws(StorageError) in try cursor.value() }
        for place in stride(from: 0, to: bytes.count, by: 8) {
          let name = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
          if try !tellLate(upTo: row), name != 0 { try body(row, name) }
          row += 1
        }
      }
    }
    _ = try tellLate(upTo: first - 1)
    for (place, name) in recent.enumerated() where name != 0 { try body(first + place, name) }
  }

  /// The statement is over.
  func end() throws(StorageError) {
    recent.removeAll()
    if let tree { try transaction.dropTree(tree) }
    tree = nil
  }

  /// Words in memory, for tests.
  var countInMemory: Int { recent.count + late.count }
}
