/// Whoever reads pages, one thread at a time: what it is looking at keeps its frame.
///
/// 1. What `PageStore.page` gives is valid from `enter` to `leave`, the operation in which it was asked for.
/// 2. A frame that was kept (`keep`) stays valid until the cell is given another one or none.
/// 3. Operations do not nest, and are short: frames are free for others only when they end. What reads
///    many pages ends its operation between them.
///
/// In a store that keeps all its pages in memory all of this does nothing.
package class PageReader {
  /// The cell of the leaf that a get last looked at; those after it are for cursors.
  static let getCell = 0

  final let pages: PageStore
  /// Nil where pages keep their frames for good, and once the reader ended.
  @exclusivity(unchecked) final private(set) var line: ReaderLine?
  /// The cells in use, a bit for each.
  private final var cells: UInt16 = 1
  final private(set) var isDetached = false

  /// - Parameter line: of a slot that is the reader's until it detaches.
  init(_ pages: PageStore, line: ReaderLine) {
    self.pages = pages
    self.line = pages.isBounded ? line : nil
  }

  /// Begins again with another slot, after `detach` and when no cursor is left.
  final func attach(_ line: ReaderLine) {
    isDetached = false
    cells = 1
    self.line = pages.isBounded ? line : nil
  }

  /// Lets go of everything, before the slot is given back.
  final func detach() {
    isDetached = true
    guard let line else { return }
    for cell in 0..<ReaderSlots.hazardCount where cells & 1 << UInt16(cell) != 0 {
      line.keep(nil, in: cell)
    }
    self.line = nil
  }

  @inline(__always)
  final func enter() { line?.enter() }

  @inline(__always)
  final func leave() { line?.leave() }

  @inline(__always)
  final func keep(_ frame: UnsafeRawPointer?, in cell: Int) { line?.keep(frame, in: cell) }

  /// The same, told by the address of a byte in the frame.
  @inline(__always)
  final func keepFrame(of byte: UnsafeRawPointer, in cell: Int) {
    guard let line else { return }
    // Frames are as long as pages and aligned to that.
    let address = UInt(bitPattern: byte) & ~UInt(bitPattern: pages.pageSize &- 1)
    line.keep(UnsafeRawPointer(bitPattern: address), in: cell)
  }

  /// A cell for a cursor, or nil if there is none left: then the cursor copies what it stands on.
  final func takeCell() -> Int? {
    for cell in 1..<ReaderSlots.hazardCount where cells & 1 << UInt16(cell) == 0 {
      cells |= 1 << UInt16(cell)
      return cell
    }
    return nil
  }

  final func giveBackCell(_ cell: Int) {
    guard let line else { return }
    line.keep(nil, in: cell)
    cells &= ~(1 << UInt16(cell))
  }
}
