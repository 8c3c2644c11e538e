/// Names a tree of the store. Ids are given once and never used again.
package struct TreeID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  @inlinable package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  @inlinable package static func < (a: TreeID, b: TreeID) -> Bool { a.rawValue < b.rawValue }

  package var description: String { "tree \(rawValue)" }
}

extension TreeID {
  /// Schemas, and what else names the other trees. It exists from a database's creation on.
  package static let catalog = TreeID(rawValue: 1)
  /// The first id given to a tree that a user makes; those below are kept for the engine.
  package static let firstOfUsers = TreeID(rawValue: 16)
  /// Ids of trees that are logged are below this; the roots array is as long as the highest.
  static let limit: UInt64 = 1 << 28
}
