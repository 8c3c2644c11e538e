/// The working tree of an open write transaction: reads, puts and deletes, on pages that are copied when first
/// touched under an edit stamp.
///
/// It remembers the path to the leaf it last was in (the finger). A key that lies between the separators around
/// that leaf is found without a descent, so a batch in key order is a sweep, and a get makes the put of the
/// same key free.
///
/// Invariants:
/// 1. A page that the current edit stamp owns has only owned pages above it, up to the root.
/// 2. While there is a finger, `path` is the way from the root to its leaf as the tree now is.
/// 3. `pending` is what the row counts on that path, from the root to the leaf's parent, lack. It is 0 without
///    a finger. `root.count` lacks nothing.
///
/// 4. Where pages are evicted, `path` is good in operations up to the epoch `fingerEpoch`; in a later one it is
///    looked over first. A leaf that is owned needs no look: dirty pages stay, and all above it are dirty too.
///
/// What throws may leave the tree half changed: roll back to a savepoint, then `reset`.
final class TreeEditor {
  struct Step {
    var page: PageID
    var base: UnsafeMutableRawPointer
    /// In a branch: which child the path takes.
    var child: Int
  }

  let edits: PageEdits
  let store: PageStore
  let pageSize: Int
  let longestKey: Int
  let longestInline: Int

  /// The tree. Counts inside of its branches are right only after `flush`.
  var root: TreeRoot

  let path: UnsafeMutablePointer<Step>
  var hasFinger = false
  /// The deepest branches of the path with a separator below, and above, the leaf; -1 where there is none.
  var lowerDepth = -1
  var upperDepth = -1
  var pending = 0
  /// The epoch in which the finger's frames were last known to be those of its pages.
  var fingerEpoch: UInt = 0
  /// Where in its leaf the finger last was.
  var lastIndex = 0

  /// How many inserts in a row went each right behind (above 0) or right before (below 0) the one before.
  var run = 0
  var lastInsert = -2

  private var madeBuilder: NodeBuilder?
  private var madeReference: ByteBuffer?
  private var keyCopy: ByteBuffer?
  private var valueCopy: ByteBuffer?

  init(edits: PageEdits, root: TreeRoot) {
    self.edits = edits
    self.root = root
    store = edits.store
    pageSize = store.pageSize
    longestKey = TreeLimits.maxKeyLength(pageSize: pageSize)
    longestInline = TreeLimits.maxInlineValue(pageSize: pageSize)
    path = .allocate(capacity: NodeLayout.maximumHeight + 1)
  }

  deinit { path.deallocate() }

  /// Goes on from another root: after a rollback to a savepoint.
  func reset(to root: TreeRoot) {
    self.root = root
    dropFinger()
    run = 0
    lastInsert = -2
  }

  var builder: NodeBuilder {
    if let madeBuilder { return madeBuilder }
    let made = NodeBuilder(pageSize: pageSize)
    madeBuilder = made
    return made
  }

  // MARK: Reading

  /// The value of a key, valid until the tree is next changed.
  func get(_ key: UnsafeRawBufferPointer) throws(StorageError) -> ValueReference? {
    if root.height == 0 { return nil }
    try enter()
    defer { leave() }
    let position = try locate(RawBytes(key, or: UnsafeRawPointer(path)))
    store.writerLine?.keep(leaf.base, in: PageReader.getCell)
    return position.isFound ? leaf.value(position.index) : nil
  }

  // MARK: Writing

  /// Inserts or replaces a row; whether it was inserted.
  @discardableResult
  func put(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) -> Bool {
    try write(key, value, replaces: true) == nil
  }

  /// Inserts a row unless its key is there: then the value that is there, valid until the tree is next changed.
  func insert(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) -> ValueReference? {
    try write(key, value, replaces: false)
  }

  /// What was there, of use only if it was not replaced; nil if the row was inserted.
  @inline(__always)
  private func write(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, replaces: Bool
  ) throws(StorageError) -> ValueReference? {
    guard key.count <= longestKey else { throw .keyTooLong(byteCount: key.count, limit: longestKey) }
    guard value.count <= TreeLimits.maximumValueLength else {
      throw .valueTooLong(byteCount: value.count, limit: TreeLimits.maximumValueLength)
    }
    var key = RawBytes(key, or: UnsafeRawPointer(path))
    var stored = RawBytes(value, or: UnsafeRawPointer(path))
    let isOverflow = stored.count > longestInline
    try enter()
    defer { leave() }
    if root.height == 0 {
      if isOverflow { stored = try writeOverflow(stored) }
      try plant(key, stored, isOverflow)
      return nil
    }
    let position = try locate(key)
    if position.isFound, !replaces {
      store.writerLine?.keep(leaf.base, in: PageReader.getCell)
      return leaf.value(position.index)
    }
    // The leaf is about to change under bytes that may be its own.
    if key.lies(in: leaf.base, pageSize) { key = copied(key, &keyCopy) }
    if stored.lies(in: leaf.base, pageSize) { stored = copied(stored, &valueCopy) }
    if isOverflow { stored = try writeOverflow(stored) }
    try ownLeaf()
    if position.isFound {
      let before = leaf.value(position.index)
      try replace(at: position.index, key, stored, isOverflow)
      return before
    }
    try insertNew(at: position.index, key, stored, isOverflow)
    return nil
  }

  /// A new row in the finger's leaf, which is owned.
  @inline(__always)
  private func insertNew(
    at index: Int, _ key: RawBytes, _ stored: RawBytes, _ isOverflow: Bool
  ) throws(StorageError) {
    noteInsert(at: index)
    root.count &+= 1
    pending &+= 1
    if mutableLeaf.insert(at: index, key: key, stored: stored, isOverflow: isOverflow) {
      lastIndex = index
    } else {
      try rebuildLeaf(at: index, replacing: false, key, stored, isOverflow)
    }
  }

  /// Inserts or replaces a row whose value lies in overflow pages already. The key is no longer than keys may be.
  func put(_ key: UnsafeRawBufferPointer, reference: ByteBuffer) throws(StorageError) {
    var key = RawBytes(key, or: UnsafeRawPointer(path))
    let stored = RawBytes(start: UnsafeRawPointer(reference.base), count: reference.count)
    try enter()
    defer { leave() }
    root.overflowPages &+= UInt64(OverflowValue.pageCount(stored, pageSize: pageSize))
    if root.height == 0 { return try plant(key, stored, true) }
    let position = try locate(key)
    if key.lies(in: leaf.base, pageSize) { key = copied(key, &keyCopy) }
    try ownLeaf()
    if position.isFound {
      try replace(at: position.index, key, stored, true)
    } else {
      try insertNew(at: position.index, key, stored, true)
    }
  }

  /// Removes a row; whether there was one.
  @discardableResult
  func delete(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    if root.height == 0 { return false }
    try enter()
    defer { leave() }
    let position = try locate(RawBytes(key, or: UnsafeRawPointer(path)))
    guard position.isFound else { return false }
    try removeRows(from: position.index, to: position.index + 1)
    return true
  }

  /// The first row of a tree: a leaf that is the root.
  private func plant(_ key: RawBytes, _ stored: RawBytes, _ isOverflow: Bool) throws(StorageError) {
    let page = try edits.allocate(.leaf)
    builder.start(level: 0)
    builder.add(key: key, stored: stored, isOverflow: isOverflow)
    builder.write(0, 1, level: 0, to: page.base)
    root.page = page.id
    root.height = 1
    root.count = 1
    noteInsert(at: 0)
  }

  private func replace(
    at i: Int, _ key: RawBytes, _ stored: RawBytes, _ isOverflow: Bool
  ) throws(StorageError) {
    try retireOverflow(of: leaf.value(i))
    if !mutableLeaf.replace(at: i, stored: stored, isOverflow: isOverflow) {
      try rebuildLeaf(at: i, replacing: true, key, stored, isOverflow)
    }
  }

  // MARK: Parts

  /// Stores a long value in pages of its own; what stands for it in the leaf.
  private func writeOverflow(_ value: RawBytes) throws(StorageError) -> RawBytes {
    let reference = madeReference ?? ByteBuffer(capacity: OverflowValue.longestReference)
    madeReference = reference
    try OverflowValue.write(value, edits, reference: reference)
    let stored = RawBytes(start: UnsafeRawPointer(reference.base), count: reference.count)
    root.overflowPages &+= UInt64(OverflowValue.pageCount(stored, pageSize: pageSize))
    return stored
  }

  /// Gives up the pages of a value that is going.
  @inline(__always)
  func retireOverflow(of value: ValueReference) throws(StorageError) {
    guard value.isOverflow else { return }
    #if UPKEEP_PLANTS
      if Plant.isOn(.leaksOverflow) { return }
    #endif
    root.overflowPages &-= UInt64(try OverflowValue.retire(value.stored, edits))
  }

  private func copied(_ bytes: RawBytes, _ buffer: inout ByteBuffer?) -> RawBytes {
    let made = buffer ?? ByteBuffer(capacity: bytes.count)
    buffer = made
    made.removeAll()
    made.append(bytes.buffer)
    return RawBytes(start: UnsafeRawPointer(made.base), count: bytes.count)
  }

  @inline(__always)
  private func noteInsert(at index: Int) {
    if index == lastInsert &+ 1 {
      run = run > 0 ? run &+ 1 : 1
    } else if index == lastInsert {
      run = run < 0 ? run &- 1 : -1
    } else {
      run = 0
    }
    lastInsert = index
  }
}
