/// For each input row what became of it. Of rows one after the other that all ended alike one byte is kept for
/// thousands, so that a load of whatever length takes no memory here.
final class RowKinds {
  typealias Kind = StatementSummary.Kind

  private static let shift = 14
  private static let blockCount = 1 << shift

  /// A block's rows, one by one; nil where all are as `alike` says.
  @exclusivity(unchecked) private var blocks: [UnsafeMutablePointer<Kind>?] = []
  @exclusivity(unchecked) private var alike: [Kind] = []
  @exclusivity(unchecked) private(set) var count = 0
  /// Blocks before this one were looked at.
  private var examined = 0

  init() {}

  deinit { for block in blocks { block?.deallocate() } }

  var isEmpty: Bool { count == 0 }

  func append(_ kind: Kind) {
    if count & (Self.blockCount - 1) == 0 {
      let block = UnsafeMutablePointer<Kind>.allocate(capacity: Self.blockCount)
      block.initialize(repeating: kind, count: Self.blockCount)
      blocks.append(block)
      alike.append(kind)
    }
    count += 1
    self[count - 1] = kind
  }

  /// Appends the same for several rows.
  func append(_ kind: Kind, count more: Int) {
    for _ in 0..<more { append(kind) }
  }

  subscript(row: Int) -> Kind {
    @inline(__always) get {
      let block = row >> Self.shift
      return blocks[block]?[row & (Self.blockCount - 1)] ?? alike[block]
    }
    @inline(__always) set {
      let block = blocks[row >> Self.shift] ?? takeApart(row >> Self.shift)
      block[row & (Self.blockCount - 1)] = newValue
    }
  }

  @inline(never)
  private func takeApart(_ number: Int) -> UnsafeMutablePointer<Kind> {
    let block = UnsafeMutablePointer<Kind>.allocate(capacity: Self.blockCount)
    block.initialize(repeating: alike[number], count: Self.blockCount)
    blocks[number] = block
    return block
  }

  /// Nothing becomes of rows before this one any more, or seldom.
  func settle(before row: Int) {
    while (examined + 1) << Self.shift <= row {
      if let block = blocks[examined], (1..<Self.blockCount).allSatisfy({ block[$0] == block[0] }) {
        alike[examined] = block[0]
        blocks[examined] = nil
        block.deallocate()
      }
      examined += 1
    }
  }

  /// Blocks that are kept row by row, for tests.
  var blocksApart: Int { blocks.count { $0 != nil } }

  /// How many rows there are of each kind.
  var tally: [Kind: Int] {
    var tally: [Kind: Int] = [:]
    var row = 0
    while row < count {
      let block = row >> Self.shift
      let end = min((block + 1) << Self.shift, count)
      guard let kinds = blocks[block] else {
        tally[alike[block], default: 0] += end - row
        row = end
        continue
      }
      // Runs of one kind are mostly long, and a look into a dictionary for each row is not cheap.
      while row < end {
        let kind = kinds[row & (Self.blockCount - 1)]
        let start = row
        while row < end, kinds[row & (Self.blockCount - 1)] == kind { row += 1 }
        tally[kind, default: 0] += row - start
      }
    }
    return tally
  }
}
