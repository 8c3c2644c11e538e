/// What a tree looks like: its levels, and how full their pages are.
package struct TreeSurvey: Sendable, Equatable {
  /// The pages of one level.
  package struct Level: Sendable, Equatable {
    package var pageCount = 0
    /// Those of them that were looked at.
    package var surveyedCount = 0
    /// Bytes in use in those.
    package var usedBytes = 0

    /// How full the pages are, from 0 to 1, as far as they were looked at.
    package func fill(pageSize: Int) -> Double {
      surveyedCount == 0 ? 0 : Double(usedBytes) / (Double(surveyedCount) * Double(pageSize))
    }
  }

  /// The levels, the root's first, the leaves' last; none of an empty tree.
  package var levels: [Level] = []
  package var rowCount: UInt64 = 0
  package var overflowPageCount: UInt64 = 0
}

/// One page of a tree, as a survey finds it.
package struct SurveyedPage {
  package var id: UInt64
  /// 0 for a leaf.
  package var level: Int
  package var usedBytes: Int
  /// Entries of a leaf, children of a branch.
  package var entryCount: Int
  /// The rows in it or below it.
  package var rowCount: UInt64
  /// The first and the last key in it or below it.
  package var keys: (first: [UInt8], last: [UInt8])
  /// The overflow pages of a leaf's values.
  package var overflowPageCount: Int
}

/// Walks a tree to see its shape. Each page is copied in a short operation, so that a long walk holds nothing up.
struct TreeSurveyor {
  private let store: PageStore
  private let reader: PageReader?
  private let look: () throws(StorageError) -> Void
  private var survey = TreeSurvey()

  /// - Parameter look: called for each page; what it throws ends the walk.
  init(_ store: PageStore, _ reader: PageReader?, look: @escaping () throws(StorageError) -> Void) {
    self.store = store
    self.reader = reader
    self.look = look
  }

  /// Walks the branches, and looks at leaves here and there: at `mostLeaves` of them, or all if they are no more.
  mutating func survey(_ root: TreeRoot, mostLeaves: Int) throws(StorageError) -> TreeSurvey {
    begin(root)
    guard root.height > 0 else { return survey }
    var leaves: [PageID] = []
    try gather(root.page, level: try TreeReader.rootLevel(root), &leaves)
    let last = survey.levels.count - 1
    survey.levels[last].pageCount = leaves.count
    let step = max(1, (leaves.count + mostLeaves - 1) / max(mostLeaves, 1))
    for place in stride(from: step / 2, to: leaves.count, by: step) {
      try withPage(leaves[place], level: 0) { node throws(StorageError) in count(node, at: last) }
    }
    return survey
  }

  /// Walks all of the tree, and tells of each page; of a branch after what is below it.
  mutating func walk(
    _ root: TreeRoot, _ visit: (SurveyedPage) throws(StorageError) -> Void
  ) throws(StorageError) -> TreeSurvey {
    begin(root)
    guard root.height > 0 else { return survey }
    _ = try walk(root.page, level: try TreeReader.rootLevel(root), visit)
    return survey
  }

  private mutating func begin(_ root: TreeRoot) {
    survey = TreeSurvey()
    survey.levels = [TreeSurvey.Level](repeating: TreeSurvey.Level(), count: root.height)
    survey.rowCount = root.count
    survey.overflowPageCount = root.overflowPages
  }

  /// Counts the branches below a node, itself too, and gathers the leaves. Recursion is bounded by the level.
  private mutating func gather(_ page: PageID, level: Int, _ leaves: inout [PageID]) throws(StorageError) {
    if level == 0 { return leaves.append(page) }
    let place = survey.levels.count - 1 - level
    survey.levels[place].pageCount += 1
    var children: [PageID] = []
    try withPage(page, level: level) { node throws(StorageError) in
      count(node, at: place)
      for child in 0...node.count { children.append(node.child(child)) }
    }
    if level == 1 { return leaves += children }
    for child in children { try gather(child, level: level - 1, &leaves) }
  }

  private mutating func walk(
    _ page: PageID, level: Int, _ visit: (SurveyedPage) throws(StorageError) -> Void
  ) throws(StorageError) -> SurveyedPage {
    let place = survey.levels.count - 1 - level
    survey.levels[place].pageCount += 1
    var found = SurveyedPage(
      id: page.rawValue, level: level, usedBytes: 0, entryCount: 0, rowCount: 0, keys: ([], []),
      overflowPageCount: 0)
    var children: [PageID] = []
    try withPage(page, level: level) { node throws(StorageError) in
      count(node, at: place)
      found.usedBytes = node.usedBytes(pageSize: store.pageSize)
      if level > 0 {
        for child in 0...node.count { children.append(node.child(child)) }
      } else {
        describe(node, &found)
      }
    }
    for (number, child) in children.enumerated() {
      let below = try walk(child, level: level - 1, visit)
      found.rowCount &+= below.rowCount
      found.overflowPageCount += below.overflowPageCount
      if number == 0 { found.keys.first = below.keys.first }
      found.keys.last = below.keys.last
    }
    if level > 0 { found.entryCount = children.count }
    try visit(found)
    return found
  }

  private func describe(_ leaf: Node, _ found: inout SurveyedPage) {
    found.entryCount = leaf.count
    found.rowCount = UInt64(leaf.count)
    guard leaf.count > 0 else { return }
    let buffer = ByteBuffer()
    leaf.appendKey(0, to: buffer)
    found.keys.first = Array(buffer.bytes)
    buffer.removeAll()
    leaf.appendKey(leaf.count - 1, to: buffer)
    found.keys.last = Array(buffer.bytes)
    for i in 0..<leaf.count {
      let value = leaf.value(i)
      guard value.isOverflow else { continue }
      found.overflowPageCount += OverflowValue.pageCount(value.stored, pageSize: store.pageSize)
    }
  }

  private mutating func count(_ node: Node, at place: Int) {
    survey.levels[place].surveyedCount += 1
    survey.levels[place].usedBytes += node.usedBytes(pageSize: store.pageSize)
  }

  private func withPage(
    _ page: PageID, level: Int, _ body: (Node) throws(StorageError) -> Void
  ) throws(StorageError) {
    try look()
    let copy = UnsafeMutableRawPointer.allocate(byteCount: store.pageSize, alignment: 64)
    defer { copy.deallocate() }
    do {
      reader?.enter()
      defer { reader?.leave() }
      let node = try TreeReader.node(page, level: level, store)
      copy.copyMemory(from: node.base, byteCount: store.pageSize)
    }
    try body(Node(copy))
  }
}
