// A stand-in with the engine's interface: sorted arrays in memory, nothing durable.
// It lets the layers above be built before the engine is; it goes when the engine arrives.

struct NaiveTree {
  var keys: [[UInt8]] = []
  var values: [[UInt8]] = []

  /// The position of the first key not below `key`, and whether it equals it.
  func position(_ key: UnsafeRawBufferPointer) -> (Int, Bool) {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle].withUnsafeBytes({ compareBytes($0, key) }) < 0 { low = middle + 1 } else { high = middle }
    }
    let equal = low < keys.count && keys[low].withUnsafeBytes { compareBytes($0, key) } == 0
    return (low, equal)
  }
}

func compareBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
  let n = min(a.count, b.count)
  for i in 0..<n where a[i] != b[i] { return Int(a[i]) - Int(b[i]) }
  return a.count - b.count
}

struct NaiveState {
  var trees: [TreeID: NaiveTree] = [.catalog: NaiveTree()]
  var nextTree = TreeID.firstOfUsers.rawValue
  var writes = 0
}

package final class Storage: @unchecked Sendable {
  var state = NaiveState()
  var isWriting = false
  var isClosed = false

  package static func open(
    _ path: String, fileSystem: any FileSystem, options: StorageOptions
  ) throws(StorageError) -> Storage { Storage() }

  package static func inMemory(options: StorageOptions) throws(StorageError) -> Storage { Storage() }

  package func beginRead() throws(StorageError) -> ReadTransaction {
    if isClosed { throw .closed }
    return ReadTransaction(self)
  }

  package func beginWrite() throws(StorageError) -> WriteTransaction {
    if isClosed { throw .closed }
    if isWriting { throw .nestedWrite }
    isWriting = true
    return WriteTransaction(self)
  }

  package func checkpoint() throws(StorageError) {}
  package func verify() throws(StorageError) -> [String] { [] }
  package func statistics() throws(StorageError) -> StorageStatistics { StorageStatistics() }
  package func close() throws(StorageError) { isClosed = true }
}

package class ReadTransaction {
  let storage: Storage
  var state: NaiveState
  var scratch: [UInt8] = []
  var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)

  init(_ storage: Storage) {
    self.storage = storage
    state = storage.state
  }

  deinit { buffer.deallocate() }

  final func lent(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
    if buffer.count < bytes.count {
      buffer.deallocate()
      buffer = .allocate(byteCount: bytes.count * 2, alignment: 8)
    }
    buffer.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])
  }

  final func tree(_ id: TreeID) throws(StorageError) -> NaiveTree {
    guard let tree = state.trees[id] else { throw .noSuchTree(id) }
    return tree
  }

  package final func exists(_ id: TreeID) -> Bool { state.trees[id] != nil }

  package final func get(
    _ id: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> UnsafeRawBufferPointer? {
    let tree = try tree(id)
    let (at, found) = tree.position(key)
    return found ? lent(tree.values[at]) : nil
  }

  package final func count(_ id: TreeID) throws(StorageError) -> UInt64 { UInt64(try tree(id).keys.count) }

  package final func count(
    _ id: TreeID, from lower: UnsafeRawBufferPointer?, to upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    let tree = try tree(id)
    let start = lower.map { tree.position($0).0 } ?? 0
    let end = upper.map { tree.position($0).0 } ?? tree.keys.count
    return UInt64(max(0, end - start))
  }

  package final func cursor(_ id: TreeID) throws(StorageError) -> TreeCursor { TreeCursor(try tree(id)) }
  package final func end() {}
}

package final class TreeCursor {
  let tree: NaiveTree
  var at = -1
  var buffers: [UnsafeMutableRawBufferPointer] = []

  init(_ tree: NaiveTree) { self.tree = tree }
  deinit { for buffer in buffers { buffer.deallocate() } }

  func move(_ position: Int) -> Bool {
    at = position
    return at >= 0 && at < tree.keys.count
  }

  package func seek(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool { move(tree.position(key).0) }
  package func seekBefore(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    move(tree.position(key).0 - 1)
  }
  package func seek(ordinal: UInt64) throws(StorageError) -> Bool { move(Int(clamping: ordinal)) }
  package func first() throws(StorageError) -> Bool { move(0) }
  package func last() throws(StorageError) -> Bool { move(tree.keys.count - 1) }
  package func next() throws(StorageError) -> Bool { move(at + 1) }
  package func previous() throws(StorageError) -> Bool { move(at - 1) }

  func lent(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
    buffer.copyBytes(from: bytes)
    buffers.append(buffer)
    if buffers.count > 8 { buffers.removeFirst().deallocate() }
    return UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])
  }

  package var key: UnsafeRawBufferPointer { lent(tree.keys[at]) }
  package func value() throws(StorageError) -> UnsafeRawBufferPointer { lent(tree.values[at]) }
}

package final class WriteTransaction: ReadTransaction {
  var isOpen = true
  var scratchTrees: [TreeID] = []

  deinit { rollback() }

  package var isEmpty: Bool { state.writes == storage.state.writes }

  package func createTree() throws(StorageError) -> TreeID {
    let id = TreeID(rawValue: state.nextTree)
    state.nextTree += 1
    state.writes += 1
    state.trees[id] = NaiveTree()
    return id
  }

  package func createScratchTree() throws(StorageError) -> TreeID {
    let id = TreeID(rawValue: (1 << 62) + UInt64(scratchTrees.count))
    scratchTrees.append(id)
    state.trees[id] = NaiveTree()
    return id
  }

  package func dropTree(_ id: TreeID) throws(StorageError) {
    _ = try tree(id)
    state.writes += 1
    state.trees[id] = nil
  }

  package func put(
    _ id: TreeID, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) {
    if key.count > 1900 { throw .keyTooLong(byteCount: key.count, limit: 1900) }
    var tree = try tree(id)
    state.trees[id] = nil
    let (at, found) = tree.position(key)
    if found {
      tree.values[at] = Array(value)
    } else {
      tree.keys.insert(Array(key), at: at)
      tree.values.insert(Array(value), at: at)
    }
    state.trees[id] = tree
    if id.rawValue < 1 << 62 { state.writes += 1 }
  }

  @discardableResult
  package func delete(_ id: TreeID, _ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    var tree = try tree(id)
    let (at, found) = tree.position(key)
    if !found { return false }
    state.trees[id] = nil
    tree.keys.remove(at: at)
    tree.values.remove(at: at)
    state.trees[id] = tree
    if id.rawValue < 1 << 62 { state.writes += 1 }
    return true
  }

  package func deleteRange(
    _ id: TreeID, from lower: UnsafeRawBufferPointer?, to upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    var tree = try tree(id)
    let start = lower.map { tree.position($0).0 } ?? 0
    let end = upper.map { tree.position($0).0 } ?? tree.keys.count
    guard end > start else { return 0 }
    tree.keys.removeSubrange(start..<end)
    tree.values.removeSubrange(start..<end)
    state.trees[id] = tree
    if id.rawValue < 1 << 62 { state.writes += 1 }
    return UInt64(end - start)
  }

  package func savepoint() throws(StorageError) -> Savepoint { Savepoint(state: state) }
  package func rollback(to savepoint: Savepoint) throws(StorageError) { state = savepoint.state }
  package func release(_ savepoint: Savepoint) {}

  package func commit() throws(StorageError) {
    guard isOpen else { throw .transactionEnded }
    for id in scratchTrees { state.trees[id] = nil }
    storage.state = state
    isOpen = false
    storage.isWriting = false
  }

  package func rollback() {
    guard isOpen else { return }
    isOpen = false
    storage.isWriting = false
  }
}

package struct Savepoint {
  let state: NaiveState
}
