/// A key of several parts, ordered by the first, then the second, and so on.
///
/// ```swift
/// let readings = store.bucket("readings", key: BucketTuple<String, Timestamp>.self, value: Double.self)
/// try tx.put(readings, BucketTuple("kitchen", now), 20.5)
/// ```
public struct BucketTuple<each Part: BucketKey>: BucketKey {
  /// The parts.
  public let parts: (repeat each Part)

  /// A key of these parts.
  public init(_ parts: repeat each Part) { self.parts = (repeat each parts) }

  /// The parts' types in parentheses.
  public static var bucketType: String {
    var names: [String] = []
    repeat names.append((each Part).bucketType)
    return "(\(names.joined(separator: ", ")))"
  }

  /// The parts one after the other. One whose length may differ is written as in a table's key: 00 as 01 01, 01 as 01 02,
  /// then 00, so that a part which begins another comes before it.
  public func appendBucketKey(to bytes: inout [UInt8]) {
    repeat Self.append(each parts, to: &bytes)
  }

  private static func append<P: BucketKey>(_ part: P, to bytes: inout [UInt8]) {
    if P.bucketKeySize != nil { return part.appendBucketKey(to: &bytes) }
    var own: [UInt8] = []
    part.appendBucketKey(to: &own)
    for byte in own {
      if byte <= 1 {
        bytes.append(1)
        bytes.append(byte + 1)
      } else {
        bytes.append(byte)
      }
    }
    bytes.append(0)
  }

  /// The parts in these bytes; nil if they are not of these types.
  public init?(bucketKey bytes: UnsafeRawBufferPointer) {
    guard let read = Self.read(bytes) else { return nil }
    self = read
  }

  private static func read(_ bytes: UnsafeRawBufferPointer) -> BucketTuple? {
    let reader = BucketTupleReader(bytes)
    do {
      let read = BucketTuple(repeat try reader.next((each Part).self))
      return reader.isAtEnd ? read : nil
    } catch {
      return nil
    }
  }
}

extension BucketTuple: Sendable where repeat each Part: Sendable {}

extension BucketTuple: Comparable, Hashable {
  private var bytes: [UInt8] {
    var bytes: [UInt8] = []
    appendBucketKey(to: &bytes)
    return bytes
  }

  /// Whether the parts are the same, as keys.
  public static func == (a: BucketTuple, b: BucketTuple) -> Bool { a.bytes == b.bytes }

  /// By the parts, as keys.
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// By the first part that differs.
  public static func < (a: BucketTuple, b: BucketTuple) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// Takes the bytes of a tuple apart.
private final class BucketTupleReader {
  struct Foreign: Error {}

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  func next<P: BucketKey>(_ type: P.Type) throws(Foreign) -> P {
    let part: P?
    if let size = P.bucketKeySize {
      guard size >= 0, offset + size <= bytes.count else { throw Foreign() }
      part = P(bucketKey: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + size)]))
      offset += size
    } else {
      let own = try unescaped()
      part = own.withUnsafeBytes { P(bucketKey: $0) }
    }
    guard let part else { throw Foreign() }
    return part
  }

  private func unescaped() throws(Foreign) -> [UInt8] {
    var own: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case 0: return own
      case 1:
        guard offset < bytes.count, bytes[offset] == 1 || bytes[offset] == 2 else { throw Foreign() }
        own.append(bytes[offset] - 1)
        offset += 1
      default: own.append(byte)
      }
    }
    throw Foreign()
  }
}
