/// What a write transaction has changed so far: its pages, the roots it has reached, and the log of it.
final class WorkingState {
  let pages: PageStore
  /// It lives as long as the transaction, which owns this.
  unowned let core: StorageCore
  let edits: PageEdits
  private(set) var roots: RootsArray
  private(set) var nextTreeID: UInt64
  /// Editors of the trees in use. Few, so that a linear search is quickest.
  private var editors: [(tree: TreeID, editor: TreeEditor)] = []
  private var lastTree = TreeID(rawValue: 0)
  private var lastEditor: TreeEditor?
  /// Trees of this transaction only (rule 26).
  private(set) var scratchRoots: [TreeID: TreeRoot] = [:]
  private var nextScratch = TreeID.firstOfScratch.rawValue
  /// Operations for the log.
  let log: ByteBuffer
  /// False while recovery replays, in memory stores, and once the transaction is to commit by checkpoint.
  var isLogging: Bool
  /// Bytes that the log's buffer keeps from one transaction to the next.
  private static let keptLog = 1 << 20
  /// How long the log may be before it is given up.
  private let longestLog: Int
  /// Changes so far that a commit must make visible.
  var changeCount = 0
  /// Returns to savepoints so far.
  private(set) var rollbackCount = 0
  /// A value that is being put in pieces. It is given up where the transaction ends before it does.
  weak var openValue: ValueWriter?
  /// Whether there is one: the log takes its parts in a row.
  var isPuttingValue = false

  init(_ core: StorageCore, base: Version, isLogging: Bool) {
    self.core = core
    pages = core.pages
    edits = PageEdits(store: core.pages, version: base.number + 1, stamps: core.stamps)
    log = core.logBuffer
    log.removeAll(keepingCapacity: Self.keptLog)
    roots = base.roots
    nextTreeID = base.nextTreeID
    self.isLogging = isLogging
    longestLog = core.isDurable ? core.options.longestLogOfTransaction : .max
    edits.makeRoom = { [unowned self] () throws(StorageError) in try self.makeRoom() }
  }

  /// Nothing is on a path any more, and all counts are in place (rule 6, rule 21).
  func leavePaths() throws(StorageError) {
    for (_, editor) in editors {
      try editor.flush()
      editor.dropFinger()
    }
  }

  private func storedRoot(_ tree: TreeID) -> TreeRoot? {
    tree >= .firstOfScratch ? scratchRoots[tree] : roots[tree]
  }

  func exists(_ tree: TreeID) -> Bool { storedRoot(tree) != nil }

  @inline(__always)
  func editor(_ tree: TreeID) throws(StorageError) -> TreeEditor {
    if tree == lastTree, let lastEditor { return lastEditor }
    return try findEditor(tree)
  }

  @inline(never)
  private func findEditor(_ tree: TreeID) throws(StorageError) -> TreeEditor {
    let editor: TreeEditor
    if let known = editors.first(where: { $0.tree == tree }) {
      editor = known.editor
    } else {
      guard let root = storedRoot(tree) else { throw .noSuchTree(tree) }
      editor = TreeEditor(edits: edits, root: root)
      editors.append((tree, editor))
    }
    lastTree = tree
    lastEditor = editor
    return editor
  }

  /// The root of a tree as it is now, its counts flushed (rule 21).
  func root(_ tree: TreeID) throws(StorageError) -> TreeRoot {
    if let known = editors.first(where: { $0.tree == tree }) {
      try known.editor.flush()
      return known.editor.root
    }
    guard let root = storedRoot(tree) else { throw .noSuchTree(tree) }
    return root
  }

  /// Takes the editors' roots over. The editors stay: under a new stamp they copy what they edit.
  func settle() throws(StorageError) {
    for (tree, editor) in editors {
      #if UPKEEP_PLANTS
        if Plant.isOn(.commitSkipsFlush) {
          store(tree, editor.root)
          continue
        }
      #endif
      try editor.flush()
      store(tree, editor.root)
    }
  }

  private func store(_ tree: TreeID, _ root: TreeRoot?) {
    if tree >= .firstOfScratch {
      scratchRoots[tree] = root
    } else if roots[tree] != root {
      roots.set(tree, root)
    }
  }

  private func forgetEditors() {
    editors.removeAll(keepingCapacity: true)
    lastEditor = nil
    lastTree = TreeID(rawValue: 0)
  }

  // MARK: The log

  /// Tells the log of an entry that was put.
  @inline(__always)
  func notePut(_ tree: TreeID, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.logsScratchTrees), tree >= .firstOfScratch {
        LogOperation.appendPut(tree, key, value, to: log)
      }
    #endif
    guard tree < .firstOfScratch else { return }
    changeCount &+= 1
    if isLogging {
      LogOperation.appendPut(tree, key, value, to: log)
      limitLog()
    }
  }

  /// Tells the log of an entry that was removed.
  @inline(__always)
  func noteDelete(_ tree: TreeID, _ key: UnsafeRawBufferPointer) {
    guard tree < .firstOfScratch else { return }
    changeCount &+= 1
    if isLogging {
      LogOperation.appendDelete(tree, key, to: log)
      limitLog()
    }
  }

  /// A transaction whose log alone would make a checkpoint due, or would take much of the memory that there is, commits
  /// by checkpoint, so that its data is written once (rule 14).
  @inline(__always)
  func limitLog() {
    guard log.count > longestLog else { return }
    isLogging = false
    log.removeAll(keepingCapacity: Self.keptLog)
  }

  // MARK: Savepoints and cursors

  /// The open savepoints, oldest first.
  private var savepoints: [(serial: Int, mark: PageEdits.Mark)] = []
  private var lastSerial = 0
  /// Cursors over working roots that are alive, and the stamp of the newest that there was.
  private var cursorCount = 0
  private var cursorStamp: UInt64 = 0

  /// What exists is copied before it is edited for as long as the result lives: a cursor is about to read it.
  func freeze(for owner: AnyObject) throws(StorageError) -> CursorHold {
    #if UPKEEP_PLANTS
      if Plant.isOn(.cursorSeesEdits) {
        cursorCount += 1
        return CursorHold(self, owner)
      }
    #endif
    try settle()
    cursorStamp = edits.takeNewStamp().stamp
    cursorCount += 1
    return CursorHold(self, owner)
  }

  fileprivate func cursorWent() {
    cursorCount -= 1
    if cursorCount == 0 { thaw() }
  }

  /// What only savepoints and cursors that went could see may be edited in place, and used, again.
  private func thaw() {
    edits.thaw(savepoint: savepoints.last?.mark, cursor: cursorCount > 0 ? cursorStamp : nil)
  }

  func savepoint() throws(StorageError) -> Savepoint {
    try settle()
    let mark = edits.takeNewStamp()
    lastSerial += 1
    savepoints.append((lastSerial, mark))
    return Savepoint(
      edits: mark, roots: roots, nextTreeID: nextTreeID, logByteCount: log.count, scratchRoots: scratchRoots,
      changeCount: changeCount, serial: lastSerial)
  }

  /// Returns to a savepoint; false if it is not open any more.
  func rollback(to savepoint: Savepoint) -> Bool {
    guard let at = savepoints.lastIndex(where: { $0.serial == savepoint.serial }) else { return false }
    savepoints.removeSubrange((at + 1)...)
    rollbackCount += 1
    forgetEditors()
    edits.rollback(to: savepoint.edits)
    roots = savepoint.roots
    nextTreeID = savepoint.nextTreeID
    scratchRoots = savepoint.scratchRoots
    changeCount = savepoint.changeCount
    #if UPKEEP_PLANTS
      if Plant.isOn(.rollbackKeepsLog) { return true }
    #endif
    if isLogging { log.truncate(to: min(savepoint.logByteCount, log.count)) }
    return true
  }

  func release(_ savepoint: Savepoint) {
    guard let at = savepoints.lastIndex(where: { $0.serial == savepoint.serial }) else { return }
    savepoints.removeSubrange(at...)
    thaw()
  }

  // MARK: Trees

  func createTree() -> TreeID {
    let tree = TreeID(rawValue: nextTreeID)
    nextTreeID += 1
    roots.set(tree, .empty)
    return tree
  }

  func createScratchTree() -> TreeID {
    let tree = TreeID(rawValue: nextScratch)
    nextScratch += 1
    scratchRoots[tree] = .empty
    return tree
  }

  func dropTree(_ tree: TreeID) throws(StorageError) {
    let editor = try editor(tree)
    try editor.flush()
    let isLater = dropsLater(tree, editor.root)
    if !isLater { try editor.dropAll() }
    editors.removeAll { $0.tree == tree }
    lastEditor = nil
    lastTree = TreeID(rawValue: 0)
    store(tree, nil)
    if isLater { roots.setDropped(tree, editor.root) }
    #if UPKEEP_PLANTS
      if Plant.isOn(.reusesTreeIDs), tree.rawValue + 1 == nextTreeID { nextTreeID -= 1 }
    #endif
  }

  /// Whether the pages of a tree that goes are given up afterwards, by and by (`Reclaim.swift`).
  func dropsLater(_ tree: TreeID, _ root: TreeRoot) -> Bool {
    let least = UInt64(core.options.fewestRowsDroppedLater)
    guard core.isDurable, tree < .firstOfScratch, root.height > 0 else { return false }
    return root.count >= least || root.overflowPages >= least / 16 + 1
  }

  /// Takes all entries out of a tree; what is left of it has an id of its own from now on.
  func emptyTree(_ tree: TreeID) throws(StorageError) -> TreeID {
    let editor = try editor(tree)
    try editor.flush()
    let rest = TreeID(rawValue: nextTreeID)
    nextTreeID += 1
    if editor.root.height > 0 { roots.setDropped(rest, editor.root) }
    editor.reset(to: .empty)
    return rest
  }

  /// Gives up the first rows of what is left of a tree that was dropped, and the pages that only they needed.
  ///
  /// - Returns: false if nothing is left of it.
  func reclaim(_ tree: TreeID, rows: UInt64) throws(StorageError) -> Bool {
    guard let root = roots.dropped(tree) else { return false }
    let editor = TreeEditor(edits: edits, root: root)
    try editor.removeFirst(rows)
    roots.setDropped(tree, editor.root.height == 0 ? nil : editor.root)
    return true
  }

  /// A tree that was empty is this one now.
  func fill(_ tree: TreeID, with root: TreeRoot) throws(StorageError) {
    try editor(tree).reset(to: root)
  }

  func dropScratchTrees() throws(StorageError) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.keepsScratchTrees) { return }
    #endif
    for tree in scratchRoots.keys.sorted() { try dropTree(tree) }
  }
}

/// Held by a cursor over working roots; its end lets the pages that the cursor saw be edited in place again.
final class CursorHold {
  private let state: WorkingState
  private let owner: AnyObject

  /// - Parameter owner: the transaction, which lives as long as its cursors.
  init(_ state: WorkingState, _ owner: AnyObject) {
    self.state = state
    self.owner = owner
  }

  deinit { state.cursorWent() }
}

extension TreeID {
  /// Ids from here on are those of scratch trees.
  static let firstOfScratch = TreeID(rawValue: 1 << 62)
}
