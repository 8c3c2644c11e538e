#if UPKEEP_PLANTS
  import UpkeepTesting

  @testable import UpkeepStorage

  // Checks of what readers may rely on where pages leave memory (rule 22). Everything happens on one thread: another
  // reader comes at the worst moment.

  extension Hunt {
    private static func value(_ number: Int) -> Bytes { Workload.value(number, 150) }

    /// A store of which hardly anything fits into memory, opened again so that nothing is there.
    private static func open() throws -> EngineStore {
      let disk = SimulatedFileSystem()
      var options = Workload.options(pageSize: 512)
      options.cacheSize = 0
      let store = try EngineStore.open(on: disk, options)
      try store.commit((0..<99).map { .put(tree: 0, key: Workload.key($0), value: value($0)) })
      try store.close()
      return try EngineStore.open(on: disk, options)
    }

    /// Reads everything a few times, so that what was in memory is there no more.
    private static func readAll(_ storage: Storage) throws {
      for _ in 0..<4 { _ = try EngineStore(storage).state() }
    }

    /// A pool of a few frames whose pages hold their number, looked at alone: what is read of a frame that went may be
    /// anything, and the engine would trip over it.
    private struct Frames {
      let table = PageTable()
      let slots = ReaderSlots()
      let pool: FramePool

      init() { pool = FramePool(frameSize: 512, limit: 16, table: table, slots: slots) }

      func read(_ numbers: ClosedRange<UInt64>) throws {
        for number in numbers {
          let frame = try pool.take(for: PageID(rawValue: number), as: .loading)
          frame.base.storeBytes(of: number, as: UInt64.self)
          pool.publish(PageID(rawValue: number), in: frame)
        }
      }

      func frame(_ number: UInt64) -> UnsafeRawPointer? {
        table.frame(PageID(rawValue: number)).map { UnsafeRawPointer($0) }
      }
    }

    /// What a cursor at rest stands on stays, whatever others read.
    static let restingCursor = check("a cursor at rest keeps its page") {
      let frames = Frames()
      guard let slot = frames.slots.claim(1, hint: 0) else { return ["no slot"] }
      let line = frames.slots.line(slot)
      try frames.read(1...1)
      guard let frame = frames.frame(1) else { return ["no frame"] }
      line.enter()
      line.keep(frame, in: 1)
      line.leave()
      try frames.read(2...400)
      return frame.load(as: UInt64.self) == 1 ? [] : ["its frame was used for another page"]
    }

    /// Pages that an operation has read stay until it ends.
    static let underWay = check("an operation keeps the pages that it read") {
      let frames = Frames()
      guard let slot = frames.slots.claim(1, hint: 0) else { return ["no slot"] }
      let line = frames.slots.line(slot)
      try frames.read(1...8)
      line.enter()
      let found = (1...8).compactMap { number in frames.frame(UInt64(number)).map { (UInt64(number), $0) } }
      try frames.read(9...400)
      let isKept = found.allSatisfy { $0.1.load(as: UInt64.self) == $0.0 }
      line.leave()
      return isKept && !found.isEmpty ? [] : ["their frames were used for other pages"]
    }

    /// Rule 8: a page that moves between the look at where it is and the read is looked for again.
    static let movedPage = check("a page that moves while it is read is found") {
      for number in [45, 60, 75, 98] {
        let store = try open()
        let storage = store.storage
        try store.commit([.deleteRange(tree: 0, from: Workload.key(0), to: Workload.key(40))])
        try store.checkpoint()
        // Not in memory any more, so that it is read.
        try readAll(storage)
        let snapshot = try storage.beginRead()
        defer { snapshot.end() }
        let once = Once()
        let found = try Plant.interrupt({ moment in
          if case .pageWasLocated = moment, once.isFirst() { try? storage.compact() }
        }) {
          try Workload.key(number).withUnsafeBytes { try snapshot.get(.catalog, $0).map { Array($0) } }
        }
        if found != value(number) { return ["row \(number) is not what it was"] }
      }
      return []
    }

    private final class Once: @unchecked Sendable {
      private var isOver = false
      func isFirst() -> Bool {
        defer { isOver = true }
        return !isOver
      }
    }
  }
#endif
