/// Many entries of one tree, written one after the other by an open transaction: the tree is looked up once.
///
/// It is of use until its transaction ends, returns to a savepoint or drops the tree.
package final class TreeWriter {
  private let transaction: WriteTransaction
  private let state: WorkingState
  private let editor: TreeEditor
  private let tree: TreeID

  init(_ transaction: WriteTransaction, _ state: WorkingState, _ tree: TreeID) throws(StorageError) {
    self.transaction = transaction
    self.state = state
    self.tree = tree
    editor = try state.editor(tree)
  }

  /// The value of a key, valid until the next call on the transaction.
  package func get(_ key: UnsafeRawBufferPointer) throws(StorageError) -> UnsafeRawBufferPointer? {
    try transaction.requireOpen()
    guard let found = try editor.get(key) else { return nil }
    return try transaction.bytes(of: found)
  }

  /// Inserts an entry or replaces its value.
  package func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StorageError) {
    try transaction.requireOpen()
    try editor.put(key, value)
    state.notePut(tree, key, value)
  }

  /// Removes an entry.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  package func delete(_ key: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    try transaction.requireOpen()
    guard try editor.delete(key) else { return false }
    state.noteDelete(tree, key)
    return true
  }

  /// Inserts an entry unless its key is there.
  ///
  /// - Returns: the value that is there, with nothing changed; nil if the entry was inserted.
  package func insert(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(StorageError) -> UnsafeRawBufferPointer? {
    try transaction.requireOpen()
    if let found = try editor.insert(key, value) { return try transaction.bytes(of: found) }
    state.notePut(tree, key, value)
    return nil
  }
}
