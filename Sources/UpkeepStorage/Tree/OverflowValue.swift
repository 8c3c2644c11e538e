/// Values too long for a leaf. They lie in overflow pages: data pages full of the value's bytes, and for more
/// than four of them index pages that list the data pages in order, chained.
///
/// ```
/// in the leaf   0 byte count u32 | 4 zero u32 | 8 page ids u64: the data pages (up to 4), or the first index page
/// overflow page 64 role u8 (1 data, 2 index) | 65 zero | 66 level u16 = 0xFFFF | 68 count u32 (bytes, or ids)
///               72 next index page u64 (data: zero) | 80 bytes, or page ids u64 | zeros
/// ```
/// Pages are born by the put that stores the value and retired only by the put or delete that removes it,
/// never by copying, splitting, merging or moving the entry (rule 20).
enum OverflowValue {
  static let role = 64
  static let level = 66
  static let count = 68
  static let next = 72
  static let content = 80
  static let dataRole: UInt8 = 1
  static let indexRole: UInt8 = 2

  static let referenceHeader = 8
  static let maximumDirectPages = 4
  static let longestReference = referenceHeader + 8 * maximumDirectPages

  static func pagesNeeded(_ byteCount: Int, pageSize: Int) -> (data: Int, index: Int) {
    let data = (byteCount + pageSize - content - 1) / (pageSize - content)
    let perIndex = (pageSize - content) / 8
    return (data, data <= maximumDirectPages ? 0 : (data + perIndex - 1) / perIndex)
  }

  /// Bytes of the reference to a value of this length.
  static func referenceLength(_ byteCount: Int, pageSize: Int) -> Int {
    let needed = pagesNeeded(byteCount, pageSize: pageSize)
    return referenceHeader + 8 * (needed.index == 0 ? needed.data : 1)
  }

  static func byteCount(_ reference: RawBytes) -> Int {
    Int(UInt32(littleEndian: reference.start.loadUnaligned(as: UInt32.self)))
  }

  static func pageCount(_ reference: RawBytes, pageSize: Int) -> Int {
    let needed = pagesNeeded(byteCount(reference), pageSize: pageSize)
    return needed.data + needed.index
  }

  private static func id(_ start: UnsafeRawPointer, _ i: Int) -> PageID {
    PageID(rawValue: UInt64(littleEndian: start.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)))
  }

  /// Stores a value in new pages and fills `reference` with what goes into the leaf.
  static func write(
    _ value: RawBytes, _ edits: PageEdits, reference: ByteBuffer
  ) throws(StorageError) {
    let writer = OverflowWriter(edits)
    do throws(StorageError) {
      try writer.append(value)
      try writer.finish(reference)
    } catch {
      writer.abandon()
      throw error
    }
  }

  /// What a page of a value is used for.
  enum Role { case data, index }

  static func page(
    _ id: PageID, _ store: PageStore, is role: Role, count expected: Int
  ) throws(StorageError) -> UnsafeRawPointer {
    let base = try store.page(id)
    let node = Node(base)
    let wanted = role == .data ? dataRole : indexRole
    guard node.load16(level) == NodeLayout.overflowLevel,
      base.load(fromByteOffset: OverflowValue.role, as: UInt8.self) == wanted, node.load32(count) == expected
    else { throw damaged(id, "is not the part of a long value that it should be") }
    return base
  }

  /// Calls back with each page of a value, data pages in order, with the bytes that each holds; index pages
  /// with 0. Every loop here is bounded by the length in the reference.
  ///
  /// - Parameter reader: reads each index page in an operation of its own, and calls back outside of any; nil
  ///   within an operation, or in a store in memory.
  static func forEachPage(
    _ reference: RawBytes, _ store: PageStore, _ reader: PageReader?,
    _ body: (PageID, _ bytes: Int) throws(StorageError) -> Void
  ) throws(StorageError) {
    let pageSize = store.pageSize
    let perPage = pageSize - content
    let length = byteCount(reference)
    let needed = pagesNeeded(length, pageSize: pageSize)
    let ids = reference.start + referenceHeader
    if needed.index == 0 {
      for i in 0..<needed.data { try body(id(ids, i), min(perPage, length - i * perPage)) }
      return
    }
    let perIndex = perPage / 8
    var index = id(ids, 0)
    for i in 0..<needed.index {
      let listed = min(perIndex, needed.data - i * perIndex)
      let (pages, following) = try list(index, store, reader, count: listed)
      for (k, page) in pages.enumerated() {
        try body(page, min(perPage, length - (i * perIndex + k) * perPage))
      }
      try body(index, 0)
      index = following
    }
  }

  /// What an index page lists, and the index page after it.
  static func list(
    _ index: PageID, _ store: PageStore, _ reader: PageReader?, count: Int
  ) throws(StorageError) -> (pages: [PageID], next: PageID) {
    reader?.enter()
    defer { reader?.leave() }
    let base = try page(index, store, is: .index, count: count)
    return ((0..<count).map { id(base + content, $0) }, id(base + next, 0))
  }

  /// Throws unless the page holds that many bytes of a value; index pages, for which it is 0, were checked on the
  /// way.
  static func check(_ id: PageID, _ store: PageStore, _ reader: PageReader?, bytes: Int) throws(StorageError)
  {
    guard bytes > 0 else { return }
    reader?.enter()
    defer { reader?.leave() }
    _ = try page(id, store, is: .data, count: bytes)
  }

  /// Appends the value's bytes, each page in an operation of its own. The reference must stay meanwhile.
  static func read(
    _ reference: RawBytes, _ store: PageStore, _ reader: PageReader?, into buffer: ByteBuffer
  ) throws(StorageError) {
    try forEachPage(reference, store, reader) { (id, bytes) throws(StorageError) in
      guard bytes > 0 else { return }
      reader?.enter()
      defer { reader?.leave() }
      let base = try page(id, store, is: .data, count: bytes)
      buffer.append(UnsafeRawBufferPointer(start: base + content, count: bytes))
    }
  }

  /// Gives up the pages of a value. How many there were.
  static func retire(_ reference: RawBytes, _ edits: PageEdits) throws(StorageError) -> Int {
    var count = 0
    try forEachPage(reference, edits.store, nil) { (id, _) throws(StorageError) in
      try edits.retireUnread(id)
      count += 1
    }
    return count
  }

  /// The complete check of a page of this kind that came from disk.
  static func problem(_ base: UnsafeRawPointer, pageSize: Int) -> String? {
    let node = Node(base)
    let role = base.load(fromByteOffset: OverflowValue.role, as: UInt8.self)
    let listed = node.load32(count)
    let following = id(base + next, 0)
    guard node.load16(level) == NodeLayout.overflowLevel else {
      return "level of an overflow page is \(node.level)"
    }
    switch role {
    case dataRole:
      guard listed >= 1, listed <= pageSize - content else { return "overflow page holds \(listed) bytes" }
      return following == .none ? nil : "overflow data page has a successor"
    case indexRole:
      guard listed >= 1, listed <= (pageSize - content) / 8 else {
        return "overflow index lists \(listed) pages"
      }
      for i in 0..<listed where id(base + content, i) == .none {
        return "overflow index lists no page at \(i)"
      }
      return nil
    default: return "role of an overflow page is \(role)"
    }
  }
}

extension PageEdits {
  /// Retires a page that was perhaps never read, so that nothing has vouched for its id.
  func retireUnread(_ id: PageID) throws(StorageError) {
    guard id != .none, id.rawValue < PageTable.limit else { throw damaged(id, "is no page") }
    retire(id)
  }
}

/// A value as its leaf has it, valid until the leaf is next changed.
struct ValueReference {
  /// The value itself, or a reference to overflow pages.
  let stored: RawBytes
  let isOverflow: Bool

  /// Bytes of the value.
  var byteCount: Int { isOverflow ? OverflowValue.byteCount(stored) : stored.count }

  /// The value's bytes: where they are, or put together in `buffer`.
  ///
  /// - Parameter reader: keeps the leaf; not within one of its operations.
  @inline(__always)
  func bytes(
    _ store: PageStore, _ reader: PageReader? = nil, using buffer: ByteBuffer
  ) throws(StorageError) -> UnsafeRawBufferPointer {
    if !isOverflow { return stored.buffer }
    return try assemble(store, reader, buffer)
  }

  @inline(never)
  private func assemble(
    _ store: PageStore, _ reader: PageReader?, _ buffer: ByteBuffer
  ) throws(StorageError) -> UnsafeRawBufferPointer {
    buffer.removeAll()
    try OverflowValue.read(stored, store, reader, into: buffer)
    return buffer.bytes
  }
}
