/// Fills an empty tree with entries that come in key order: its pages are packed, and each is written once.
///
/// The entries are in the tree when `finish` returned, and not before. If anything throws, or what was begun is not
/// to be finished, roll back to a savepoint from before: pages were taken.
package final class TreeFilling {
  private let transaction: WriteTransaction
  private let state: WorkingState
  private let tree: TreeID
  private let builder: TreeBuilder
  private var count = 0

  fileprivate init(_ transaction: WriteTransaction, _ state: WorkingState, _ tree: TreeID) {
    self.transaction = transaction
    self.state = state
    self.tree = tree
    builder = TreeBuilder(edits: state.edits)
  }

  /// Adds an entry behind all others.
  ///
  /// - Throws: `badOption` for a key that is not above the one before.
  package func put(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) {
    try transaction.requireOpen()
    try builder.add(key, value)
    count &+= 1
    #if UPKEEP_PLANTS
      if Plant.isOn(.fillingSkipsLog) { return }
    #endif
    if state.isLogging, tree < .firstOfScratch {
      LogOperation.appendPut(tree, key, value, to: state.log)
      state.limitLog()
    }
  }

  /// Puts the entries in the tree.
  package func finish() throws(StorageError) {
    try transaction.requireOpen()
    let root = try builder.finish()
    guard count > 0 else { return }
    try state.fill(tree, with: root)
    if tree < .firstOfScratch { state.changeCount &+= count }
    count = 0
  }
}

extension WriteTransaction {
  /// Begins to fill a tree; nil if it has entries already. Nothing else is to write to it before `finish`.
  package func fill(_ tree: TreeID) throws(StorageError) -> TreeFilling? {
    try requireOpen()
    guard let working, try count(tree) == 0 else { return nil }
    return TreeFilling(self, working, tree)
  }
}
