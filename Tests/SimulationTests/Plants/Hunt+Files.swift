#if UPKEEP_PLANTS
  import UpkeepTesting

  @testable import UpkeepStorage

  // Checks of files that others touch: damage, lost logs, two processes at once.

  extension Hunt {
    private static let workload = DamageTests.workload
    private static var last: Int { workload.states.count - 1 }

    private static func finished(closed: Bool) throws -> SimulatedFileSystem {
      let disk = SimulatedFileSystem(seed: Settings.seed)
      var progress = Progress()
      let store = try Harness<EngineStore>("damage", workload).runThrowing(on: disk, &progress)
      if closed { try store.close() }
      disk.kill()
      return disk.survivor(.everything)
    }

    /// Opens a damaged copy: clear error or one of the allowed states.
    private static func judge(_ disk: SimulatedFileSystem, _ allowed: ClosedRange<Int>, _ place: String)
      -> String?
    {
      do {
        let state = try EngineStore.open(on: disk, workload.options).state()
        if allowed.contains(where: { workload.states[$0] == state }) { return nil }
        return "\(place): opens and shows another state"
      } catch StorageError.corrupt, StorageError.notADatabase, StorageError.logMismatch {
        return nil
      } catch {
        return "\(place): \(error)"
      }
    }

    private static func flips(
      _ file: String, closed: Bool, _ allowed: ClosedRange<Int>, step: Int
    ) throws -> [String] {
      let disk = try finished(closed: closed)
      let bytes = disk.contents(of: file) ?? []
      let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
      for offset in stride(from: 0, to: used, by: step) {
        let copy = disk.survivor(.everything)
        copy.flip(file, at: UInt64(offset), xor: 0x40)
        if let failure = judge(copy, allowed, "\(file), byte \(offset)") { return [failure] }
      }
      return []
    }

    static let flipsInTheLog = check("flips in the log of a store that was not closed") {
      try flips("db-wal", closed: false, last - 1...last, step: 7)
    }

    static let flipsInTheDatabase = check("flips in a closed database") {
      try flips("db", closed: true, last...last, step: 3)
    }

    /// Rule 24: a page is refused in another's place, and in another database. What it is named by holds its checksum
    /// too, so that only a forger could get there by way of files.
    static let foreignPages = check("pages in the wrong place") {
      let codec = PageCodec(pageSize: 1024, databaseID: DatabaseID(high: 1, low: 2))
      let other = PageCodec(pageSize: 1024, databaseID: DatabaseID(high: 3, low: 2))
      let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 8)
      let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)
      defer {
        stored.deallocate()
        page.deallocate()
      }
      page.initializeMemory(as: UInt8.self, repeating: 7)
      guard let from = page.baseAddress, let to = stored.baseAddress else { return [] }
      from.storeBytes(of: PageKind.leaf.rawValue, as: UInt8.self)
      let (units, sum) = codec.encode(from, identity: 5, version: 1, into: to)
      let bytes = UnsafeRawBufferPointer(rebasing: stored[..<(units * Extent.unitSize)])
      func problem(_ codec: PageCodec, _ identity: UInt64) -> String? {
        codec.decode(bytes, identity: identity, checksum: sum, kind: nil, into: page)
      }
      var failures: [String] = []
      if let reason = problem(codec, 5) { failures.append("refused in its own place: \(reason)") }
      if problem(codec, 6) == nil { failures.append("taken in another's place") }
      if problem(other, 5) == nil { failures.append("taken in another database") }
      return failures
    }

    /// Rule 17: a log that is gone is missed, from the first commit on.
    static let lostLog = check("a log that is gone is missed") {
      let disk = SimulatedFileSystem()
      try EngineStore.open(on: disk, workload.options).commit([Workload.put(1, 1)])
      disk.kill()
      disk.setContents(of: "db-wal", to: nil)
      do {
        _ = try EngineStore.open(on: disk.anotherProcess(), workload.options)
      } catch StorageError.logMismatch {
        return []
      }
      return ["it opened without its log"]
    }

    /// Rule 16: at rest both superblocks say the same, so that either may rot.
    static let oneSuperblock = check("one of two superblocks rots") {
      let disk = try finished(closed: true)
      let bytes = disk.contents(of: EngineStore.path) ?? []
      let generations = (0...1).map { slot -> UInt64? in
        let decoded = bytes[slot * 4096..<slot * 4096 + 512].withUnsafeBytes {
          Superblock.decode($0, slot: slot)
        }
        guard case .valid(let superblock) = decoded else { return nil }
        return superblock.generation
      }
      if generations[0] == nil || generations[0] != generations[1] { return ["generations \(generations)"] }
      return try (0...1).compactMap { slot in
        let copy = try finished(closed: true)
        copy.flip(EngineStore.path, at: UInt64(slot * 4096 + 100), xor: 0xFF)
        let state = try EngineStore.open(on: copy, workload.options).state()
        return state == workload.states[last] ? nil : "without slot \(slot): another state"
      }
    }

    /// The same of a backup, which is a closed database.
    static let oneSuperblockOfABackup = check("one of two superblocks of a backup rots") {
      let disk = SimulatedFileSystem()
      let store = try EngineStore.open(on: disk, workload.options)
      try store.commit((0..<9).map { Workload.put($0, $0) })
      let expected = try store.state()
      try store.storage.backup(to: "backup", fileSystem: disk)
      return (0...1).compactMap { slot in
        let copy = disk.survivor(.everything)
        copy.flip("backup", at: UInt64(slot * 4096 + 100), xor: 0xFF)
        do {
          let storage = try Storage.open("backup", fileSystem: copy, options: workload.options)
          return try EngineStore(storage).state() == expected ? nil : "without slot \(slot): another state"
        } catch {
          return "without slot \(slot): \(error)"
        }
      }
    }

    /// Rule 16: the newest superblock rots before its mirror is on the disk, and the log says that there was a newer.
    static let newerLog = check("a log that goes on from a superblock which is gone") {
      let disk = SimulatedFileSystem()
      let store = try EngineStore.open(on: disk, workload.options)
      try store.commit([Workload.put(1, 1)])
      let before = disk.contents(of: EngineStore.path) ?? []
      try store.checkpoint()
      for round in 0..<4 { try store.commit([Workload.put(2, round, 9000)]) }
      disk.kill()
      var bytes = disk.contents(of: EngineStore.path) ?? []
      for start in [0, 4096] { bytes.replaceSubrange(start..<start + 512, with: before[start..<start + 512]) }
      disk.setContents(of: EngineStore.path, to: bytes)
      do {
        _ = try EngineStore.open(on: disk.anotherProcess(), workload.options)
      } catch StorageError.corrupt(_, let place, _) {
        return place == "superblock" ? [] : ["blamed on \(place)"]
      }
      return ["it opened"]
    }

    /// Rule 19: another puts a new database in the place of one that is about to be locked.
    static let replacedFile = check("a database that is replaced before it is locked") {
      func made() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem()
        try EngineStore.open(on: disk, workload.options).close()
        return disk.anotherProcess()
      }
      let whole = try made()
      whole.keepsTranscript = true
      try EngineStore.open(on: whole, workload.options).close()
      let lockCall = whole.transcript.firstIndex { $0.operation == .lock } ?? 0
      for call in 0...lockCall {
        let process = try made()
        let other = process.anotherProcess()
        process.interrupt(before: call) {
          other.setContents(of: EngineStore.path, to: nil)
          try? EngineStore.open(on: other, DamageTests.workload.options).close()
        }
        let store = try EngineStore.open(on: process, workload.options)
        try store.commit([Workload.put(1, 1)])
        try store.close()
        let state = try EngineStore.open(on: process.anotherProcess(), workload.options).state()
        if state.trees[0]?.count != 1 { return ["the commit is in no file, replaced before call \(call)"] }
      }
      return lockCall > 0 ? [] : ["nothing was tried"]
    }

    /// Rule 19: two processes that make one database at the same moment.
    static let creation = check("two processes make one database") {
      for closes in [true, false] {
        for call in 0..<300 {
          guard let problems = CreationTests.problems(before: call, closes: closes) else { break }
          if !problems.isEmpty { return problems }
        }
      }
      return []
    }

    static let lock = check("an open database is locked") {
      let disk = SimulatedFileSystem()
      let store = try EngineStore.open(on: disk, workload.options)
      defer { withExtendedLifetime(store) {} }
      do { _ = try EngineStore.open(on: disk.anotherProcess(), workload.options) } catch StorageError.locked {
        return []
      }
      return ["another process opened it too"]
    }

    /// Rule 24: a node that makes no sense is refused although its checksum is right.
    static let invalidNode = check("a node that makes no sense is refused") {
      let disk = SimulatedFileSystem()
      try Plant.sow(.leavesGarbage) {
        let store = try EngineStore.open(on: disk, workload.options)
        try store.commit((0..<9).map { Workload.put($0, $0) })
        try store.commit([.delete(tree: 0, key: Workload.key(2)), .delete(tree: 0, key: Workload.key(5))])
        try store.close()
      }
      let store = try EngineStore.open(on: disk, workload.options)
      do { _ = try store.state() } catch StorageError.corrupt { return [] }
      return ["it was read"]
    }

    /// Rule 11: records of a transaction that never ended, and then a whole one.
    static let unfinishedChain = check("the beginning of a transaction voids one that did not end") {
      let disk = SimulatedFileSystem()
      let store = try EngineStore.open(on: disk, workload.options)
      try store.commit([Workload.put(1, 1)])
      guard let log = store.storage.core.log else { return ["there is no log"] }
      disk.kill()
      var chain = log.chain
      var at = (log.end.rawValue + 511) / 512 * 512
      var bytes = disk.contents(of: "db-wal") ?? []
      for (number, flags) in [(2, LogRecord.Flags.first), (3, [.first, .last])] {
        let operations = ByteBuffer()
        Workload.key(number).withUnsafeBytes { LogOperation.appendPut(.catalog, $0, $0, to: operations) }
        let payload = Array(operations.bytes)
        let position = LogPosition(at)
        let sum = payload.withUnsafeBytes {
          Checksum.hash($0, seed: LogRecord.payloadSeed(salt: log.salt, position: position))
        }
        let header = LogRecord.Header(
          flags: flags, payloadCount: payload.count, plainCount: payload.count, version: 2,
          durableBefore: log.durable, position: position, previousChain: chain, payloadChecksum: sum, chain: 0
        )
        var head = [UInt8](repeating: 0, count: LogRecord.headerByteCount)
        head.withUnsafeMutableBytes { buffer in
          if let base = buffer.baseAddress { chain = LogRecord.encode(header, salt: log.salt, into: base) }
        }
        // The first segment is the file's first place and has sequence number 1.
        let place = Int(at) - workload.options.segmentSize
        bytes.replaceSubrange(place..<place + head.count + payload.count, with: head + payload)
        at += UInt64(header.byteCount)
      }
      disk.setContents(of: "db-wal", to: bytes)
      let keys = try EngineStore.open(on: disk.anotherProcess(), workload.options).state().trees[0]?.keys
        .count
      return keys == 2 ? [] : ["\(keys ?? 0) keys instead of 2"]
    }
  }
#endif
