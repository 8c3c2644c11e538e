/// Names a logical page: one immutable content from publication until no version needs it any more.
struct PageID: Hashable, Comparable, Sendable, CustomStringConvertible {
  let rawValue: UInt64

  /// No page: the root of an empty tree.
  static let none = PageID(rawValue: 0)

  static func < (a: PageID, b: PageID) -> Bool { a.rawValue < b.rawValue }

  var description: String { "page \(rawValue)" }
}

/// What a page holds; a byte of its header.
enum PageKind: UInt8, Sendable {
  /// Entries of a tree.
  case leaf = 1
  /// Children of a tree's node.
  case branch = 2
  /// Part of a value too long for a leaf.
  case overflow = 3
  /// Part of the page map: where pages are on disk.
  case map = 4
  /// Part of the array of tree roots.
  case roots = 5
}
