import UpkeepStorage

// What a history reads, and how it is compared.

extension History {
  /// One read of some kind.
  func read(_ transaction: ReadTransaction, _ model: Model) throws {
    if chance.oneIn(50) {
      let strange = try Self.count(TreeID(rawValue: 1 << 40), transaction)
      return try check(strange == nil, "a tree that never was is counted")
    }
    let trees = model.keys.sorted()
    let tree = trees[chance.below(trees.count)]
    let entries = model[tree] ?? [:]
    let key = bytes(chance.below(6))
    switch chance.below(4) {
    case 0:
      let count = try transaction.count(tree)
      try check(count == UInt64(entries.count), "\(tree) counts \(count), not \(entries.count)")
    case 1: try walk(try transaction.cursor(tree), entries, from: key)
    default:
      let found = try key.withUnsafeBytes { try transaction.get(tree, $0).map { Array($0) } }
      try check(found == entries[key], "\(key) in \(tree): \(String(describing: found))")
    }
  }

  /// From a key some entries on, or back.
  private func walk(_ cursor: TreeCursor, _ entries: Entries, from key: Bytes) throws {
    let isForward = chance.oneIn(2)
    let keys = entries.keys
      .filter { isForward ? !$0.lexicographicallyPrecedes(key) : $0.lexicographicallyPrecedes(key) }
      .sorted { isForward ? $0.lexicographicallyPrecedes($1) : $1.lexicographicallyPrecedes($0) }
    var isThere = try key.withUnsafeBytes { try isForward ? cursor.seek($0) : cursor.seekBefore($0) }
    for expected in keys.prefix(12) {
      try check(isThere, "a cursor ends before \(expected)")
      try check(Array(cursor.key) == expected, "a cursor stands on \(Array(cursor.key)), not \(expected)")
      try check(Array(try cursor.value()) == entries[expected], "another value at \(expected)")
      isThere = try isForward ? cursor.next() : cursor.previous()
    }
    try check(isThere == (keys.count > 12), "a cursor is at its end: \(!isThere)")
  }

  /// The newest state, as a snapshot shows it.
  func compare(_ model: Model) throws {
    let snapshot = try storage.beginRead()
    defer { snapshot.end() }
    try compare(snapshot, model)
  }

  func compare(_ snapshot: Snapshot) throws { try Self.compare(snapshot) }

  func compare(_ transaction: ReadTransaction, _ model: Model) throws {
    if let difference = try Self.difference(transaction, model) { throw Failure(description: difference) }
  }

  static func compare(_ snapshot: Snapshot) throws {
    guard let difference = try difference(snapshot.transaction, snapshot.model) else { return }
    throw Failure(description: "in a snapshot: \(difference)")
  }

  /// The entries of a tree; nil if there is no such tree.
  private static func count(_ tree: TreeID, _ transaction: ReadTransaction) throws -> UInt64? {
    do {
      return try transaction.count(tree)
    } catch {
      if case .noSuchTree = error { return nil }
      throw error
    }
  }

  /// The first difference between what a transaction shows and a model.
  static func difference(_ transaction: ReadTransaction, _ model: Model) throws -> String? {
    for (tree, entries) in model.sorted(by: { $0.key < $1.key }) {
      guard let count = try count(tree, transaction) else { return "\(tree) is missing" }
      guard count == UInt64(entries.count) else { return "\(tree) counts \(count), not \(entries.count)" }
      let cursor = try transaction.cursor(tree)
      var isThere = try cursor.first()
      for key in entries.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        guard isThere else { return "\(tree) ends before \(key)" }
        guard Array(cursor.key) == key else { return "\(tree) has \(Array(cursor.key)), not \(key)" }
        guard Array(try cursor.value()) == entries[key] else { return "\(tree) has another value at \(key)" }
        isThere = try cursor.next()
      }
      if isThere { return "\(tree) goes on after its last key" }
    }
    return nil
  }
}
