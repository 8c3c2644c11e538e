/// What a write transaction has changed so far: its pages, the roots it has reached, and the log of it.
final class WorkingState {
  private let pages: PageStore
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
  /// Changes so far that a commit must make visible.
  var changeCount = 0

  init(_ core: StorageCore, base: Version, isLogging: Bool) {
    pages = core.pages
    edits = PageEdits(store: core.pages, version: base.number + 1, stamps: core.stamps)
    log = core.logBuffer
    log.removeAll()
    roots = base.roots
    nextTreeID = base.nextTreeID
    self.isLogging = isLogging
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

  /// From now on what exists is copied before it is edited: a cursor is about to read it.
  func freeze() throws(StorageError) {
    try settle()
    _ = edits.takeNewStamp()
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
    try editor.dropAll()
    editors.removeAll { $0.tree == tree }
    lastEditor = nil
    lastTree = TreeID(rawValue: 0)
    store(tree, nil)
  }

  func dropScratchTrees() throws(StorageError) {
    for tree in scratchRoots.keys.sorted() { try dropTree(tree) }
  }

  // MARK: Savepoints

  func savepoint(serial: Int) throws(StorageError) -> Savepoint {
    try settle()
    return Savepoint(
      edits: edits.takeNewStamp(), roots: roots, nextTreeID: nextTreeID, logByteCount: log.count,
      scratchRoots: scratchRoots, changeCount: changeCount, serial: serial)
  }

  func rollback(to savepoint: Savepoint) {
    forgetEditors()
    edits.rollback(to: savepoint.edits)
    roots = savepoint.roots
    nextTreeID = savepoint.nextTreeID
    scratchRoots = savepoint.scratchRoots
    changeCount = savepoint.changeCount
    if isLogging { log.truncate(to: min(savepoint.logByteCount, log.count)) }
  }
}

extension TreeID {
  /// Ids from here on are those of scratch trees.
  static let firstOfScratch = TreeID(rawValue: 1 << 62)
}
