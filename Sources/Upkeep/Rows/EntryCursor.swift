package import UpkeepStorage

/// A walk over the entries of a range of one tree, either way. It sees the tree as it was when the walk
/// was made, whatever is written meanwhile.
///
/// `next()` steps forward and `previous()` backward; the first step goes to the range's first or last entry.
/// A walk that has left its range stays outside.
package final class EntryCursor {
  private enum Position {
    /// Nothing asked for yet.
    case start
    /// `skip` found an entry that the first step is to give.
    case primed
    case on
    case outside
  }

  private let scope: TransactionScope
  private let tree: TreeID
  private let cursor: TreeCursor
  private let range: KeyBounds
  private var position = Position.start

  package init(_ scope: TransactionScope, _ tree: TreeID, in range: KeyBounds = .all) throws(UpkeepError) {
    try scope.requireOpen()
    self.scope = scope
    self.tree = tree
    self.range = range
    let read = scope.read
    cursor = try storing { () throws(StorageError) in try read.cursor(tree) }
    cursor.setUpperBound(range.upper)
  }

  /// Steps to the next entry; false at the end of the range.
  package func next() throws(UpkeepError) -> Bool {
    try scope.requireOpen()
    let cursor = cursor
    let found: Bool
    switch position {
    // The cursor ends at the bound by itself.
    case .on: found = try storing { () throws(StorageError) in try cursor.next() }
    case .start: found = try seekFirst() && isBelowUpper
    case .primed: found = isBelowUpper
    case .outside: return false
    }
    position = found ? .on : .outside
    return found
  }

  /// Steps to the next entry and lends it until the next step; false at the end of the range.
  func next(_ entry: inout TreeEntry) throws(UpkeepError) -> Bool {
    if position == .on {
      try scope.requireOpen()
      do throws(StorageError) {
        if try cursor.next(&entry) { return true }
      } catch {
        throw UpkeepError(error)
      }
      position = .outside
      return false
    }
    guard try next() else { return false }
    entry.key = key
    entry.value = try value
    return true
  }

  /// Steps to the entry before; false at the beginning of the range.
  package func previous() throws(UpkeepError) -> Bool {
    try scope.requireOpen()
    let cursor = cursor
    let found: Bool
    switch position {
    case .on: found = try storing { () throws(StorageError) in try cursor.previous() }
    case .start: found = try seekLast()
    case .primed: found = true
    case .outside: return false
    }
    position = found && (range.lower == nil || !isBelowLower) ? .on : .outside
    return position == .on
  }

  /// Before the first step: passes over that many entries, from the end when `backward`.
  /// - Complexity: O(log n).
  package func skip(_ count: UInt64, backward: Bool = false) throws(UpkeepError) {
    guard position == .start, count > 0 else { return }
    let ordinal: UInt64
    if backward {
      let end = try self.count(below: range.upper)
      guard end > count else { return position = .outside }
      ordinal = end - 1 - count
    } else {
      let first = range.lower == nil ? 0 : try self.count(below: range.lower)
      guard count <= UInt64.max - first else { return position = .outside }
      ordinal = first + count
    }
    let cursor = cursor
    let found = try storing { () throws(StorageError) in try cursor.seek(ordinal: ordinal) }
    position = found ? .primed : .outside
  }

  /// The bytes of the entry's key, valid until the next step.
  package var key: UnsafeRawBufferPointer { cursor.key }

  /// The bytes of the entry's value, valid until the next step.
  package var value: UnsafeRawBufferPointer {
    get throws(UpkeepError) {
      let cursor = cursor
      return try storing { () throws(StorageError) in try cursor.value() }
    }
  }

  private func seekFirst() throws(UpkeepError) -> Bool {
    let cursor = cursor
    guard let lower = range.lower else {
      return try storing { () throws(StorageError) in try cursor.first() }
    }
    return try KeyBounds.borrow(lower) { bytes throws(UpkeepError) in
      try storing { () throws(StorageError) in try cursor.seek(bytes) }
    }
  }

  private func seekLast() throws(UpkeepError) -> Bool {
    let cursor = cursor
    guard let upper = range.upper else {
      return try storing { () throws(StorageError) in try cursor.last() }
    }
    return try KeyBounds.borrow(upper) { bytes throws(UpkeepError) in
      try storing { () throws(StorageError) in try cursor.seekBefore(bytes) }
    }
  }

  private func count(below key: [UInt8]?) throws(UpkeepError) -> UInt64 {
    let read = scope.read
    let tree = tree
    return try KeyBounds(upper: key).withBytes { _, upper throws(UpkeepError) in
      try storing { () throws(StorageError) in try read.count(tree, from: nil, to: upper) }
    }
  }

  private var isBelowUpper: Bool { range.upper.map { Bytes.compare(cursor.key, $0) < 0 } ?? true }
  private var isBelowLower: Bool { range.lower.map { Bytes.compare(cursor.key, $0) < 0 } ?? false }
}
