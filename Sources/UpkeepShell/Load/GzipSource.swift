import CZlib
import Upkeep

/// The bytes of a gzip file as they were before, of all of its members one after the other. Anything else as it is.
///
/// What is damaged or cut off is an error when it is read, and with it the load: the check of each member counts.
final class GzipSource: ByteSource {
  private enum State {
    case start
    case plain
    case within
    /// A member has ended; another may follow, or zeros.
    case between
    case ended
  }

  private let source: any ByteSource
  private let path: String
  private let mustBeGzip: Bool
  private let chunk = UnsafeMutablePointer<UInt8>.allocate(capacity: GzipSource.chunkSize)
  private static let chunkSize = 64 << 10
  /// What is at hand and not used.
  private var next = 0
  private var filled = 0
  private var stream = z_stream()
  private var hasStream = false
  private var state = State.start

  /// - Parameter mustBeGzip: whether the name says so.
  init(_ source: any ByteSource, path: String, mustBeGzip: Bool) {
    self.source = source
    self.path = path
    self.mustBeGzip = mustBeGzip
  }

  deinit {
    if hasStream { inflateEnd(&stream) }
    chunk.deallocate()
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
    while true {
      switch state {
      case .start: try begin()
      case .plain: return try readPlain(into: target)
      case .within:
        let count = try inflate(into: target)
        if count > 0 { return count }
      case .between: try goOn()
      case .ended: return 0
      }
    }
  }

  func stopWaiting() { source.stopWaiting() }

  /// What other files begin with whose bytes are no text.
  private static let others: [(start: [UInt8], what: String)] = [
    (Array("PK\u{3}\u{4}".utf8), "it is a zip archive, or a spreadsheet; unpack it, or save it as CSV"),
    (
      [0xFD, 0x37, 0x7A, 0x58, 0x5A],
      "it is packed by xz; unpack it, as in `xz -dc FILE | upkeep load DATABASE - …`"
    ),
    (
      [0x28, 0xB5, 0x2F, 0xFD],
      "it is packed by zstd; unpack it, as in `zstd -dc FILE | upkeep load DATABASE - …`"
    ),
    (
      Array("SQLite format 3\u{0}".utf8),
      "it is a SQLite database; `upkeep import-sqlite DATABASE FILE` takes it over"
    ),
    (
      Array("UPKEEPDB".utf8), "it is a database of Upkeep; `upkeep dump FILE | upkeep DATABASE` takes it over"
    ),
  ]

  /// Looks at the first bytes.
  private func begin() throws(UpkeepError) {
    while filled < 16, try readMore() {}
    if let other = Self.others.first(where: {
      UnsafeBufferPointer(start: chunk, count: filled).starts(with: $0.start)
    }) {
      throw broken(other.what)
    }
    if filled >= 2, chunk[0] == 0x1F, chunk[1] == 0x8B {
      state = .within
    } else if mustBeGzip {
      throw broken("it is not gzip, as its name says")
    } else {
      state = .plain
    }
  }

  private func readPlain(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
    guard next < filled else { return try source.read(into: target) }
    let count = min(target.count, filled - next)
    target.copyMemory(from: UnsafeRawBufferPointer(start: chunk + next, count: count))
    next += count
    return count
  }

  /// Adds to what is at hand; false at the end.
  private func readMore() throws(UpkeepError) -> Bool {
    if next == filled { (next, filled) = (0, 0) }
    let room = UnsafeMutableRawBufferPointer(start: chunk + filled, count: Self.chunkSize - filled)
    let count = try source.read(into: room)
    filled += count
    return count > 0
  }

  private func inflate(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
    if !hasStream {
      // 16 more than the greatest window: a header and trailer of gzip, whose checks zlib makes.
      guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw broken("zlib does not start")
      }
      hasStream = true
    }
    guard next < filled ? true : try readMore() else { throw broken("it is cut off") }
    let room = min(target.count, Int(UInt32.max >> 1))
    stream.next_in = chunk + next
    stream.avail_in = UInt32(filled - next)
    stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
    stream.avail_out = UInt32(room)
    let result = CZlib.inflate(&stream, Z_NO_FLUSH)
    next = filled - Int(stream.avail_in)
    let count = room - Int(stream.avail_out)
    switch result {
    case Z_STREAM_END: state = .between
    case Z_OK, Z_BUF_ERROR: break
    default:
      throw broken("it is damaged (\(stream.msg.map { String(cString: $0) } ?? "zlib error \(result)"))")
    }
    return count
  }

  /// Between members: another one, zeros to the end, or the end.
  private func goOn() throws(UpkeepError) {
    guard next < filled ? true : try readMore() else {
      state = .ended
      return
    }
    if chunk[next] == 0 {
      next += 1
      return
    }
    guard chunk[next] == 0x1F else { throw broken("something that is not gzip follows its data") }
    guard inflateReset(&stream) == Z_OK else { throw broken("zlib does not go on") }
    state = .within
  }

  private func broken(_ what: String) -> UpkeepError {
    UpkeepError(.badInput, "cannot read \(path == "-" ? "standard input" : path): \(what)")
  }
}
