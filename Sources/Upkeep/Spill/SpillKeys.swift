internal import UpkeepStorage

/// Byte strings, each with a number: in memory while they are few, else in a tree of the transaction's own. Those that
/// came since stay in memory until they are many, and go to the tree in its order. Those that are longer than any key of a
/// tree stay in memory, and come last.
final class SpillKeys {
  private let transaction: WriteTransaction
  private unowned let budget: SpillBudget
  /// What is here is newer than what the tree has.
  @exclusivity(unchecked) private var table = ByteKeyTable()
  @exclusivity(unchecked) private var values: [Int] = []
  private var tree: TreeID?
  private let made = ByteBuffer(capacity: 16)

  /// Bytes of a key that goes to the tree.
  private let longest: Int

  init(_ transaction: WriteTransaction, _ budget: SpillBudget) {
    longest = transaction.longestKey
    self.transaction = transaction
    self.budget = budget
    budget.add(self) { [weak self] () throws(UpkeepError) in try self?.spill() }
  }

  var isEmpty: Bool { table.isEmpty && tree == nil }

  /// A key made of numbers, in their order; valid until the next one.
  func key(_ first: Int, _ second: Int? = nil) -> UnsafeRawBufferPointer {
    made.removeAll()
    made.append(bigEndian: UInt64(bitPattern: Int64(first)) ^ 1 << 63)
    if let second { made.append(bigEndian: UInt64(bitPattern: Int64(second)) ^ 1 << 63) }
    return made.bytes
  }

  /// The number that `key` put at a place of the bytes.
  static func number(_ key: UnsafeRawBufferPointer, at place: Int = 0) -> Int {
    let word = UInt64(bigEndian: key.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
    return Int(Int64(bitPattern: word ^ 1 << 63))
  }

  func find(_ key: UnsafeRawBufferPointer) throws(UpkeepError) -> Int? {
    if let entry = table.find(key) { return values[entry] }
    guard let tree else { return nil }
    let transaction = transaction
    let value = try storing { () throws(StorageError) in try transaction.get(tree, key) }
    return value.map { Int(Int64(littleEndian: $0.loadUnaligned(as: Int64.self))) }
  }

  func set(_ key: UnsafeRawBufferPointer, _ value: Int) {
    let entry = table.insert(key)
    if entry < values.count {
      values[entry] = value
    } else {
      values.append(value)
      budget.take(64 + key.count)
    }
  }

  /// Calls `body` with all, in the order of the keys.
  func forEach(_ body: (UnsafeRawBufferPointer, Int) throws(UpkeepError) -> Void) throws(UpkeepError) {
    guard tree != nil else {
      // The table may be put out of memory meanwhile; what is walked stays.
      let table = table
      let values = values
      for key in table.sortedKeys() { try body(table.bytes(Int(key.number)), values[Int(key.number)]) }
      return
    }
    try spill()
    guard let tree else { return }
    let transaction = transaction
    let cursor = try storing { () throws(StorageError) in try transaction.cursor(tree) }
    while try storing({ () throws(StorageError) in try cursor.next() }) {
      let value = try storing { () throws(StorageError) in try cursor.value() }
      try body(cursor.key, Int(Int64(littleEndian: value.loadUnaligned(as: Int64.self))))
    }
    let (long, numbers) = (table, values)
    for key in long.sortedKeys() { try body(long.bytes(Int(key.number)), numbers[Int(key.number)]) }
  }

  func spill() throws(UpkeepError) {
    guard !table.isEmpty else { return }
    let transaction = transaction
    let longest = longest
    let long = ByteKeyTable()
    var longValues: [Int] = []
    do throws(StorageError) {
      let tree: TreeID
      if let known = self.tree { tree = known } else { tree = try transaction.createScratchTree() }
      self.tree = tree
      let writer = try transaction.writer(of: tree)
      for key in table.sortedKeys() {
        let number = Int(key.number)
        if table.bytes(number).count > longest {
          _ = long.insert(table.bytes(number))
          longValues.append(values[number])
          continue
        }
        var value = Int64(values[number]).littleEndian
        try withUnsafeBytes(of: &value) { bytes throws(StorageError) in
          try writer.put(table.bytes(number), bytes)
        }
      }
    } catch {
      throw UpkeepError(error)
    }
    table = long
    values = longValues
  }

  /// It is not used any more.
  func end() {
    table = ByteKeyTable()
    values.removeAll()
    budget.remove(self)
    if let tree { try? transaction.dropTree(tree) }
    tree = nil
  }
}
