internal import UpkeepStorage

/// The rows of a recursive table with ORDER BY that are yet to be shown and gone on from: the first in order comes next, and
/// of equal ones the one that came first.
struct RecursionQueue {
  private struct Entry {
    let key: [UInt8]
    let number: Int
    let row: [Value]

    func isBefore(_ other: Entry) -> Bool {
      let order = key.withUnsafeBytes { Bytes.compare($0, other.key) }
      return order != 0 ? order < 0 : number < other.number
    }
  }

  private let order: [SortTerm]
  /// What it may hold: it does not leave memory.
  private static let mostBytes = 64 << 20
  private var byteCount = 0
  private var count = 0
  /// A heap: each entry is before those at 2n + 1 and 2n + 2.
  private var heap: [Entry] = []
  private let buffer = ByteBuffer(capacity: 64)

  init(_ order: [SortTerm]) { self.order = order }

  /// - Throws: `limit` if it holds too much.
  mutating func add(_ row: [Value], of table: String) throws(UpkeepError) {
    buffer.removeAll()
    for term in order { try term.append(row[term.output], to: buffer) }
    let entry = Entry(key: Array(buffer.bytes), number: count, row: row)
    count += 1
    byteCount += entry.key.count + row.rowByteCount
    if byteCount > Self.mostBytes {
      throw UpkeepError(
        .limit,
        "ORDER BY in the recursive \(table) keeps more than \(Self.mostBytes) bytes of rows to go on from")
    }
    heap.append(entry)
    var place = heap.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard heap[place].isBefore(heap[parent]) else { break }
      heap.swapAt(place, parent)
      place = parent
    }
  }

  mutating func next() -> [Value]? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    byteCount -= first.key.count + first.row.rowByteCount
    guard !heap.isEmpty else { return first.row }
    heap[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == place { break }
      heap.swapAt(place, least)
      place = least
    }
    return first.row
  }
}
