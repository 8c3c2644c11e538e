/// The bytes of a file that lives in memory, in chunks that copies share until one of them changes.
///
/// A chunk that was never written is not there and reads as zero, so that a hole costs nothing and a copy
/// costs one reference a chunk.
package struct FileContents: Sendable {
  package let chunkSize: Int
  package private(set) var size: UInt64 = 0
  /// The chunks that take space.
  package private(set) var filledChunkCount = 0
  private var chunks: [Chunk?] = []

  /// - Parameter chunkSize: small where copies are many, large where files are.
  package init(chunkSize: Int) {
    self.chunkSize = chunkSize
  }

  /// The bytes read: fewer than asked for only where the file ends.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    guard offset < size else { return 0 }
    let count = Int(min(UInt64(buffer.count), size - offset))
    guard count > 0, let base = buffer.baseAddress else { return 0 }
    var done = 0
    while done < count {
      let offsetInChunk = (Int(offset) + done) % chunkSize
      let length = min(chunkSize - offsetInChunk, count - done)
      if let chunk = chunks[(Int(offset) + done) / chunkSize] {
        (base + done).copyMemory(from: chunk.bytes + offsetInChunk, byteCount: length)
      } else {
        (base + done).initializeMemory(as: UInt8.self, repeating: 0, count: length)
      }
      done += length
    }
    return count
  }

  package mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    let end = Int(offset) + bytes.count
    if UInt64(end) > size { grow(to: UInt64(end)) }
    var done = 0
    while done < bytes.count {
      let offsetInChunk = (Int(offset) + done) % chunkSize
      let length = min(chunkSize - offsetInChunk, bytes.count - done)
      let chunk = makeUnique((Int(offset) + done) / chunkSize, keepsBytes: length < chunkSize)
      (chunk.bytes + offsetInChunk).copyMemory(from: base + done, byteCount: length)
      done += length
    }
  }

  /// What is cut off and grown again reads as zero.
  package mutating func truncate(to newSize: UInt64) {
    guard newSize < size else { return grow(to: newSize) }
    let count = chunkCount(newSize)
    for index in count..<chunks.count where chunks[index] != nil { filledChunkCount -= 1 }
    chunks.removeSubrange(count...)
    let used = Int(newSize % UInt64(chunkSize))
    if used > 0, chunks[count - 1] != nil {
      let chunk = makeUnique(count - 1, keepsBytes: true)
      (chunk.bytes + used).initializeMemory(as: UInt8.self, repeating: 0, count: chunkSize - used)
    }
    size = newSize
  }

  /// Gives every chunk of the range its space; what is new reads as zero.
  package mutating func allocate(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    if range.upperBound > size { grow(to: range.upperBound) }
    for index in Int(range.lowerBound) / chunkSize..<chunkCount(range.upperBound) where chunks[index] == nil {
      _ = makeUnique(index, keepsBytes: true)
    }
  }

  /// The chunks that a change of this range would have to find space for.
  package func missingChunkCount(in range: Range<UInt64>) -> Int {
    guard !range.isEmpty else { return 0 }
    var count = 0
    for index in Int(range.lowerBound) / chunkSize..<chunkCount(range.upperBound)
    where index >= chunks.count || chunks[index] == nil {
      count += 1
    }
    return count
  }

  private mutating func grow(to newSize: UInt64) {
    let count = chunkCount(newSize)
    if count > chunks.count {
      chunks.append(contentsOf: repeatElement(nil, count: count - chunks.count))
    }
    size = newSize
  }

  private func chunkCount(_ size: UInt64) -> Int {
    (Int(size) + chunkSize - 1) / chunkSize
  }

  private mutating func makeUnique(_ index: Int, keepsBytes: Bool) -> Chunk {
    // Asked before a local refers to it too.
    let isUnique = isKnownUniquelyReferenced(&chunks[index])
    guard let old = chunks[index] else {
      let new = Chunk(zeroed: chunkSize)
      chunks[index] = new
      filledChunkCount += 1
      return new
    }
    if isUnique { return old }
    let new = keepsBytes ? Chunk(copying: old) : Chunk(zeroed: chunkSize)
    chunks[index] = new
    return new
  }
}

extension FileContents {
  /// Raw memory with an owner. Changed only while one `FileContents` alone refers to it.
  private final class Chunk: @unchecked Sendable {
    let bytes: UnsafeMutableRawPointer
    private let byteCount: Int

    init(zeroed byteCount: Int) {
      self.byteCount = byteCount
      bytes = .allocate(byteCount: byteCount, alignment: 16)
      bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    init(copying other: Chunk) {
      byteCount = other.byteCount
      bytes = .allocate(byteCount: byteCount, alignment: 16)
      bytes.copyMemory(from: other.bytes, byteCount: byteCount)
    }

    deinit { bytes.deallocate() }
  }
}
