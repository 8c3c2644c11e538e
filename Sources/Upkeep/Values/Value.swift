/// One value of a column: what a row holds, a key is made of and an expression gives.
///
/// `==` and hashing are structural, text by its bytes: `.integer(1) != .real(1)`. How values compare in queries and keys,
/// where 1 and 1.0 are equal, is `ValueOrder`.
public enum Value: Sendable, Hashable {
  /// NULL.
  case null
  /// INTEGER.
  case integer(Int64)
  /// REAL. Never NaN (that is NULL).
  case real(Double)
  /// TEXT.
  case text(String)
  /// BLOB.
  case blob([UInt8])
  /// BOOLEAN, of BOOLEAN columns and TRUE/FALSE; equals 0 and 1.
  case boolean(Bool)
  /// TIMESTAMP.
  case timestamp(Timestamp)
  /// UUID.
  case uuid(UUIDValue)
  /// JSON, as text.
  case json(String)

  /// The value, or NULL for a NaN that somebody gave.
  package var sound: Value {
    if case .real(let real) = self, real.isNaN { .null } else { self }
  }
}

/// A moment: microseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
  public var microseconds: Int64

  /// A moment by its distance from 1970.
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Earlier is less.
  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }
}

/// A UUID (RFC 9562) as two big-endian halves, so that its order is that of its bytes.
public struct UUIDValue: Sendable, Hashable, Comparable {
  /// The first eight bytes.
  public var high: UInt64
  /// The last eight bytes.
  public var low: UInt64

  /// A UUID by its halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// By bytes.
  public static func < (a: UUIDValue, b: UUIDValue) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

extension Value {
  /// Whether both are of one type and have the same content, text byte for byte.
  public static func == (a: Value, b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.integer(let left), .integer(let right)): left == right
    case (.real(let left), .real(let right)): left == right
    case (.text(let left), .text(let right)), (.json(let left), .json(let right)):
      left.utf8.count == right.utf8.count && ValueOrder.compare(left, right, .binary) == 0
    case (.blob(let left), .blob(let right)): left == right
    case (.boolean(let left), .boolean(let right)): left == right
    case (.timestamp(let left), .timestamp(let right)): left == right
    case (.uuid(let left), .uuid(let right)): left == right
    default: false
    }
  }
}
