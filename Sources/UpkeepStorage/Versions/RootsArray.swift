/// The roots of all trees of a version, by tree id: a copy-on-write array in chunks, so that a commit copies
/// the chunks of the trees that it changed and no more.
///
/// A chunk is a page of the roots array on disk.
struct RootsArray: Sendable {
  static let entryByteCount = 40

  /// Roots of consecutive ids; nil: no such tree. Never changed once a version holds it.
  ///
  /// In memory it ends with its last tree, so that the few trees of most stores are a few bytes to copy.
  final class Chunk: Sendable {
    let roots: [TreeRoot?]
    /// What is left of trees that were dropped, by their places.
    let dropped: [Int: TreeRoot]

    init(_ roots: [TreeRoot?], dropped: [Int: TreeRoot] = [:]) {
      self.roots = roots
      self.dropped = dropped
    }
  }

  let chunkSize: Int
  private(set) var chunks: [Chunk?] = []
  /// Trees that were dropped and have pages left.
  private(set) var droppedCount = 0

  init(pageSize: Int) {
    chunkSize = (pageSize - PageStore.headerSize) / Self.entryByteCount
  }

  subscript(tree: TreeID) -> TreeRoot? {
    let index = tree.rawValue / UInt64(chunkSize)
    guard index < UInt64(chunks.count), let chunk = chunks[Int(index)] else { return nil }
    let place = Int(tree.rawValue % UInt64(chunkSize))
    return place < chunk.roots.count ? chunk.roots[place] : nil
  }

  mutating func set(_ tree: TreeID, _ root: TreeRoot?) {
    let index = Int(tree.rawValue / UInt64(chunkSize))
    if root == nil, index >= chunks.count { return }
    grow(toHold: index)
    let place = Int(tree.rawValue % UInt64(chunkSize))
    var roots = chunks[index]?.roots ?? []
    if place >= roots.count { roots.append(contentsOf: repeatElement(nil, count: place + 1 - roots.count)) }
    roots[place] = root
    set(index, roots, chunks[index]?.dropped ?? [:])
  }

  /// What is left of a tree that was dropped.
  func dropped(_ tree: TreeID) -> TreeRoot? {
    let index = tree.rawValue / UInt64(chunkSize)
    guard index < UInt64(chunks.count) else { return nil }
    return chunks[Int(index)]?.dropped[Int(tree.rawValue % UInt64(chunkSize))]
  }

  /// Says what is left of a tree that was dropped; nil: nothing.
  mutating func setDropped(_ tree: TreeID, _ root: TreeRoot?) {
    let index = Int(tree.rawValue / UInt64(chunkSize))
    grow(toHold: index)
    var dropped = chunks[index]?.dropped ?? [:]
    droppedCount -= dropped.count
    dropped[Int(tree.rawValue % UInt64(chunkSize))] = root
    droppedCount += dropped.count
    set(index, chunks[index]?.roots ?? [], dropped)
  }

  private mutating func set(_ index: Int, _ roots: [TreeRoot?], _ dropped: [Int: TreeRoot]) {
    let isEmpty = dropped.isEmpty && roots.allSatisfy { $0 == nil }
    chunks[index] = isEmpty ? nil : Chunk(roots, dropped: dropped)
  }

  private mutating func grow(toHold index: Int) {
    if index >= chunks.count {
      chunks.append(contentsOf: repeatElement(nil, count: index + 1 - chunks.count))
    }
  }

  /// Puts a chunk that was read from disk in its place.
  mutating func setChunk(_ index: Int, _ chunk: Chunk) {
    grow(toHold: index)
    droppedCount += chunk.dropped.count - (chunks[index]?.dropped.count ?? 0)
    chunks[index] = chunk
  }

  /// Every tree there is, by id.
  var trees: [(TreeID, TreeRoot)] {
    var result: [(TreeID, TreeRoot)] = []
    for (i, chunk) in chunks.enumerated() {
      guard let chunk else { continue }
      for (j, root) in chunk.roots.enumerated() {
        if let root { result.append((TreeID(rawValue: UInt64(i * chunkSize + j)), root)) }
      }
    }
    return result
  }

  /// Every tree that was dropped and has pages left, by id.
  var droppedTrees: [(TreeID, TreeRoot)] {
    guard droppedCount > 0 else { return [] }
    return chunks.enumerated().flatMap { i, chunk in
      (chunk?.dropped ?? [:]).sorted { $0.key < $1.key }.map {
        (TreeID(rawValue: UInt64(i * chunkSize + $0.key)), $0.value)
      }
    }
  }

  // MARK: On disk

  static func encode(_ chunk: Chunk, into page: UnsafeMutableRawPointer) {
    for (i, root) in chunk.roots.enumerated() { if let root { encode(root, state: 1, at: i, into: page) } }
    for (i, root) in chunk.dropped { encode(root, state: 2, at: i, into: page) }
  }

  private static func encode(
    _ root: TreeRoot, state: UInt32, at i: Int, into page: UnsafeMutableRawPointer
  ) {
    let at = page + PageStore.headerSize + i * entryByteCount
    at.setInteger(0, root.page.rawValue)
    at.setInteger(8, root.count)
    at.setInteger(16, root.overflowPages)
    at.setInteger(24, UInt32(root.height))
    at.setInteger(28, state)
  }

  /// - Returns: nil where an entry makes no sense.
  static func decode(_ page: UnsafeRawPointer, chunkSize: Int) -> Chunk? {
    var roots: [TreeRoot?] = []
    var dropped: [Int: TreeRoot] = [:]
    for i in 0..<chunkSize {
      let at = page + PageStore.headerSize + i * entryByteCount
      let state: UInt32 = at.integer(28)
      switch state {
      case 0:
        roots.append(nil)
      case 1, 2:
        let root = TreeRoot(
          page: PageID(rawValue: at.integer(0)), height: Int(at.integer(24, UInt32.self)),
          count: at.integer(8), overflowPages: at.integer(16))
        guard root.height <= 32, (root.height == 0) == (root.page == .none),
          root.page.rawValue < PageTable.limit
        else { return nil }
        roots.append(state == 1 ? root : nil)
        if state == 2 { dropped[i] = root }
      default:
        return nil
      }
    }
    let count = (roots.lastIndex { $0 != nil }).map { $0 + 1 } ?? 0
    return Chunk(Array(roots.prefix(count)), dropped: dropped)
  }
}
