/// How one part of a key becomes bytes.
package struct KeyPart: Sendable, Hashable {
  package let type: ValueType
  package let collation: Collation
  /// Greatest first: all bytes of the part are complemented.
  package let isDescending: Bool
  /// Whether a byte before the value tells NULL from a value. Typed parts that are never NULL do without it.
  package let isNullable: Bool

  package init(
    _ type: ValueType, collation: Collation = .binary, isDescending: Bool = false, isNullable: Bool = false
  ) {
    self.type = type
    self.collation = collation
    self.isDescending = isDescending
    self.isNullable = isNullable
  }

  /// The key of a table without a primary key.
  package static let rowid = KeyPart(.integer)

  /// Whether the key's bytes give back the very value, so that a row need not store it again.
  /// ANY does not (1 and 1.0 are one key), nor does NOCASE (case is folded).
  package var givesValueBack: Bool { type != .any && !(collation == .nocase && type == .text) }

  /// The number of bytes, where every value has the same.
  package var fixedByteCount: Int? {
    if isNullable { return nil }
    switch type {
    case .integer, .real, .timestamp: return 8
    case .boolean: return 1
    case .uuid: return 16
    case .any, .text, .blob, .json: return nil
    }
  }
}
