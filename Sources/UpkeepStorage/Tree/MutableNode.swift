#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A node that may be changed in place. What does not fit in place is the business of `NodeBuilder`.
struct MutableNode {
  let base: UnsafeMutableRawPointer
  let pageSize: Int

  @inline(__always)
  init(_ base: UnsafeMutableRawPointer, _ pageSize: Int) {
    self.base = base
    self.pageSize = pageSize
  }

  @inline(__always)
  var view: Node { Node(base) }

  @inline(__always)
  func store16(_ value: Int, _ offset: Int) {
    base.storeBytes(of: UInt16(truncatingIfNeeded: value).littleEndian, toByteOffset: offset, as: UInt16.self)
  }

  @inline(__always)
  func store32(_ value: Int, _ offset: Int) {
    base.storeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  @inline(__always)
  func store64(_ value: UInt64, _ offset: Int) {
    base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  @inline(__always)
  func storeSlot(_ i: Int, _ slot: Slot) {
    base.storeBytes(of: slot.word.littleEndian, toByteOffset: view.slotsOffset &+ 4 &* i, as: UInt32.self)
  }

  /// Takes `size` bytes for a cell and lists an entry of this suffix at `i`.
  /// The cell's offset, or nil if there is no room without compaction.
  @inline(__always)
  private func openEntry(at i: Int, suffix: RawBytes, size: Int) -> Int? {
    let node = view
    let count = node.count
    let heads = node.headsOffset
    let slots = heads &+ 4 &* count
    let offset = node.heapStart &- size
    guard slots &+ 4 &* count &+ NodeLayout.bytesPerEntry <= offset else { return nil }
    // The slots make room for one more head before them and one more slot among them.
    memmove(base + (slots &+ 4 &* i &+ 8), base + (slots &+ 4 &* i), 4 &* (count &- i))
    memmove(base + (slots &+ 4), base + slots, 4 &* i)
    memmove(base + (heads &+ 4 &* i &+ 4), base + (heads &+ 4 &* i), 4 &* (count &- i))
    let head = Node.head(suffix.start, suffix.count)
    base.storeBytes(of: head.bigEndian, toByteOffset: heads &+ 4 &* i, as: UInt32.self)
    let slot = Slot(offset: offset, suffixLength: suffix.count)
    base.storeBytes(of: slot.word.littleEndian, toByteOffset: slots &+ 4 &+ 4 &* i, as: UInt32.self)
    store16(count &+ 1, NodeLayout.count)
    store32(offset, NodeLayout.heapStart)
    return offset
  }

  /// Inserts a leaf's entry; false, with nothing changed, if it must be rebuilt or split for that.
  func insert(at i: Int, key: RawBytes, stored: RawBytes, isOverflow: Bool) -> Bool {
    guard view.comparePrefix(key) == 0 else { return false }
    let suffix = key.dropFirst(view.prefixLength)
    let size = NodeLayout.leafFront &+ suffix.count &+ stored.count
    guard let offset = openEntry(at: i, suffix: suffix, size: size) else { return false }
    storeLeafFront(offset, stored.count, isOverflow)
    memcpy(base + (offset &+ NodeLayout.leafFront), suffix.start, suffix.count)
    memcpy(base + (offset &+ NodeLayout.leafFront &+ suffix.count), stored.start, stored.count)
    return true
  }

  /// Inserts a separator and the child right of it; false, with nothing changed, if it does not fit in place.
  func insert(at i: Int, separator: RawBytes, child: PageID, rows: UInt64) -> Bool {
    guard view.comparePrefix(separator) == 0 else { return false }
    let suffix = separator.dropFirst(view.prefixLength)
    let size = NodeLayout.branchFront &+ suffix.count
    guard let offset = openEntry(at: i, suffix: suffix, size: size) else { return false }
    store64(child.rawValue, offset)
    store64(rows, offset &+ 8)
    memcpy(base + (offset &+ NodeLayout.branchFront), suffix.start, suffix.count)
    return true
  }

  @inline(__always)
  private func storeLeafFront(_ offset: Int, _ count: Int, _ isOverflow: Bool) {
    store16(count | (isOverflow ? Int(NodeLayout.overflowBit) : 0), offset)
  }

  /// Puts another value into entry `i` of a leaf; false, with nothing changed, if there is no room in place.
  func replace(at i: Int, stored: RawBytes, isOverflow: Bool) -> Bool {
    let node = view
    let slot = node.slot(i)
    let oldSize = node.leafCellSize(slot)
    let size = NodeLayout.leafFront &+ slot.suffixLength &+ stored.count
    if size <= oldSize {
      memmove(base + (slot.offset &+ NodeLayout.leafFront &+ slot.suffixLength), stored.start, stored.count)
      storeLeafFront(slot.offset, stored.count, isOverflow)
      store32(node.garbage &+ oldSize &- size, NodeLayout.garbage)
      return true
    }
    let offset = node.heapStart &- size
    guard node.slotsEnd <= offset else { return false }
    storeLeafFront(offset, stored.count, isOverflow)
    let suffix = base + (slot.offset &+ NodeLayout.leafFront)
    memcpy(base + (offset &+ NodeLayout.leafFront), suffix, slot.suffixLength)
    memcpy(base + (offset &+ NodeLayout.leafFront &+ slot.suffixLength), stored.start, stored.count)
    storeSlot(i, Slot(offset: offset, suffixLength: slot.suffixLength))
    store32(offset, NodeLayout.heapStart)
    store32(node.garbage &+ oldSize, NodeLayout.garbage)
    return true
  }

  /// Removes the entries from `first` up to `end`.
  func removeEntries(from first: Int, to end: Int) {
    let node = view
    let count = node.count
    var garbage = node.garbage
    var heapStart = node.heapStart
    let isLeaf = node.level == 0
    for i in first..<end {
      let slot = node.slot(i)
      let size = isLeaf ? node.leafCellSize(slot) : NodeLayout.branchFront &+ slot.suffixLength
      if slot.offset == heapStart { heapStart &+= size } else { garbage &+= size }
    }
    let heads = node.headsOffset
    let slots = heads &+ 4 &* count
    let removed = 4 &* (end &- first)
    memmove(base + (heads &+ 4 &* first), base + (heads &+ 4 &* end), 4 &* (count &- end))
    memmove(base + (slots &- removed), base + slots, 4 &* first)
    memmove(base + (slots &- removed &+ 4 &* first), base + (slots &+ 4 &* end), 4 &* (count &- end))
    store16(count &- (end &- first), NodeLayout.count)
    store32(heapStart, NodeLayout.heapStart)
    store32(garbage, NodeLayout.garbage)
  }

  @inline(__always)
  func setChild(_ child: Int, _ page: PageID) { store64(page.rawValue, view.childPlace(child)) }

  @inline(__always)
  func setRows(below child: Int, _ rows: UInt64) { store64(rows, view.childPlace(child) &+ 8) }

  @inline(__always)
  func addRows(below child: Int, _ delta: Int) {
    let place = view.childPlace(child) &+ 8
    let rows = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    store64(rows &+ UInt64(bitPattern: Int64(delta)), place)
  }

  /// Takes away a child. One of the separators beside it goes too, so its neighbour takes over its range.
  /// A branch whose only child goes stays behind without any, to be removed itself.
  func removeChild(_ child: Int) {
    if child > 0 {
      removeEntries(from: child - 1, to: child)
    } else if view.count > 0 {
      let next = view.child(1)
      let rows = view.rows(below: 1)
      removeEntries(from: 0, to: 1)
      setChild(0, next)
      setRows(below: 0, rows)
    } else {
      setChild(0, .none)
      setRows(below: 0, 0)
    }
  }

  /// Moves the cells together at the end of the page and zeroes every byte that is not in use.
  func compact() {
    let node = view
    if node.garbage > 0 {
      withUnsafeTemporaryAllocation(byteCount: pageSize, alignment: 16) { copy in
        guard let copyBase = copy.baseAddress else { return }
        copyBase.copyMemory(from: base, byteCount: pageSize)
        let old = Node(copyBase)
        let isLeaf = old.level == 0
        var offset = pageSize
        for i in 0..<old.count {
          let slot = old.slot(i)
          let size = isLeaf ? old.leafCellSize(slot) : NodeLayout.branchFront &+ slot.suffixLength
          offset &-= size
          memcpy(base + offset, copyBase + slot.offset, size)
          storeSlot(i, Slot(offset: offset, suffixLength: slot.suffixLength))
        }
        store32(offset, NodeLayout.heapStart)
        store32(0, NodeLayout.garbage)
      }
    }
    let padding = NodeLayout.prefix + node.prefixLength
    memset(base + padding, 0, node.headsOffset - padding)
    memset(base + node.slotsEnd, 0, node.heapStart - node.slotsEnd)
  }
}

extension NodeLayout {
  /// Makes a page fit to be encoded: cells together, unused bytes zero (rule 21). Pages that are no nodes stay.
  static func prepareForDisk(_ base: UnsafeMutableRawPointer, pageSize: Int) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.leavesGarbage) { return }
    #endif
    let kind = base.load(as: UInt8.self)
    guard kind == PageKind.leaf.rawValue || kind == PageKind.branch.rawValue else { return }
    MutableNode(base, pageSize).compact()
  }
}
