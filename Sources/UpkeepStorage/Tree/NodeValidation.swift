/// The complete check of a tree's page that came from disk. What passes can be read and edited without another
/// look at its offsets: nothing leads outside of the page, whatever bytes are in it.
///
/// A leaf or branch is valid if and only if
/// 1. its kind, level, reserved bytes and first child agree;
/// 2. prefix, heads and slots end before the heap, and the heap ends with the page;
/// 3. every cell lies in the heap, and cells and garbage together are as long as the heap;
/// 4. heads are those of the suffixes, and the keys ascend, none longer than the limit;
/// 5. values are as long as their words say, references as long as the values they stand for need.
enum NodeValidation {
  /// What is wrong with the page, or nil.
  static func validate(_ base: UnsafeRawPointer, pageSize: Int) -> String? {
    switch base.load(as: UInt8.self) {
    case PageKind.leaf.rawValue: problem(Node(base), isLeaf: true, pageSize, allowsGarbage: false)
    case PageKind.branch.rawValue: problem(Node(base), isLeaf: false, pageSize, allowsGarbage: false)
    case PageKind.overflow.rawValue: OverflowValue.problem(base, pageSize: pageSize)
    default: "kind \(base.load(as: UInt8.self)) is not a tree's"
    }
  }

  /// The same of a page in memory, which may have garbage.
  static func validateInMemory(_ base: UnsafeRawPointer, pageSize: Int) -> String? {
    switch base.load(as: UInt8.self) {
    case PageKind.leaf.rawValue: problem(Node(base), isLeaf: true, pageSize, allowsGarbage: true)
    case PageKind.branch.rawValue: problem(Node(base), isLeaf: false, pageSize, allowsGarbage: true)
    default: validate(base, pageSize: pageSize)
    }
  }

  private static func problem(
    _ node: Node, isLeaf: Bool, _ pageSize: Int, allowsGarbage: Bool
  ) -> String? {
    let count = node.count
    let longestKey = TreeLimits.maxKeyLength(pageSize: pageSize)
    let firstChild = node.base.loadUnaligned(fromByteOffset: NodeLayout.firstChild, as: UInt64.self)
    let firstRows = node.base.loadUnaligned(fromByteOffset: NodeLayout.firstChildRows, as: UInt64.self)
    if isLeaf {
      guard node.level == 0 else { return "level of a leaf is \(node.level)" }
      guard firstChild == 0, firstRows == 0 else { return "a leaf has a first child" }
      guard count >= 1 else { return "a leaf is empty" }
    } else {
      guard node.level >= 1, node.level < NodeLayout.maximumHeight else {
        return "level of a branch is \(node.level)"
      }
      guard firstChild != 0 else { return "a branch has no first child" }
    }
    guard node.load16(NodeLayout.reserved) == 0 else { return "reserved bytes are not zero" }
    guard node.prefixLength <= longestKey else { return "prefix of \(node.prefixLength) bytes" }
    let heap = node.heapStart
    guard heap <= pageSize, node.slotsEnd <= heap else { return "slots overlap the heap" }
    guard node.garbage == 0 || (allowsGarbage && node.garbage <= pageSize) else {
      return "garbage of \(node.garbage) bytes"
    }
    return problemOfEntries(node, isLeaf: isLeaf, pageSize, longestKey)
  }

  private static func problemOfEntries(
    _ node: Node, isLeaf: Bool, _ pageSize: Int, _ longestKey: Int
  ) -> String? {
    let front = isLeaf ? NodeLayout.leafFront : NodeLayout.branchFront
    let heap = node.heapStart
    let heads = node.headsOffset
    var used = node.garbage
    for i in 0..<node.count {
      let slot = node.slot(i)
      guard slot.offset >= heap, slot.offset + front + slot.suffixLength <= pageSize else {
        return "cell \(i) lies outside of the heap"
      }
      guard node.prefixLength + slot.suffixLength <= longestKey else { return "key \(i) is too long" }
      let suffix = node.base + (slot.offset + front)
      guard node.head(i, heads) == Node.head(suffix, slot.suffixLength) else {
        return "head \(i) is not its key's"
      }
      if i > 0, !isAscending(node, i, front: front) { return "keys \(i - 1) and \(i) are out of order" }
      if isLeaf {
        guard slot.offset + node.leafCellSize(slot) <= pageSize else { return "value \(i) leaves the page" }
        if let problem = problemOfValue(node.value(in: slot), pageSize) { return "value \(i) \(problem)" }
        used += node.leafCellSize(slot)
      } else {
        guard node.child(i + 1) != .none else { return "child \(i + 1) is no page" }
        used += front + slot.suffixLength
      }
    }
    return used == pageSize - heap ? nil : "cells of \(used) bytes in a heap of \(pageSize - heap)"
  }

  /// Whether entry `i` is above the one before it, whose cell was checked.
  private static func isAscending(_ node: Node, _ i: Int, front: Int) -> Bool {
    let heads = node.headsOffset
    let before = node.head(i - 1, heads)
    let own = node.head(i, heads)
    if before != own { return before < own }
    let slot = node.slot(i)
    let suffix = RawBytes(start: node.base + (slot.offset + front), count: slot.suffixLength)
    return node.compareTail(i - 1, suffix, front: front) < 0
  }

  private static func problemOfValue(_ value: ValueReference, _ pageSize: Int) -> String? {
    let longestInline = TreeLimits.maxInlineValue(pageSize: pageSize)
    guard value.isOverflow else {
      return value.stored.count <= longestInline ? nil : "is too long for a leaf"
    }
    let stored = value.stored
    guard stored.count >= OverflowValue.referenceHeader else { return "has a reference too short" }
    let length = OverflowValue.byteCount(stored)
    guard length > longestInline, length <= TreeLimits.maximumValueLength else {
      return "has an impossible length of \(length)"
    }
    guard stored.count == OverflowValue.referenceLength(length, pageSize: pageSize) else {
      return "has a reference of \(stored.count) bytes"
    }
    guard stored.start.loadUnaligned(fromByteOffset: 4, as: UInt32.self) == 0 else {
      return "has a reference with reserved bytes set"
    }
    for offset in stride(from: OverflowValue.referenceHeader, to: stored.count, by: 8)
    where stored.start.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == 0 {
      return "refers to no page"
    }
    return nil
  }
}
