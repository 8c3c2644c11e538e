/// Stores a long value in overflow pages as its bytes come, a page as soon as it is full. How many bytes there will be
/// need not be known.
///
/// Nothing refers to the pages before `finish` gives the reference to them; `abandon` gives them up again. Its index
/// pages are written last and from the last to the first, so that no page is touched again after another was made: any
/// of them may be written early.
final class OverflowWriter {
  private let edits: PageEdits
  private let perPage: Int
  /// What is not a full page yet.
  private let part: UnsafeMutableRawPointer
  private var partCount = 0
  private var pages: [PageID] = []
  private(set) var byteCount = 0

  init(_ edits: PageEdits) {
    self.edits = edits
    perPage = edits.store.pageSize - OverflowValue.content
    part = .allocate(byteCount: edits.store.pageSize, alignment: 16)
  }

  deinit { part.deallocate() }

  /// All bytes so far, while they are less than a page.
  var short: RawBytes? { pages.isEmpty ? RawBytes(start: part, count: partCount) : nil }

  func append(_ bytes: RawBytes) throws(StorageError) {
    var at = 0
    byteCount += bytes.count
    while at < bytes.count {
      if partCount == 0, bytes.count - at >= perPage {
        try writePage(bytes.start + at, perPage)
        at += perPage
        continue
      }
      let count = min(bytes.count - at, perPage - partCount)
      (part + partCount).copyMemory(from: bytes.start + at, byteCount: count)
      partCount += count
      at += count
      // A page that is just full waits: the value may be one of less than a page.
      if partCount == perPage, at < bytes.count || !pages.isEmpty { try writePart() }
    }
  }

  private func writePart() throws(StorageError) {
    try writePage(part, partCount)
    partCount = 0
  }

  private func writePage(_ bytes: UnsafeRawPointer, _ count: Int) throws(StorageError) {
    let (id, base) = try makePage(OverflowValue.dataRole, count: count)
    (base + OverflowValue.content).copyMemory(from: bytes, byteCount: count)
    pages.append(id)
  }

  private func makePage(_ role: UInt8, count: Int) throws(StorageError) -> (PageID, UnsafeMutableRawPointer) {
    let page = try edits.allocate(.overflow)
    let node = MutableNode(page.base, edits.store.pageSize)
    page.base.storeBytes(of: role, toByteOffset: OverflowValue.role, as: UInt8.self)
    node.store16(NodeLayout.overflowLevel, OverflowValue.level)
    node.store32(count, OverflowValue.count)
    return page
  }

  /// Writes what is left, and fills `reference` with what goes into the leaf.
  func finish(_ reference: ByteBuffer) throws(StorageError) {
    if partCount > 0 { try writePart() }
    reference.removeAll()
    reference.append(littleEndian: UInt32(byteCount))
    reference.append(littleEndian: UInt32(0))
    if pages.count <= OverflowValue.maximumDirectPages {
      for id in pages { reference.append(littleEndian: id.rawValue) }
    } else {
      reference.append(littleEndian: try writeIndex().rawValue)
    }
    pages = []
  }

  /// - Returns: the first index page.
  private func writeIndex() throws(StorageError) -> PageID {
    let perIndex = perPage / 8
    let dataCount = pages.count
    var next = PageID.none
    for number in stride(from: (dataCount - 1) / perIndex, through: 0, by: -1) {
      let first = number * perIndex
      let listed = min(perIndex, dataCount - first)
      let (id, base) = try makePage(OverflowValue.indexRole, count: listed)
      // So that a failure gives it up too.
      pages.append(id)
      let node = MutableNode(base, edits.store.pageSize)
      node.store64(next.rawValue, OverflowValue.next)
      for i in 0..<listed { node.store64(pages[first + i].rawValue, OverflowValue.content + 8 * i) }
      next = id
    }
    return next
  }

  /// Gives up what was stored.
  func abandon() {
    for id in pages { edits.retire(id) }
    pages = []
    partCount = 0
    byteCount = 0
  }
}
