import Synchronization

/// The newest visible version, those that readers still stand on, and the pages that wait for them.
///
/// A page born at a and given up at b may be used again once b is visible and no reader stands on a version
/// s with a <= s < b (rule 5): by interval, so that one slow reader holds back only what it can see.
///
/// `pin` and `unpin` take no lock. Everything else is guarded by `monitor`; versions are published by one caller
/// at a time, in order.
final class VersionSet: @unchecked Sendable {
  private let slots: ReaderSlots
  /// The address of the newest visible version. The version is retained by `live`.
  private let newest: Atomic<UInt>
  private let newestNumber: Atomic<UInt64>
  private let monitor = Monitor()
  /// Versions that are visible or pinned, oldest first.
  private var live: [Version]
  /// Given-up pages that a pinned version (the key) can still see.
  private var waiting: [UInt64: [(id: PageID, retired: UInt64)]] = [:]
  private let pages: PageStore

  init(_ first: Version, pages: PageStore) {
    live = [first]
    newest = Atomic(Self.address(first))
    newestNumber = Atomic(first.number)
    self.pages = pages
    slots = pages.slots
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
    #if UPKEEP_PLANTS
      Plant.pass(.readerFoundVersion)
    #endif
    guard let slot = slots.claim(address, hint: hint) else { return nil }
    while true {
      let now = newest.load(ordering: .sequentiallyConsistent)
      #if UPKEEP_PLANTS
        if Plant.isOn(.readerSkipsRecheck) { break }
      #endif
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

  // MARK: Publication

  /// The number of the newest visible version.
  @inline(__always)
  var visibleNumber: UInt64 { newestNumber.load(ordering: .acquiring) }

  /// The newest visible version.
  var visible: Version { monitor.withLock { live[live.count - 1] } }

  /// Makes the last of some versions in a row visible, and frees the pages that nobody can see any more.
  /// The others of the group were never visible.
  func publish(_ group: [PendingVersion]) {
    guard let version = group.last?.version else { return }
    monitor.withLock {
      live.append(version)
      newest.store(Self.address(version), ordering: .sequentiallyConsistent)
      newestNumber.store(version.number, ordering: .releasing)
      forgetUnseen()
      for pending in group { free(pending.change) }
      releaseWaiting()
    }
  }

  /// Frees the pages that only snapshots could see that ended since the last publication.
  func releaseUnseen() {
    monitor.withLock {
      forgetUnseen()
      releaseWaiting()
    }
  }

  private func forgetUnseen() {
    let pinned = slots.pinned()
    let visible = newest.load(ordering: .relaxed)
    live.removeAll { version in
      let address = Self.address(version)
      return address != visible && !pinned.contains(address)
    }
  }

  private func free(_ change: VersionChange) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.freesUnderReaders) { return change.retired.forEach(pages.freePage) }
    #endif
    if live.count == 1 {
      for id in change.retired { pages.freePage(id) }
    } else {
      free(change.retired.map { ($0, change.number) })
    }
  }

  /// Frees what waited for versions that nobody stands on any more.
  private func releaseWaiting() {
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
  var waitingPages: [PageID] { monitor.withLock { waiting.values.flatMap { $0.map(\.id) } } }

  /// Runs `body` while no page is freed. It is given the pages that versions up to `number` gave up and that a
  /// reader can still see.
  func withWaitingPages<T>(retiredThrough number: UInt64, _ body: (Set<PageID>) -> T) -> T {
    monitor.withLock {
      var pages: Set<PageID> = []
      for list in waiting.values {
        for (id, retired) in list where retired <= number { pages.insert(id) }
      }
      return body(pages)
    }
  }
}
