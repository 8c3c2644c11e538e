/// The roots of all trees of a version, by tree id: a copy-on-write array in chunks, so that a commit copies
/// the chunks of the trees that it changed and no more.
///
/// A chunk is a page of the roots array on disk.
struct RootsArray: Sendable {
  static let entryByteCount = 40

  /// Roots of consecutive ids; nil: no such tree. Never changed once a version holds it.
  final class Chunk: Sendable {
    let roots: [TreeRoot?]
    init(_ roots: [TreeRoot?]) { self.roots = roots }
  }

  let chunkSize: Int
  private(set) var chunks: [Chunk?] = []

  init(pageSize: Int) {
    chunkSize = (pageSize - PageStore.headerSize) / Self.entryByteCount
  }

  subscript(tree: TreeID) -> TreeRoot? {
    let index = tree.rawValue / UInt64(chunkSize)
    guard index < UInt64(chunks.count), let chunk = chunks[Int(index)] else { return nil }
    return chunk.roots[Int(tree.rawValue % UInt64(chunkSize))]
  }

  mutating func set(_ tree: TreeID, _ root: TreeRoot?) {
    let index = Int(tree.rawValue / UInt64(chunkSize))
    if index >= chunks.count {
      guard root != nil else { return }
      chunks.append(contentsOf: repeatElement(nil, count: index + 1 - chunks.count))
    }
    var roots = chunks[index]?.roots ?? Array(repeating: nil, count: chunkSize)
    roots[Int(tree.rawValue % UInt64(chunkSize))] = root
    chunks[index] = roots.allSatisfy { $0 == nil } ? nil : Chunk(roots)
  }

  /// Puts a chunk that was read from disk in its place.
  mutating func setChunk(_ index: Int, _ chunk: Chunk) {
    if index >= chunks.count {
      chunks.append(contentsOf: repeatElement(nil, count: index + 1 - chunks.count))
    }
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

  // MARK: On disk

  static func encode(_ chunk: Chunk, into page: UnsafeMutableRawPointer) {
    for (i, root) in chunk.roots.enumerated() {
      guard let root else { continue }
      let at = page + PageStore.headerSize + i * entryByteCount
      at.setInteger(0, root.page.rawValue)
      at.setInteger(8, root.count)
      at.setInteger(16, root.overflowPages)
      at.setInteger(24, UInt32(root.height))
      at.setInteger(28, UInt32(1))
    }
  }

  /// - Returns: nil where an entry makes no sense.
  static func decode(_ page: UnsafeRawPointer, chunkSize: Int) -> Chunk? {
    var roots: [TreeRoot?] = []
    for i in 0..<chunkSize {
      let at = page + PageStore.headerSize + i * entryByteCount
      switch at.integer(28, UInt32.self) {
      case 0:
        roots.append(nil)
      case 1:
        let root = TreeRoot(
          page: PageID(rawValue: at.integer(0)), height: Int(at.integer(24, UInt32.self)),
          count: at.integer(8), overflowPages: at.integer(16))
        guard root.height <= 32, (root.height == 0) == (root.page == .none),
          root.page.rawValue < PageTable.limit
        else { return nil }
        roots.append(root)
      default:
        return nil
      }
    }
    return Chunk(roots)
  }
}
