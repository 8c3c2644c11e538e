import Foundation

/// Bytes on their way to a file descriptor: gathered, and written when a statement is done or they are many.
final class Output {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// The first failure of a write (`EPIPE` where the reader has gone); nothing is written after it.
  private(set) var failure: Int32?

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    buffer.reserveCapacity(64 << 10)
  }

  /// A file to write to, made anew.
  static func file(_ path: String) throws(ShellError) -> Output {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ShellError.system("cannot write \(path)", errno) }
    return Output(descriptor)
  }

  func write(_ byte: UInt8) {
    buffer.append(byte)
  }

  func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    flushIfLong()
  }

  func write(_ text: StaticString) {
    buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  func write(_ bytes: [UInt8]) {
    buffer.append(contentsOf: bytes)
    flushIfLong()
  }

  func close() {
    flush()
    Foundation.close(descriptor)
  }

  private func flushIfLong() {
    if buffer.count >= 60 << 10 { flush() }
  }

  /// Writes what was gathered.
  func flush() {
    defer { buffer.removeAll(keepingCapacity: buffer.count <= 1 << 20) }
    guard failure == nil else { return }
    buffer.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = Foundation.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if count > 0 {
          offset += count
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
  }
}
