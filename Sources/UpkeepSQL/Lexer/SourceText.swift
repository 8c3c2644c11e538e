import Upkeep

/// The bytes of a text of statements, and where in it something stands. Positions are worked out only
/// when an error needs one.
package struct SourceText: Sendable {
  package let bytes: [UInt8]
  /// The number of the first line, for a text that is part of a longer one.
  package let firstLine: Int

  package init(_ bytes: [UInt8], firstLine: Int = 1) {
    self.bytes = bytes
    self.firstLine = firstLine
  }

  /// The longest line that an error carries whole; a longer one would hide the message.
  static let longestLineShown = 2_000

  /// The text of a range of bytes; what is not UTF-8 in it becomes U+FFFD.
  package func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self)
  }

  /// Line and column, in characters from 1, of a byte, and the line itself unless it is very long.
  package func position(of offset: Int) -> (line: Int, column: Int, text: String?) {
    let newline = UInt8(ascii: "\n")
    let end = min(max(offset, 0), bytes.count)
    var line = firstLine
    var start = 0
    bytes.withUnsafeBufferPointer { buffer in
      for index in 0..<end where buffer[index] == newline {
        line += 1
        start = index + 1
      }
    }
    let column = String(decoding: bytes[start..<end], as: UTF8.self).count + 1
    var stop = end
    while stop < bytes.count, bytes[stop] != newline, stop - start <= Self.longestLineShown { stop += 1 }
    if stop - start > Self.longestLineShown { return (line, column, nil) }
    if stop > start, bytes[stop - 1] == UInt8(ascii: "\r") { stop = max(start, stop - 1) }
    return (line, column, String(decoding: bytes[start..<stop], as: UTF8.self))
  }

  /// The error with the place of a byte in it.
  package func locate(_ error: UpkeepError, at offset: Int) -> UpkeepError {
    var located = error
    let place = position(of: offset)
    located.line = place.line
    located.textColumn = place.column
    located.sourceLine = place.text
    return located
  }

  /// An error at a byte of the text.
  package func error(_ code: UpkeepError.Code, _ message: String, at offset: Int) -> SyntaxError {
    SyntaxError(locate(UpkeepError(code, message), at: offset))
  }
}

/// An error of reading a text, in a box: the reader is recursive, and a whole `UpkeepError` in each of its
/// frames would use up the stack many times sooner.
package final class SyntaxError: Error {
  package let error: UpkeepError

  package init(_ error: UpkeepError) { self.error = error }
}
