internal import UpkeepStorage

/// Rows found by their numbers: in memory while they are few, else in a file, of which some blocks that were read last are
/// in memory.
///
/// Its life: rows are appended; then they are read, in any order. Who reads at a few places that move on little by little
/// meets the file once a block.
final class IndexedRows {
  /// How many rows are read at once, and of how many bytes at least a block is, if it has fewer.
  private static let blockRows = 64
  private static let blockBytes: UInt64 = 1 << 14
  private static let keptBlocks = 8

  /// Where some rows begin in the file, and which is the first of them.
  private struct Block {
    let first: Int
    let offset: UInt64
  }

  private let memory: QueryMemory
  private var rows: [[Value]] = []
  private var counted = 0
  private(set) var count = 0

  private var file: SpillFile?
  private var blocks: [Block] = []
  private let buffer = ByteBuffer()
  private lazy var reader = file.map { SpillReader($0, 0..<$0.end, blockCount: Int(Self.blockBytes)) }
  /// The blocks read last, that which was read before all others first.
  private var kept: [(first: Int, rows: [[Value]])] = []

  init(_ memory: QueryMemory) { self.memory = memory }

  deinit { memory.give(counted) }

  func append(_ row: [Value]) throws(UpkeepError) {
    count += 1
    if let file { return try write(row, file) }
    rows.append(row)
    let own = row.rowByteCount
    counted += own
    memory.take(own)
    if memory.isTooMuch(counted) { try leaveMemory() }
  }

  private func leaveMemory() throws(UpkeepError) {
    let file = try memory.makeFile()
    self.file = file
    let all = rows
    (rows, count) = ([], 0)
    for row in all {
      count += 1
      try write(row, file)
    }
    memory.give(counted)
    counted = 0
  }

  private func write(_ row: [Value], _ file: SpillFile) throws(UpkeepError) {
    let isFull = blocks.last.map {
      count - 1 - $0.first >= Self.blockRows || file.end - $0.offset >= Self.blockBytes
    }
    if isFull ?? true { blocks.append(Block(first: count - 1, offset: file.end)) }
    buffer.removeAll()
    buffer.spill(row)
    try file.append(UnsafeRawBufferPointer(start: nil, count: 0), buffer.bytes)
  }

  /// All rows are there.
  func finish() throws(UpkeepError) { try file?.flush() }

  /// A row by its number, from 0.
  func row(_ number: Int) throws(UpkeepError) -> [Value] {
    if file == nil { return rows[number] }
    if let last = kept.last, number >= last.first, number - last.first < last.rows.count {
      return last.rows[number - last.first]
    }
    let place = kept.lastIndex { number >= $0.first && number - $0.first < $0.rows.count }
    let block: (first: Int, rows: [[Value]])
    if let place { block = kept.remove(at: place) } else { block = try read(number) }
    if kept.count == Self.keptBlocks { kept.removeFirst() }
    kept.append(block)
    return block.rows[number - block.first]
  }

  private func read(_ number: Int) throws(UpkeepError) -> (first: Int, rows: [[Value]]) {
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].first <= number { low = middle + 1 } else { high = middle }
    }
    guard low > 0, number < count, let reader else { throw SpillFile.damaged }
    let first = blocks[low - 1].first
    let end = low < blocks.count ? blocks[low].first : count
    reader.move(to: blocks[low - 1].offset)
    var rows: [[Value]] = []
    rows.reserveCapacity(end - first)
    while rows.count < end - first {
      guard try reader.next() else { throw SpillFile.damaged }
      var bytes = SpilledBytes(reader.row)
      rows.append(try bytes.row())
    }
    return (first, rows)
  }
}
