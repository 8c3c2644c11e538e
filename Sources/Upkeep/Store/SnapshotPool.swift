import Synchronization
internal import UpkeepStorage

/// Ended snapshots that wait to be opened again, one for each of a few threads: a read then makes no object.
///
/// Invariant: a snapshot in here is held by nobody else, nor is anything that it rests on. A cell is emptied and
/// filled in one atomic step, so that no two threads get the same one.
final class SnapshotPool: @unchecked Sendable {
  private static let cellCount = 16
  /// Words of a cell's line: two cache lines, which the processor fetches in pairs.
  private static let lineWords = 16

  private let cells: UnsafeMutablePointer<Atomic<UInt>>

  init() {
    let words = Self.cellCount * Self.lineWords
    let memory = UnsafeMutableRawPointer.allocate(byteCount: words * 8, alignment: Self.lineWords * 8)
    memory.initializeMemory(as: UInt.self, repeating: 0, count: words)
    cells = memory.assumingMemoryBound(to: Atomic<UInt>.self)
  }

  deinit {
    for i in 0..<Self.cellCount { _ = take(from: cells + i * Self.lineWords) }
    UnsafeMutableRawPointer(cells).deallocate()
  }

  private var ownCell: UnsafeMutablePointer<Atomic<UInt>> {
    cells + (Int(truncatingIfNeeded: CurrentThread.number >> 12) & (Self.cellCount - 1)) * Self.lineWords
  }

  private func take(from cell: UnsafeMutablePointer<Atomic<UInt>>) -> Snapshot? {
    guard cell.pointee.load(ordering: .relaxed) != 0,
      let pointer = UnsafeRawPointer(bitPattern: cell.pointee.exchange(0, ordering: .acquiring))
    else { return nil }
    return Unmanaged<Snapshot>.fromOpaque(pointer).takeRetainedValue()
  }

  /// A snapshot that ended, or nil if none waits for this thread.
  func take() -> Snapshot? { take(from: ownCell) }

  /// Keeps an ended snapshot that nobody else holds, if there is room.
  func give(_ snapshot: Snapshot) {
    let held = Unmanaged.passRetained(snapshot)
    let address = UInt(bitPattern: held.toOpaque())
    let isKept = ownCell.pointee.compareExchange(
      expected: 0, desired: address, ordering: .acquiringAndReleasing
    )
    .exchanged
    if !isKept { held.release() }
  }
}
