/// How values compare: in expressions, in ORDER BY and, byte for byte the same, in keys.
///
/// NULL, then numbers (with booleans), timestamps, text (with JSON), UUIDs, blobs. 1 and 1.0 are equal; integers
/// and reals compare exactly, beyond 2^53 too. For columns of one type this is the order of that type.
package enum ValueOrder {
  /// Less than, equal to or greater than zero, as the first is to the second. NULL equals NULL here.
  package static func compare(_ a: Value, _ b: Value, collation: Collation = .binary) -> Int {
    switch (a, b) {
    case (.integer(let left), .integer(let right)):
      return left < right ? -1 : left == right ? 0 : 1
    case (.text(let left), .text(let right)), (.text(let left), .json(let right)),
      (.json(let left), .text(let right)), (.json(let left), .json(let right)):
      return compare(left, right, collation)
    case (.real(let left), .real(let right)):
      return compare(left, right)
    case (.integer(let left), .real(let right)):
      return compare(left, right)
    case (.real(let left), .integer(let right)):
      return -compare(right, left)
    case (.boolean(let left), _):
      return compare(.integer(left ? 1 : 0), b, collation: collation)
    case (_, .boolean(let right)):
      return compare(a, .integer(right ? 1 : 0), collation: collation)
    case (.timestamp(let left), .timestamp(let right)):
      return left < right ? -1 : left == right ? 0 : 1
    case (.uuid(let left), .uuid(let right)):
      return left < right ? -1 : left == right ? 0 : 1
    case (.blob(let left), .blob(let right)):
      return left.withUnsafeBytes { left in right.withUnsafeBytes { TextBytes.compare(left, $0) } }
    default:
      return rank(a) - rank(b)
    }
  }

  /// Whether two values are the same key. NULL equals NULL here.
  package static func equal(_ a: Value, _ b: Value, collation: Collation = .binary) -> Bool {
    compare(a, b, collation: collation) == 0
  }

  private static func rank(_ value: Value) -> Int {
    switch value {
    case .null: 0
    case .integer, .real, .boolean: 1
    case .timestamp: 2
    case .text, .json: 3
    case .uuid: 4
    case .blob: 5
    }
  }

  static func compare(_ a: Double, _ b: Double) -> Int { a < b ? -1 : a == b ? 0 : 1 }

  /// An integer with a real, exactly. A NaN, which no row has, is below all.
  static func compare(_ a: Int64, _ b: Double) -> Int {
    if !(b < 0x1p63) { return b.isNaN ? 1 : -1 }
    if b < -0x1p63 { return 1 }
    let whole = Int64(b)  // towards zero
    if a != whole { return a < whole ? -1 : 1 }
    let fraction = b - Double(whole)
    return fraction > 0 ? -1 : fraction < 0 ? 1 : 0
  }

  static func compare(_ a: String, _ b: String, _ collation: Collation) -> Int {
    var a = a
    var b = b
    return a.withUTF8 { left in
      b.withUTF8 { TextBytes.compare(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer($0), collation) }
    }
  }
}
