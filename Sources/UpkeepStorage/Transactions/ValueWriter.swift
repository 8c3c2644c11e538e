/// A value that is put in pieces, so that it is nowhere whole in memory. The entry is there when `finish` returned, and
/// until then the transaction refuses every other change.
///
/// Its pages are made as the pieces come and may be written early like any of the transaction's; the log takes the value
/// in parts, and where it grows too long for memory the transaction commits by checkpoint, like any that is large.
package final class ValueWriter {
  private let transaction: WriteTransaction
  private let state: WorkingState
  private let tree: TreeID
  private let key: ByteBuffer
  private let value: OverflowWriter
  /// What goes into the log as the next part.
  private let part = ByteBuffer(capacity: 4096)
  private var hasLogged = false
  private var isDone = false
  /// Where the log was when the value began.
  private let logStart: Int

  /// Bytes of a piece that are stored before room is made for more.
  private static let step = 128 << 10

  init(
    _ transaction: WriteTransaction, _ state: WorkingState, _ tree: TreeID, _ key: UnsafeRawBufferPointer
  ) throws(StorageError) {
    let longest = transaction.longestKey
    guard key.count <= longest else { throw .keyTooLong(byteCount: key.count, limit: longest) }
    _ = try state.editor(tree)
    self.transaction = transaction
    self.state = state
    self.tree = tree
    self.key = ByteBuffer(capacity: key.count)
    self.key.append(key)
    value = OverflowWriter(state.edits)
    logStart = state.log.count
    state.openValue = self
    state.isPuttingValue = true
  }

  deinit { abandon() }

  private var isLogging: Bool { state.isLogging && tree < .firstOfScratch }

  private func requireOpen() throws(StorageError) {
    guard !isDone, transaction.isOpen else { throw .transactionEnded }
  }

  /// Adds bytes to the value. If it throws, the value is not put.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try requireOpen()
    do throws(StorageError) { try take(bytes) } catch {
      abandon()
      throw error
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    let count = value.byteCount + bytes.count
    guard count <= TreeLimits.maximumValueLength else {
      throw .valueTooLong(byteCount: count, limit: TreeLimits.maximumValueLength)
    }
    var at = 0
    while at < bytes.count {
      let piece = UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + Self.step, bytes.count)])
      at += piece.count
      if state.pages.pool.isCrowded { try state.edits.makeRoom?() }
      try value.append(RawBytes(piece, or: UnsafeRawPointer(key.base)))
      guard isLogging else { continue }
      part.append(piece)
      if part.count >= LogOperation.largestPart { logPart() }
    }
  }

  private func logPart() {
    if hasLogged {
      LogOperation.appendContinuation(part.bytes, to: state.log)
    } else {
      LogOperation.appendPut(tree, key.bytes, part.bytes, to: state.log)
    }
    hasLogged = true
    part.removeAll()
    state.limitLog()
  }

  /// Puts the value. If it throws, it is not put.
  package func finish() throws(StorageError) {
    try requireOpen()
    do throws(StorageError) {
      let editor = try state.editor(tree)
      if let short = value.short {
        try editor.put(key.bytes, short.buffer)
      } else {
        let reference = ByteBuffer(capacity: OverflowValue.longestReference)
        try value.finish(reference)
        try editor.put(key.bytes, reference: reference)
      }
    } catch {
      abandon()
      throw error
    }
    end()
    if isLogging, !hasLogged || part.count > 0 { logPart() }
    if tree < .firstOfScratch { state.changeCount &+= 1 }
  }

  /// Gives up what was stored so far.
  package func abandon() {
    guard !isDone else { return }
    end()
    // The end of the transaction gave the pages up already.
    guard transaction.isOpen else { return }
    value.abandon()
    if hasLogged, state.isLogging { state.log.truncate(to: logStart) }
  }

  private func end() {
    isDone = true
    state.openValue = nil
    state.isPuttingValue = false
  }
}

extension WriteTransaction {
  /// Begins to put a value in pieces.
  package func putting(_ tree: TreeID, _ key: UnsafeRawBufferPointer) throws(StorageError) -> ValueWriter {
    try requireOpen()
    guard let working else { throw .transactionEnded }
    return try ValueWriter(self, working, tree, key)
  }
}
