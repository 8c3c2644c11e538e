import Synchronization

/// The newest visible version, those that readers still stand on, and the pages that wait for them.
///
/// A page born at a and given up at b may be used again once b is visible and no reader stands on a version
/// s with a <= s < b (rule 5): by interval, so that one slow reader holds back only what it can see.
///
/// Everything but `pin` and `unpin` runs under the writer's turn.
final class VersionSet: @unchecked Sendable {
  private let slots = ReaderSlots()
  /// The address of the newest visible version. The version is retained by `live`.
  private let newest: Atomic<UInt>
  /// Versions that are visible or pinned, oldest first.
  private var live: [Version]
  /// Given-up pages that a pinned version (the key) can still see.
  private var waiting: [UInt64: [(id: PageID, retired: UInt64)]] = [:]
  private let pages: PageStore

  init(_ first: Version, pages: PageStore) {
    live = [first]
    newest = Atomic(Self.address(first))
    self.pages = pages
  }

  private static func address(_ version: Version) -> UInt {
    UInt(bitPattern: Unmanaged.passUnretained(version).toOpaque())
  }

  // MARK: Readers

  /// Pins the newest visible version.
  ///
  /// - Returns: the version and the slot to give back; nil if no slot is free.
  @inline(__always)
  func pin(hint: Int) -> (Version, Int)? {
    var address = newest.load(ordering: .acquiring)
    guard let slot = slots.claim(address, hint: hint) else { return nil }
    while true {
      let now = newest.load(ordering: .sequentiallyConsistent)
      if now == address { break }
      address = now
      slots.move(slot, to: address)
    }
    guard let pointer = UnsafeRawPointer(bitPattern: address) else { return nil }
    return (Unmanaged<Version>.fromOpaque(pointer).takeUnretainedValue(), slot)
  }

  @inline(__always)
  func unpin(_ slot: Int) { slots.release(slot) }

  var pinnedCount: Int { slots.usedCount }

  // MARK: Under the writer's turn

  /// The newest visible version.
  var visible: Version { live[live.count - 1] }

  /// Makes a version visible, and frees the pages that nobody can see any more.
  func publish(_ version: Version, retired: [PageID]) {
    live.append(version)
    newest.store(Self.address(version), ordering: .sequentiallyConsistent)
    let pinned = slots.pinned()
    let visible = Self.address(version)
    live.removeAll { version in
      let address = Self.address(version)
      return address != visible && !pinned.contains(address)
    }
    if live.count == 1 {
      for id in retired { pages.freePage(id) }
    } else {
      free(retired.map { ($0, version.number) })
    }
    // What waited for versions that nobody stands on any more.
    guard !waiting.isEmpty else { return }
    let numbers = Set(live.dropLast().map(\.number))
    for number in waiting.keys where !numbers.contains(number) {
      if let list = waiting.removeValue(forKey: number) { free(list) }
    }
  }

  private func free(_ list: [(id: PageID, retired: UInt64)]) {
    let older = live.dropLast().map(\.number)
    for (id, retired) in list {
      let born = pages.table.entry(id).pointee.born
      if let witness = older.last(where: { born <= $0 && $0 < retired }) {
        waiting[witness, default: []].append((id, retired))
      } else {
        pages.freePage(id)
      }
    }
  }

  /// Pages that wait for a reader, for checks.
  var waitingPages: [PageID] { waiting.values.flatMap { $0.map(\.id) } }
}
