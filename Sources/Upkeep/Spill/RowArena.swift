/// Rows of one width that stay where they are, so that they can be read through a pointer.
///
/// Invariants:
/// - Row n lies in chunk n / 256, whose rows up to the last one are initialized; `chunks` has room for `capacity` of them.
/// - A chunk is neither moved nor freed before the arena is, or `removeAll` is called.
final class RowArena {
  private static var chunkRows: Int { 256 }

  private var chunks = UnsafeMutablePointer<UnsafeMutablePointer<Value>>.allocate(capacity: 8)
  private var capacity = 8
  /// Of the first row; what later rows have more is dropped, and what they have less is NULL.
  @exclusivity(unchecked) private(set) var width = 0
  @exclusivity(unchecked) private(set) var count = 0

  deinit {
    removeAll()
    chunks.deallocate()
  }

  func append(_ row: [Value]) {
    if count == 0 { width = row.count }
    if count % Self.chunkRows == 0 { addChunk() }
    let start = chunks[count / Self.chunkRows] + count % Self.chunkRows * width
    for column in 0..<width {
      (start + column).initialize(to: column < row.count ? row[column] : .null)
    }
    count += 1
  }

  private func addChunk() {
    let number = count / Self.chunkRows
    if number == capacity {
      let grown = UnsafeMutablePointer<UnsafeMutablePointer<Value>>.allocate(capacity: capacity * 2)
      grown.moveInitialize(from: chunks, count: capacity)
      chunks.deallocate()
      chunks = grown
      capacity *= 2
    }
    (chunks + number).initialize(to: .allocate(capacity: max(1, Self.chunkRows * width)))
  }

  /// A row, copied.
  func values(_ number: Int) -> [Value] {
    precondition(number >= 0 && number < count)
    return Array(places[number])
  }

  func removeAll() {
    for number in 0..<(count + Self.chunkRows - 1) / Self.chunkRows {
      let rows = min(Self.chunkRows, count - number * Self.chunkRows)
      chunks[number].deinitialize(count: rows * width)
      chunks[number].deallocate()
    }
    count = 0
  }

  /// Where the rows are, until the next one is added and as long as the arena is.
  var places: Places { Places(chunks: UnsafePointer(chunks), width: width) }

  struct Places {
    fileprivate let chunks: UnsafePointer<UnsafeMutablePointer<Value>>
    let width: Int

    /// A row that is there.
    @inline(__always)
    subscript(number: Int) -> UnsafeBufferPointer<Value> {
      let start = chunks[number / RowArena.chunkRows] + number % RowArena.chunkRows * width
      return UnsafeBufferPointer(start: start, count: width)
    }
  }
}
