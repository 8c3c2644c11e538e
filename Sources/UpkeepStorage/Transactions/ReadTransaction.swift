/// A snapshot: one visible version, and reads in it. Not Sendable; one thread at a time.
///
/// Bytes handed out stay valid until the next call on the same transaction or cursor.
package class ReadTransaction: PageReader {
  let core: StorageCore
  /// Pinned by the slot, or by the writer's turn; not retained, so that readers share no counter.
  @exclusivity(unchecked) unowned(unsafe) private(set) final var base: Version
  private var slot: Int?
  /// What a frozen state rests on: the version made of it, and the hold on its pages.
  private var held: (version: Version, hold: CursorHold)?
  @exclusivity(unchecked) private(set) var isOpen = true
  /// The working state of a write transaction; nil in a snapshot.
  @exclusivity(unchecked) var working: WorkingState?
  /// Whether `working` is looked at: a constant, so that a snapshot's reads count no reference to it.
  private let isWriting: Bool
  /// Long values are put together here; made when the first is met.
  @exclusivity(unchecked) private var overflow: ByteBuffer?
  @exclusivity(unchecked) private var lastTree = TreeID(rawValue: 0)
  @exclusivity(unchecked) private var lastRoot = TreeRoot.empty
  /// The one that was asked for before that: joins and indexes go to and fro between two.
  @exclusivity(unchecked) private var otherTree = TreeID(rawValue: 0)
  @exclusivity(unchecked) private var otherRoot = TreeRoot.empty
  /// The version of which `lastRoot` is a root.
  private var lastVersion: UInt64 = 0

  /// A snapshot of the newest visible version.
  init(reading core: StorageCore) throws(StorageError) {
    guard let (version, slot) = core.versions.pin(hint: WriterTurn.slotHint) else {
      throw .badOption("more than \(ReaderSlots.count) snapshots are open at once: end some of them")
    }
    self.core = core
    isWriting = false
    base = version
    self.slot = slot
    super.init(core.pages, line: core.pages.slots.line(slot))
  }

  /// The base of a write transaction, which holds the writer's turn.
  init(writing core: StorageCore) {
    self.core = core
    isWriting = true
    base = core.commits.newest
    slot = nil
    super.init(core.pages, line: core.pages.slots.writerLine)
  }

  /// What a write transaction has made so far, through a slot of its own: its later edits do not show in it.
  init(
    freezing version: Version, _ hold: CursorHold, _ core: StorageCore
  ) throws(StorageError) {
    guard let (_, slot) = core.versions.pin(hint: WriterTurn.slotHint) else {
      throw .badOption("more than \(ReaderSlots.count) snapshots are open at once: end some of them")
    }
    self.core = core
    isWriting = false
    base = version
    held = (version, hold)
    self.slot = slot
    super.init(core.pages, line: core.pages.slots.line(slot))
  }

  deinit { unpin() }

  private final func unpin() {
    guard let slot else { return }
    detach()
    core.versions.unpin(slot)
    self.slot = nil
  }

  /// Ends the snapshot. Later calls throw.
  package final func end() {
    isOpen = false
    unpin()
    if held != nil { forgetRoots() }
    held = nil
  }

  /// Makes an ended snapshot one of the newest visible version, as if it were new. Only for whoever alone holds it:
  /// nothing that was read before may be in use, no cursor, no bytes.
  package final func reopen() throws(StorageError) {
    precondition(slot == nil && working == nil && !isOpen, "only an ended snapshot is opened again")
    if core.isClosed { throw .closed }
    guard let (version, slot) = core.versions.pin(hint: WriterTurn.slotHint) else {
      throw .badOption("more than \(ReaderSlots.count) snapshots are open at once: end some of them")
    }
    base = version
    self.slot = slot
    isOpen = true
    if version.number != lastVersion { forgetRoots() }
    // One long value must not take memory for as long as the snapshot is used again.
    if let overflow, overflow.capacity > 1 << 16 { self.overflow = nil }
    attach(core.pages.slots.line(slot))
  }

  final func markEnded() {
    isOpen = false
    detach()
  }

  /// The number of the version that is read; of a write transaction, of the one it builds on.
  package final var version: UInt64 { base.number }

  /// The root of a tree as it is now.
  @inline(__always)
  final func root(_ tree: TreeID) throws(StorageError) -> TreeRoot {
    if !isWriting && tree == lastTree { return lastRoot }
    return try findRoot(tree)
  }

  @inline(never)
  private final func findRoot(_ tree: TreeID) throws(StorageError) -> TreeRoot {
    if let working { return try working.root(tree) }
    guard isOpen else { throw .transactionEnded }
    if tree == otherTree {
      swap(&lastTree, &otherTree)
      swap(&lastRoot, &otherRoot)
      return lastRoot
    }
    guard let root = base.roots[tree] else { throw .noSuchTree(tree) }
    (otherTree, otherRoot) = (lastTree, lastRoot)
    lastTree = tree
    lastRoot = root
    lastVersion = base.number
    return root
  }

  private final func forgetRoots() {
    lastTree = TreeID(rawValue: 0)
    otherTree = TreeID(rawValue: 0)
  }

  /// Whether there is such a tree.
  package final func exists(_ tree: TreeID) -> Bool {
    if let working { return working.exists(tree) }
    return base.roots[tree] != nil
  }

  /// The value of a key, or nil. O(log n).
  package final func get(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> UnsafeRawBufferPointer? {
    guard isOpen else { throw .transactionEnded }
    if isWriting { return try getFromWorking(tree, key) }
    guard let found = try find(try root(tree), key) else { return nil }
    return try bytes(of: found)
  }

  /// One operation; the leaf that it found stays until the next.
  @inline(__always)
  final func find(
    _ root: TreeRoot, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> ValueReference? {
    enter()
    defer { leave() }
    guard let found = try TreeReader.get(root, pages, key) else { return nil }
    keepFrame(of: found.stored.start - 1, in: Self.getCell)
    return found
  }

  @inline(never)
  private final func getFromWorking(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) -> UnsafeRawBufferPointer? {
    guard let working else { throw .transactionEnded }
    guard let found = try working.editor(tree).get(key) else { return nil }
    return try bytes(of: found)
  }

  /// A value's bytes; a long one is put together.
  @inline(__always)
  final func bytes(of found: ValueReference) throws(StorageError) -> UnsafeRawBufferPointer {
    found.isOverflow ? try longBytes(of: found) : found.stored.buffer
  }

  private final func longBytes(of found: ValueReference) throws(StorageError) -> UnsafeRawBufferPointer {
    let buffer = overflow ?? ByteBuffer(capacity: found.byteCount)
    overflow = buffer
    return try found.bytes(pages, self, using: buffer)
  }

  /// The entries of a tree. O(1).
  package final func count(_ tree: TreeID) throws(StorageError) -> UInt64 {
    guard isOpen else { throw .transactionEnded }
    return try root(tree).count
  }

  /// The entries with lower <= key < upper; nil leaves a side open. O(log n).
  package final func count(
    _ tree: TreeID, from lower: UnsafeRawBufferPointer?, to upper: UnsafeRawBufferPointer?
  ) throws(StorageError) -> UInt64 {
    guard isOpen else { throw .transactionEnded }
    let root = try root(tree)
    enter()
    defer { leave() }
    return try TreeReader.count(root, pages, from: lower, to: upper)
  }

  /// A cursor over the tree as it is now; later edits of the same transaction do not move it.
  package final func cursor(_ tree: TreeID) throws(StorageError) -> TreeCursor {
    guard isOpen else { throw .transactionEnded }
    let root = try root(tree)
    // A snapshot's cursor keeps the snapshot; a write transaction's keeps the pages that it reads as they are.
    return try TreeCursor(pages, root, reader: self, keepAlive: try working?.freeze(for: self) ?? self)
  }

  /// The same by a cursor that rests: what room it has is used again.
  ///
  /// - Returns: false if it is of another store.
  package final func reopen(_ cursor: TreeCursor, _ tree: TreeID) throws(StorageError) -> Bool {
    guard isOpen else { throw .transactionEnded }
    guard cursor.store === pages else { return false }
    let root = try root(tree)
    try cursor.open(root, reader: self, keepAlive: try working?.freeze(for: self) ?? self)
    return true
  }
}

extension ReadTransaction {
  /// Nil for a store in memory.
  package final var temporaryFiles: TemporaryFiles? { core.temporaryFiles }
  /// Bytes that what a statement keeps of its rows may take in memory.
  package final var spillByteCount: Int { core.options.spillByteCount }
  /// Bytes that what the queries of a statement keep may take in a store in memory.
  package final var mostKeptInMemory: Int { core.options.mostKeptInMemory }
}
