/// Where things are in a node of a tree. Docs/FileFormatTree.md is the source of these numbers.
///
/// ```
///  0  page header (the page store's)
/// 64  count u16 | level u16 | prefix length u16 | 0 u16 | heap start u32 | garbage u32
/// 80  branch: first child u64 | rows below it u64     (leaf: zeros)
/// 96  prefix, padded to 4 | heads, 4 bytes each | slots, 4 bytes each | free | cells down from the end
/// ```
/// A node is valid if and only if `NodeValidation.validate` has nothing to say.
enum NodeLayout {
  static let count = 64
  static let level = 66
  static let prefixLength = 68
  static let reserved = 70
  static let heapStart = 72
  static let garbage = 76
  static let firstChild = 80
  static let firstChildRows = 88
  static let prefix = 96

  /// What an overflow page has for a level, so that no path ends in one.
  static let overflowLevel = 0xFFFF

  /// A head and a slot.
  static let bytesPerEntry = 8
  /// A leaf's cell begins with the length of what follows the key's suffix, and this bit if that is an
  /// overflow reference rather than the value.
  static let leafFront = 2
  static let overflowBit: UInt16 = 0x8000
  /// A branch's cell begins with a child and the number of rows below it.
  static let branchFront = 16

  /// The tallest tree that is followed; more on disk is damage.
  static let maximumHeight = 32
}

/// The limits that follow from the size of a page: any two entries of a leaf, and any two of a branch, fit into
/// one node, so that a node which is too full can always be split.
enum TreeLimits {
  /// The longest value of all: 64 MB.
  static let maximumValueLength = 64 << 20

  /// The longest key: 1,900 bytes at 8 KB.
  static func maxKeyLength(pageSize: Int) -> Int { pageSize / 4 - pageSize / 64 - 20 }

  /// The longest value that lies in its leaf, about a quarter page.
  static func maxInlineValue(pageSize: Int) -> Int { pageSize / 4 - 32 }
}

/// A run of bytes that always has an address, unlike an empty `UnsafeRawBufferPointer`.
struct RawBytes {
  let start: UnsafeRawPointer
  let count: Int

  @inline(__always)
  init(start: UnsafeRawPointer, count: Int) {
    self.start = start
    self.count = count
  }

  /// `somewhere` is any address, for a run without bytes.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, or somewhere: UnsafeRawPointer) {
    start = bytes.baseAddress ?? somewhere
    count = bytes.count
  }

  @inline(__always)
  var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  @inline(__always)
  func dropFirst(_ n: Int) -> RawBytes { RawBytes(start: start + n, count: count &- n) }

  /// Whether the run begins inside of the `size` bytes at `base`.
  @inline(__always)
  func lies(in base: UnsafeRawPointer, _ size: Int) -> Bool { start >= base && start < base + size }
}

/// The trees of the engine are rooted in the roots array, one of these for each.
struct TreeRoot: Equatable, Sendable {
  /// The root node; `.none` for an empty tree.
  var page = PageID.none
  /// 0 for an empty tree, 1 if the root is a leaf.
  var height = 0
  /// Rows of the tree.
  var count: UInt64 = 0
  /// Overflow pages that the values of the tree own. 0 lets a tree be dropped by its branches alone.
  var overflowPages: UInt64 = 0

  static let empty = TreeRoot()
}

/// Damage found in a page of a tree.
@inline(never)
func damaged(_ page: PageID, _ reason: String) -> StorageError {
  .corrupt(file: "", place: page.description, reason: reason)
}
