import CZlib

/// Bytes on their way into a gzip file.
final class GzipEncoder {
  private var stream = z_stream()
  private var isOpen: Bool

  init() {
    isOpen =
      deflateInit2_(
        &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit { if isOpen { deflateEnd(&stream) } }

  /// The bytes that come out for those that go in; with `isLast` all that are left. Nil if zlib fails.
  func encode(_ bytes: [UInt8], isLast: Bool) -> [UInt8]? {
    guard isOpen else { return nil }
    var result: [UInt8] = []
    var input = bytes
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let isDone = input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while true {
        let status = chunk.withUnsafeMutableBufferPointer { chunk in
          stream.next_out = chunk.baseAddress
          stream.avail_out = UInt32(chunk.count)
          return deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
        }
        result += chunk[..<(chunk.count - Int(stream.avail_out))]
        if status == Z_STREAM_END { return true }
        guard status == Z_OK || status == Z_BUF_ERROR else { return false }
        if !isLast && stream.avail_out > 0 { return true }
      }
    }
    if isLast {
      deflateEnd(&stream)
      isOpen = false
    }
    return isDone ? result : nil
  }
}
