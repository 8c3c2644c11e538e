/// CREATE BUCKET: an ordered space of keys and values without a schema, which is filled through Swift.
public struct BucketDefinition: Sendable, Hashable {
  /// The bucket's name.
  public var name: String
  /// The names of the types of its keys and of its values; nil for a bucket that holds any, made before names were kept.
  public var types: Types?

  /// The names of two types, as the store keeps them.
  public struct Types: Sendable, Hashable {
    /// That of the keys.
    public var key: String
    /// That of the values.
    public var value: String

    /// Two names.
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// A bucket.
  public init(_ name: String, types: Types? = nil) {
    self.name = name
    self.types = types
  }
}

/// INSERT INTO BUCKET: entries as the bytes that the store keeps, whatever they stand for.
public struct BucketInsertStatement: Sendable, Hashable {
  /// The bucket, which is there.
  public var bucket: String
  /// Keys that it does not have, each with its value.
  public var entries: [Entry]

  /// A key and its value.
  public struct Entry: Sendable, Hashable {
    /// The key's bytes, in whose order entries lie.
    public var key: [UInt8]
    /// The value's bytes.
    public var value: [UInt8]

    /// An entry.
    public init(key: [UInt8], value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }

  /// A statement.
  public init(into bucket: String, _ entries: [Entry]) {
    self.bucket = bucket
    self.entries = entries
  }
}
