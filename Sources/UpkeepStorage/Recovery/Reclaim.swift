// The pages of dropped trees.
//
// To drop a large tree, or to take everything out of one, is one operation that looks at no page of it: its root stays in
// the roots array, where nobody can name it any more. Its pages are given up afterwards, some at a time, each time by a
// transaction of the store's own, which is logged, replayed and undone like any other. So a crash finds each page either
// in what is left of the tree or given up, and the next opening goes on where the last one stopped.

extension StorageCore {
  /// Slices that a close waits for.
  private static let mostSlicesAtClose = 256

  /// Gives up some pages of dropped trees, by a transaction of its own.
  ///
  /// - Parameter limit: how long to wait for the writer's turn.
  /// - Returns: whether there are more.
  func reclaimSlice(waiting limit: Duration) throws(StorageError) -> Bool {
    guard isDurable, !options.isReadOnly else { return false }
    try turn.take(waiting: limit)
    let transaction: WriteTransaction
    do throws(StorageError) {
      if isClosed { throw .closed }
      try latch?.check()
      transaction = WriteTransaction(self, isLogging: true)
    } catch {
      turn.giveBack()
      throw error
    }
    guard let (tree, root) = commits.newest.roots.droppedTrees.first else {
      transaction.rollback()
      return false
    }
    do throws(StorageError) {
      let rows = try transaction.rowsOfSlice(of: root, pages: options.pagesReclaimedAtOnce)
      try transaction.reclaim(tree, rows: rows)
    } catch {
      transaction.rollback()
      throw error
    }
    try wait(for: try transaction.commitLater())
    return commits.hasDroppedTrees
  }

  /// After a commit that left dropped trees behind.
  func tendDroppedTrees() {
    guard isDurable, !options.isReadOnly, !isClosed else { return }
    if options.checkpointsInBackground {
      askToTend()
    } else {
      // A failure is told by whatever next needs the disk; a busy writer goes on with it.
      _ = try? reclaimSlice(waiting: .zero)
    }
  }

  /// - Returns: after what time to go on; nil where there is no more to do, or no use in trying.
  func reclaimInBackground() -> Duration? {
    do throws(StorageError) {
      return try reclaimSlice(waiting: .milliseconds(20)) ? .zero : nil
    } catch {
      if case .busy = error { return .milliseconds(20) }
      return nil
    }
  }

  /// So that a closed store is compact. Of a very large tree some may be left, for the next opening.
  func reclaimBeforeClose() {
    for _ in 0..<Self.mostSlicesAtClose where commits.hasDroppedTrees && !isClosed {
      // The store's own thread may be at it.
      guard let isMore = try? reclaimSlice(waiting: .seconds(1)), isMore else { return }
    }
  }
}

extension WriteTransaction {
  /// How many rows of what is left of a tree have about so many pages.
  fileprivate func rowsOfSlice(of root: TreeRoot, pages: Int) throws(StorageError) -> UInt64 {
    guard let working else { throw .transactionEnded }
    return try TreeEditor(edits: working.edits, root: root).rowsOfFirst(pages: pages)
  }
}
