internal import UpkeepStorage

/// A range of encoded keys: `lower <= key < upper`, nil where it is open.
package struct KeyBounds: Sendable {
  package var lower: [UInt8]?
  package var upper: [UInt8]?

  package init(lower: [UInt8]? = nil, upper: [UInt8]? = nil) {
    self.lower = lower
    self.upper = upper
  }

  package static let all = KeyBounds()

  /// All keys that begin with these bytes.
  package init(prefix: [UInt8]) {
    self.init(lower: prefix, upper: Self.successor(of: prefix))
  }

  /// The least bytes above everything that begins with `prefix`; nil if there are none.
  ///
  /// The parts of a key delimit themselves, so that the keys whose first parts are `p` are those that begin
  /// with the bytes of `p`.
  package static func successor(of prefix: [UInt8]) -> [UInt8]? {
    var bytes = prefix
    while let last = bytes.last {
      if last < 0xFF {
        bytes[bytes.count - 1] = last + 1
        return bytes
      }
      bytes.removeLast()
    }
    return nil
  }

  package func withBytes<T>(
    _ body: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?) throws(UpkeepError) -> T
  ) throws(UpkeepError) -> T {
    switch (lower, upper) {
    case (nil, nil):
      return try body(nil, nil)
    case (let lower?, nil):
      return try Self.borrow(lower) { l throws(UpkeepError) in try body(l, nil) }
    case (nil, let upper?):
      return try Self.borrow(upper) { u throws(UpkeepError) in try body(nil, u) }
    case (let lower?, let upper?):
      return try Self.borrow(lower) { l throws(UpkeepError) in
        try Self.borrow(upper) { u throws(UpkeepError) in try body(l, u) }
      }
    }
  }

  /// `withUnsafeBytes` with a typed error. An empty array lends an empty buffer, not none.
  package static func borrow<T>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(UpkeepError) -> T
  ) throws(UpkeepError) -> T {
    let result: Result<T, UpkeepError> = bytes.withUnsafeBytes { buffer in
      do throws(UpkeepError) { return .success(try body(buffer)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  static func borrowing<T>(
    _ a: [UInt8], _ b: [UInt8], _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> T
  ) -> T {
    a.withUnsafeBytes { a in b.withUnsafeBytes { b in body(a, b) } }
  }
}
