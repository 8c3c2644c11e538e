/// Reads parts of a long value without putting it together: finds the pages of a part through the index pages, of
/// which it remembers the one that it last looked at.
struct OverflowReader {
  private let reference: [UInt8]
  private let store: PageStore
  let byteCount: Int
  private let perPage: Int
  private let needed: (data: Int, index: Int)
  /// What the index page of this number lists, and the index page after it.
  private var number = -1
  private var listed: [PageID] = []
  private var next = PageID.none

  init(_ reference: [UInt8], _ store: PageStore) {
    self.reference = reference
    self.store = store
    byteCount = reference.withUnsafeBytes {
      OverflowValue.byteCount(RawBytes($0, or: $0.baseAddress ?? Self.nowhere))
    }
    perPage = store.pageSize - OverflowValue.content
    needed = OverflowValue.pagesNeeded(byteCount, pageSize: store.pageSize)
  }

  private static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped }

  private func id(_ i: Int) -> PageID {
    let at = OverflowValue.referenceHeader + 8 * i
    guard at + 8 <= reference.count else { return .none }
    return reference.withUnsafeBytes {
      PageID(rawValue: UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
    }
  }

  /// The data page of this number.
  private mutating func page(_ i: Int, _ reader: PageReader?) throws(StorageError) -> PageID {
    if needed.index == 0 { return id(i) }
    let perIndex = perPage / 8
    let wanted = i / perIndex
    if number < 0 || wanted < number {
      number = -1
      next = id(0)
    }
    while number < wanted {
      let count = min(perIndex, needed.data - (number + 1) * perIndex)
      (listed, next) = try OverflowValue.list(next, store, reader, count: count)
      number += 1
    }
    return listed[i % perIndex]
  }

  /// Appends at most `count` bytes from `offset` on, fewer only where the value ends. Each page is looked at in an
  /// operation of its own.
  mutating func read(
    from offset: Int, count: Int, _ reader: PageReader?, into buffer: ByteBuffer
  ) throws(StorageError) {
    var at = min(max(offset, 0), byteCount)
    let end = at + min(max(count, 0), byteCount - at)
    while at < end {
      let i = at / perPage
      let page = try page(i, reader)
      let held = min(perPage, byteCount - i * perPage)
      let from = at - i * perPage
      let part = min(held - from, end - at)
      reader?.enter()
      defer { reader?.leave() }
      let base = try OverflowValue.page(page, store, is: .data, count: held)
      buffer.append(UnsafeRawBufferPointer(start: base + OverflowValue.content + from, count: part))
      at += part
    }
  }
}
