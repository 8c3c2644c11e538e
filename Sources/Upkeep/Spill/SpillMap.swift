internal import UpkeepStorage

/// What a `SpillMap` holds.
protocol Spillable: AnyObject {
  /// About how much memory it takes.
  var byteCount: Int { get }
  func append(to buffer: ByteBuffer)
  init(_ bytes: inout SpilledBytes) throws(UpkeepError)
}

/// Objects by number: in memory while they are few, else in a tree of the transaction's own. One that is longer than any
/// value of a tree stays in memory.
final class SpillMap<Element: Spillable> {
  private let transaction: WriteTransaction
  private unowned let budget: SpillBudget
  /// What is here is newer than what the tree has.
  @exclusivity(unchecked) private var memory: [Int: Element] = [:]
  private var tree: TreeID?
  private let key = ByteBuffer(capacity: 8)
  /// Bytes of an object that goes to the tree.
  private let longest: Int

  init(_ transaction: WriteTransaction, _ budget: SpillBudget, longest: Int = RowCodec.longestValue) {
    self.longest = longest
    self.transaction = transaction
    self.budget = budget
    budget.add(self) { [weak self] () throws(UpkeepError) in try self?.spill() }
  }

  func set(_ number: Int, _ element: Element) {
    memory[number] = element
    budget.take(64 + element.byteCount)
  }

  /// An object, to be looked at only.
  func look(_ number: Int) throws(UpkeepError) -> Element? {
    if let element = memory[number] { return element }
    return tree == nil ? nil : try read(number)
  }

  /// An object; changes of it last.
  func find(_ number: Int) throws(UpkeepError) -> Element? {
    if let element = memory[number] { return element }
    guard tree != nil, let element = try read(number) else { return nil }
    set(number, element)
    return element
  }

  private func read(_ number: Int) throws(UpkeepError) -> Element? {
    guard let tree else { return nil }
    setKey(number)
    let transaction = transaction
    let key = key
    guard let bytes = try storing({ () throws(StorageError) in try transaction.get(tree, key.bytes) }) else {
      return nil
    }
    var reader = SpilledBytes(bytes)
    return try Element(&reader)
  }

  private func setKey(_ number: Int) {
    key.removeAll()
    key.append(bigEndian: UInt64(truncatingIfNeeded: number))
  }

  /// Calls `body` with all, by number, to be looked at only.
  func forEach(_ body: (Int, Element) throws(UpkeepError) -> Void) throws(UpkeepError) {
    guard tree != nil else {
      for number in memory.keys.sorted() {
        if let element = try look(number) { try body(number, element) }
      }
      return
    }
    try spill()
    guard let tree else { return }
    let transaction = transaction
    let cursor = try storing { () throws(StorageError) in try transaction.cursor(tree) }
    var long = memory.keys.sorted()[...]
    func tellLong(below number: Int) throws(UpkeepError) {
      while let next = long.first, next < number {
        long.removeFirst()
        if let element = try look(next) { try body(next, element) }
      }
    }
    while try storing({ () throws(StorageError) in try cursor.next() }) {
      let number = Int(UInt64(bigEndian: cursor.key.loadUnaligned(as: UInt64.self)))
      try tellLong(below: number)
      var reader = SpilledBytes(try storing { () throws(StorageError) in try cursor.value() })
      try body(number, try Element(&reader))
    }
    try tellLong(below: .max)
  }

  func spill() throws(UpkeepError) {
    guard !memory.isEmpty else { return }
    let transaction = transaction
    let value = ByteBuffer(capacity: 1024)
    var long: [Int: Element] = [:]
    do throws(StorageError) {
      let tree: TreeID
      if let known = self.tree { tree = known } else { tree = try transaction.createScratchTree() }
      self.tree = tree
      let writer = try transaction.writer(of: tree)
      for number in memory.keys.sorted() {
        guard let element = memory[number] else { continue }
        setKey(number)
        value.removeAll()
        element.append(to: value)
        if value.count > longest {
          long[number] = element
          try writer.delete(key.bytes)
        } else {
          try writer.put(key.bytes, value.bytes)
        }
      }
    } catch {
      throw UpkeepError(error)
    }
    memory = long
  }

  /// It is not used any more.
  func end() {
    memory.removeAll()
    budget.remove(self)
    if let tree { try? transaction.dropTree(tree) }
    tree = nil
  }
}
