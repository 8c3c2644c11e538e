/// Where the bytes of a feed come from: a file, a pipe, memory.
package protocol ByteSource: AnyObject {
  /// Puts the next bytes at the start of `target`, which is not empty.
  ///
  /// - Returns: how many; 0 at the end and ever after.
  func read(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int

  /// Has a read that waits for bytes on another thread end soon, with an error: nobody wants them any more. A source that
  /// never waits has nothing to do.
  func stopWaiting()
}

extension ByteSource {
  package func stopWaiting() {}
}

/// Bytes in memory as a source, handed out in pieces of at most `chunkSize`.
package final class MemoryByteSource: ByteSource {
  private let bytes: [UInt8]
  private let chunkSize: Int
  private var offset = 0

  package init(_ bytes: [UInt8], chunkSize: Int = .max) {
    self.bytes = bytes
    self.chunkSize = max(chunkSize, 1)
  }

  package convenience init(_ text: String, chunkSize: Int = .max) {
    self.init(Array(text.utf8), chunkSize: chunkSize)
  }

  package func read(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
    let count = min(target.count, chunkSize, bytes.count - offset)
    target.copyBytes(from: bytes[offset..<(offset + count)])
    offset += count
    return count
  }
}
