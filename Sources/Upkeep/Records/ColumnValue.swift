/// A Swift type whose values a column holds.
///
/// Numbers, `String`, `Bool`, bytes, `Timestamp`, `UUIDValue` and their optionals are; an enumeration with raw values of
/// such a type becomes one by saying so: `enum Kind: String, ColumnValue { … }`.
public protocol ColumnValue: Sendable {
  /// The type without `Optional`: what expressions over the column are of.
  associatedtype Bare: ColumnValue = Self
  /// The value as a column holds it.
  var columnValue: Value { get }
  /// From what a column holds; nil if that is no value of this type.
  init?(columnValue: Value)
}

extension Value: ColumnValue {
  /// The value itself.
  public var columnValue: Value { self }
  /// The value itself.
  public init?(columnValue: Value) { self = columnValue }
}

/// NULL is nil.
extension Optional: ColumnValue where Wrapped: ColumnValue {
  /// The type without `Optional`.
  public typealias Bare = Wrapped.Bare
  /// The value, or NULL.
  @inlinable public var columnValue: Value {
    switch self {
    case .some(let value): value.columnValue
    case .none: .null
    }
  }
  /// Nil inside for NULL; no value at all for what the wrapped type does not take.
  @inlinable public init?(columnValue: Value) {
    if case .null = columnValue {
      self = .none
      return
    }
    guard let value = Wrapped(columnValue: columnValue) else { return nil }
    self = .some(value)
  }
}

extension String: ColumnValue {
  /// TEXT.
  @inlinable public var columnValue: Value { .text(self) }
  /// From TEXT or JSON.
  @inlinable public init?(columnValue: Value) {
    switch columnValue {
    case .text(let text), .json(let text): self = text
    default: return nil
    }
  }
}

/// Whole numbers that fit 64 bits with their sign.
extension ColumnValue where Self: FixedWidthInteger {
  /// INTEGER.
  @inlinable public var columnValue: Value { .integer(Int64(truncatingIfNeeded: self)) }
  /// From an INTEGER in the type's range.
  @inlinable public init?(columnValue: Value) {
    guard case .integer(let integer) = columnValue else { return nil }
    self.init(exactly: integer)
  }
}

extension Int: ColumnValue {}
extension Int64: ColumnValue {}
extension Int32: ColumnValue {}
extension Int16: ColumnValue {}
extension Int8: ColumnValue {}
extension UInt32: ColumnValue {}
extension UInt16: ColumnValue {}
extension UInt8: ColumnValue {}

extension Double: ColumnValue {
  /// REAL; NULL for a NaN.
  @inlinable public var columnValue: Value { isNaN ? .null : .real(self) }
  /// From a REAL, or an INTEGER that a REAL holds exactly.
  @inlinable public init?(columnValue: Value) {
    switch columnValue {
    case .real(let real): self = real
    case .integer(let integer): self.init(exactly: integer)
    default: return nil
    }
  }
}

extension Bool: ColumnValue {
  /// BOOLEAN.
  @inlinable public var columnValue: Value { .boolean(self) }
  /// From a BOOLEAN, or 0 and 1.
  @inlinable public init?(columnValue: Value) {
    switch columnValue {
    case .boolean(let boolean): self = boolean
    case .integer(0): self = false
    case .integer(1): self = true
    default: return nil
    }
  }
}

extension [UInt8]: ColumnValue {
  /// BLOB.
  @inlinable public var columnValue: Value { .blob(self) }
  /// From a BLOB.
  @inlinable public init?(columnValue: Value) {
    guard case .blob(let bytes) = columnValue else { return nil }
    self = bytes
  }
}

extension Timestamp: ColumnValue {
  /// TIMESTAMP.
  @inlinable public var columnValue: Value { .timestamp(self) }
  /// From a TIMESTAMP, or an INTEGER of microseconds since 1970.
  @inlinable public init?(columnValue: Value) {
    switch columnValue {
    case .timestamp(let moment): self = moment
    case .integer(let microseconds): self.init(microseconds: microseconds)
    default: return nil
    }
  }
}

extension UUIDValue: ColumnValue {
  /// UUID.
  @inlinable public var columnValue: Value { .uuid(self) }
  /// From a UUID.
  @inlinable public init?(columnValue: Value) {
    guard case .uuid(let uuid) = columnValue else { return nil }
    self = uuid
  }
}

/// An enumeration is held as its raw value.
extension ColumnValue where Self: RawRepresentable, RawValue: ColumnValue {
  /// The raw value, as a column holds it.
  @inlinable public var columnValue: Value { rawValue.columnValue }
  /// From a raw value that the type knows.
  @inlinable public init?(columnValue: Value) {
    guard let raw = RawValue(columnValue: columnValue) else { return nil }
    self.init(rawValue: raw)
  }
}
