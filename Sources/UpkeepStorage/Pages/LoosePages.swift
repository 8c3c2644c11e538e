/// Where pages lie that no map on disk has: by page id, in blocks, so that many of them take little more than their
/// entries. It is never on disk.
struct LoosePages {
  private static let blockCount = 256

  private final class Block {
    var entries = [MapEntry](repeating: .none, count: LoosePages.blockCount)
    var count = 0
    init() {}
    init(copying other: Block) {
      entries = other.entries
      count = other.count
    }
  }

  private var blocks: [Block?] = []
  private(set) var count = 0

  init() {}

  var isEmpty: Bool { count == 0 }

  subscript(id: UInt64) -> MapEntry? {
    get {
      // Any number may stand in a file.
      guard let place = Int(exactly: id) else { return nil }
      let number = place / Self.blockCount
      guard number < blocks.count, let block = blocks[number] else { return nil }
      let entry = block.entries[place % Self.blockCount]
      return entry.isNone ? nil : entry
    }
    set {
      guard let newValue else {
        _ = remove(id)
        return
      }
      let number = Int(id) / Self.blockCount
      while blocks.count <= number { blocks.append(nil) }
      let block = own(number)
      if block.entries[Int(id) % Self.blockCount].isNone {
        block.count += 1
        count += 1
      }
      block.entries[Int(id) % Self.blockCount] = newValue
    }
  }

  mutating func remove(_ id: UInt64) -> MapEntry? {
    guard let entry = self[id] else { return nil }
    let number = Int(id) / Self.blockCount
    let block = own(number)
    block.entries[Int(id) % Self.blockCount] = .none
    block.count -= 1
    count -= 1
    if block.count == 0 { blocks[number] = nil }
    if count == 0 { blocks = [] }
    return entry
  }

  /// A block that no copy shares.
  private mutating func own(_ number: Int) -> Block {
    if isKnownUniquelyReferenced(&blocks[number]), let block = blocks[number] { return block }
    let made = blocks[number].map { Block(copying: $0) } ?? Block()
    blocks[number] = made
    return made
  }

  var extents: [Extent] {
    blocks.flatMap { $0?.entries.filter { !$0.isNone }.map(\.extent) ?? [] }
  }
}
