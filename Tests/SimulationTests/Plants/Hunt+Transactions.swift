#if UPKEEP_PLANTS
  import UpkeepTesting

  @testable import UpkeepStorage

  // Checks of what transactions and snapshots promise each other.

  extension Hunt {
    static let checks: [Hunt] = [
      treeIDs, cursors, snapshots, readersOnTheirWay, emptyCommits, durablePosition, closing, nesting,
      alignment, runs,
      unfinishedChain, lostLog, creation, lock, flipsInTheLog, flipsInTheDatabase, foreignPages, invalidNode,
      oneSuperblock, oneSuperblockOfABackup, newerLog, replacedFile, restingCursor, underWay, movedPage,
    ]

    private static func changes(_ round: Int, _ count: Int = 60) -> [Change] {
      (0..<count).map { Workload.put($0, round * 100 + $0, 120) }
    }

    private static func open(_ disk: SimulatedFileSystem) throws -> EngineStore {
      try EngineStore.open(on: disk, Workload.options(pageSize: 512))
    }

    /// Rule 1: an id that was given is never given again, also after the store was opened again.
    static let treeIDs = check("tree ids are never used again") {
      let disk = SimulatedFileSystem()
      var given: [TreeID] = []
      for _ in 0..<2 {
        let store = try open(disk)
        for _ in 0..<3 {
          let transaction = try store.storage.beginWrite()
          let tree = try transaction.createTree()
          given.append(tree)
          try transaction.dropTree(tree)
          try transaction.commit()
        }
        try store.close()
      }
      return Set(given).count == given.count ? [] : ["given: \(given)"]
    }

    /// Rule 4: a statement that scans what it writes reads what was there at its start.
    static let cursors = check("a cursor reads what was there when it was made") {
      let store = try open(SimulatedFileSystem())
      try store.commit(changes(1))
      let transaction = try store.storage.beginWrite()
      defer { transaction.rollback() }
      // Its own pages are what could be edited under it.
      for number in 0..<60 {
        try Workload.key(number).withUnsafeBytes { try transaction.put(.catalog, $0, $0) }
      }
      let cursor = try transaction.cursor(.catalog)
      var found = 0
      var isThere = try cursor.first()
      while isThere, found < 1000 {
        found += 1
        let new = Array("key-\(found)/\(found)".utf8)
        try new.withUnsafeBytes { try transaction.put(.catalog, $0, $0) }
        isThere = try cursor.next()
      }
      return found == 60 ? [] : ["\(found) rows instead of 60"]
    }

    /// Rules 5 and 8: what a snapshot shows stays, also what it has not read yet.
    static let snapshots = check("a snapshot stays what it is") {
      let disk = SimulatedFileSystem()
      var store = try open(disk)
      try store.commit(changes(1))
      try store.close()
      // Opened again, nothing is in memory.
      store = try open(disk)
      let snapshot = try store.storage.beginRead()
      for round in 2..<8 {
        try store.commit(changes(round))
        try store.commit([.deleteRange(tree: 0, from: Workload.key(0), to: Workload.key(30))])
        try store.checkpoint()
      }
      var expected = StoreState()
      for change in changes(1) { change.apply(to: &expected) }
      let shown = try store.state(in: snapshot)
      snapshot.end()
      return shown == expected ? try store.problems() : ["it shows another state"]
    }

    /// Rule 5: commits between a reader's look at the newest version and its claim of a slot.
    static let readersOnTheirWay = check("a reader looks again after it claimed its slot") {
      let store = try open(SimulatedFileSystem())
      try store.commit(changes(1))
      // Keeps the version's own memory, so that a reader which does not look again finds pages that were used again.
      let held = store.storage.core.versions.visible
      defer { withExtendedLifetime(held) {} }
      let storage = store.storage
      let snapshot = try Plant.interrupt({ _ in
        for round in 2..<5 { try? EngineStore(storage).commit(changes(round)) }
      }) { try storage.beginRead() }
      defer { snapshot.end() }
      var expected = StoreState()
      for change in changes(4) { change.apply(to: &expected) }
      return try store.state(in: snapshot) == expected ? [] : ["it shows what is no more"]
    }

    /// Rule 10: an answer that rests on a commit which is not durable waits for it.
    static let emptyCommits = check("a transaction that wrote nothing waits for what it saw") {
      let store = try open(SimulatedFileSystem())
      try store.commit(changes(1))
      let first = try store.storage.beginWrite()
      try Workload.key(99).withUnsafeBytes { try first.put(.catalog, $0, $0) }
      _ = try first.commitLater()
      let second = try store.storage.beginWrite()
      let isThere = try Workload.key(99).withUnsafeBytes { try second.get(.catalog, $0) != nil }
      try second.commit()
      let isVisible = try store.state().trees[0]?[Workload.key(99)] != nil
      return isThere && isVisible ? [] : ["it was told of what nobody can see yet"]
    }

    /// Rule 10: what was written after a sync was called is not durable by it.
    static let durablePosition = check("durable is what was written when the sync was called") {
      let disk = SimulatedFileSystem()
      let store = try open(disk)
      try store.commit(changes(1))
      let late = Late()
      let storage = store.storage
      // A commit writes, then syncs: another writes in between.
      disk.interrupt(before: 1) {
        late.ticket = try? {
          let transaction = try storage.beginWrite()
          try Workload.key(99).withUnsafeBytes { try transaction.put(.catalog, $0, $0) }
          return try transaction.commitLater()
        }()
      }
      try store.commit([Workload.put(1, 1)])
      guard let ticket = late.ticket else { return ["the commit in between was not made"] }
      let before = disk.changeCount
      try store.storage.wait(for: ticket)
      return disk.changeCount > before ? [] : ["it was told of a commit that no sync came after"]
    }

    private final class Late: @unchecked Sendable { var ticket: CommitTicket? }

    /// Rule 23.
    static let closing = check("close refuses while a snapshot is open") {
      let store = try open(SimulatedFileSystem())
      try store.commit(changes(1))
      let snapshot = try store.storage.beginRead()
      defer { snapshot.end() }
      do { try store.close() } catch StorageError.snapshotsOpen { return [] }
      return ["it closed"]
    }

    static let nesting = check("a write within a write is refused") {
      let store = try open(SimulatedFileSystem())
      let first = try store.storage.beginWrite()
      defer { first.rollback() }
      do { try store.storage.beginWrite().rollback() } catch StorageError.nestedWrite { return [] }
      return ["it was begun"]
    }

    /// Rule 27: a lone write that does not begin at 4 KB makes the system read before it writes.
    static let alignment = check("runs of a checkpoint begin at multiples of 4 KB") {
      let unaligned = [
        Extent(start: 32, count: 3), Extent(start: 61, count: 40), Extent(start: 133, count: 1),
      ]
      guard var free = FreeSpace(used: unaligned, endUnit: 300) else { return ["the extents were refused"] }
      let runs = (0..<6).map { _ in free.allocate(least: 8, most: 16) }
      return runs.filter { $0.start % 8 != 0 }.map { "a run begins at unit \($0.start)" }
    }

    /// The same at the file: pages are written many at once, in runs that begin and end at multiples of 4 KB.
    static let runs = check("a checkpoint writes long runs") {
      let disk = SimulatedFileSystem()
      disk.keepsTranscript = true
      let store = try EngineStore.open(on: disk, Workload.options())
      for round in 0..<3 {
        try store.commit(
          (0..<99).map { .put(tree: 0, key: [UInt8($0), UInt8(round)], value: value($0, round)) })
        try store.checkpoint()
      }
      let writes = disk.transcript.filter {
        $0.operation == .write && $0.path == EngineStore.path && $0.offset ?? 0 >= 16384
      }
      let unaligned = writes.filter { ($0.offset ?? 1) % 4096 != 0 || ($0.count ?? 1) % 4096 != 0 }
      // One that is long and one that is the rest, a checkpoint.
      let isShort = writes.count > 6
      return unaligned.map { "\($0) is not aligned" } + (isShort ? ["\(writes.count) writes"] : [])
    }

    private static func value(_ number: Int, _ round: Int) -> Bytes {
      Workload.value(round * 1000 + number, 900)
    }
  }
#endif
