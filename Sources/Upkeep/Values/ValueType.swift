/// The type of a column.
public enum ValueType: UInt8, Sendable, Hashable, CaseIterable {
  /// Any value, ordered as in SQLite: NULL, numbers, text, blobs. For columns declared without a type.
  case any = 0
  /// A 64-bit signed integer.
  case integer = 1
  /// A 64-bit IEEE 754 number.
  case real = 2
  /// UTF-8 text.
  case text = 3
  /// Bytes.
  case blob = 4
  /// True or false.
  case boolean = 5
  /// Microseconds, UTC.
  case timestamp = 6
  /// 128 bits.
  case uuid = 7
  /// JSON text.
  case json = 8
}

/// How text compares in a column, key or expression.
public enum Collation: UInt8, Sendable, Hashable {
  /// Byte by byte.
  case binary = 0
  /// ASCII letters without regard to case.
  case nocase = 1
}
