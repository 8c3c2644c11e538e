import Testing
import UpkeepStorage
import UpkeepTesting

/// Damage of any kind gives a clear error or right answers: never a wrong row, a trap or a hang.
@Suite(.tries(atLeast: 50_000, .damage)) struct DamageTests {
  /// Two trees, values of all sizes, a checkpoint in the middle, commits after it.
  static let workload = Workload(
    "damage", options: Workload.options(pageSize: 512),
    [
      .commit((0..<30).map { .put(tree: 0, key: Workload.key($0), value: Workload.value($0, 20 + $0 * 3)) }),
      .commit([.createTree(1), .put(tree: 1, key: Workload.key(1), value: Workload.value(7, 2500))]),
      .checkpoint,
      .commit([.put(tree: 1, key: Workload.key(2), value: Workload.value(8, 60))]),
      .commit([
        .delete(tree: 0, key: Workload.key(3)), .put(tree: 0, key: Workload.key(4), value: [1, 2, 3]),
      ]),
      .commit([.put(tree: 1, key: Workload.key(3), value: Workload.value(9, 700))]),
    ])

  private var last: Int { Self.workload.states.count - 1 }

  /// The disk after the workload: closed, or left as a dead process leaves it.
  private func disk(closed: Bool, _ workload: Workload = workload) throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem(seed: Settings.seed)
    var progress = Progress()
    let store = try Harness<EngineStore>("damage", workload).runThrowing(on: disk, &progress)
    if closed { try store.close() }
    disk.kill()
    return disk.survivor(.everything)
  }

  /// Opens and reads everything of a damaged copy.
  private func judge(
    _ harness: Harness<EngineStore>, _ disk: SimulatedFileSystem, _ place: String, allowed: ClosedRange<Int>
  ) {
    guard harness.isWanted(place), !harness.isTired else { return }
    harness.stateCount += 1
    do {
      let store = try EngineStore.open(on: disk, Self.workload.options)
      let state = try store.state()
      if !allowed.contains(where: { Self.workload.states[$0] == state }) {
        let which = Self.workload.states.firstIndex(of: state)
        harness.fail(place, "opens and shows \(which.map { "state \($0)" } ?? "a state that never was")")
      }
      _ = try store.problems()
    } catch let error as StorageError {
      switch error {
      case .corrupt, .notADatabase, .logMismatch: break
      default: harness.fail(place, "\(error)")
      }
    } catch {
      harness.fail(place, "\(error)")
    }
    disk.kill()
  }

  private var step: Int { max(1, Int((1 / Settings.scale).rounded())) }

  @Test(arguments: [UInt8(0x01), 0x80, 0xFF])
  func everyByteOfAClosedDatabase(_ mask: UInt8) throws {
    let start = Settings.now()
    let harness = Harness<EngineStore>("flip closed \(mask)", Self.workload)
    let disk = try disk(closed: true)
    #expect(disk.paths == ["db"], "a closed database is one file")
    let size = disk.contents(of: "db")?.count ?? 0
    for offset in stride(from: 0, to: size, by: step) {
      let copy = disk.survivor(.everything)
      copy.flip("db", at: UInt64(offset), xor: mask)
      judge(harness, copy, "flip closed \(mask)/\(offset)", allowed: last...last)
    }
    report(harness, start, .damage)
  }

  /// A flip in the last commit's record may lose that commit: nothing later vouches for it.
  @Test(arguments: ["db", "db-wal"])
  func everyByteOfAnUnclosedDatabase(_ file: String) throws {
    let start = Settings.now()
    let harness = Harness<EngineStore>("flip unclosed \(file)", Self.workload)
    let disk = try disk(closed: false)
    let bytes = try #require(disk.contents(of: file))
    let allowed = file == "db" ? last...last : last - 1...last
    // Zeros behind the last record are looked at now and then.
    let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 600
    for offset in stride(from: 0, to: bytes.count, by: step) where offset < used || offset % 61 == 0 {
      let copy = disk.survivor(.everything)
      copy.flip(file, at: UInt64(offset), xor: offset % 2 == 0 ? 0x01 : 0xFF)
      judge(harness, copy, "flip unclosed \(file)/\(offset)", allowed: allowed)
    }
    report(harness, start, .damage)
  }

  @Test func sectorsZeroedSwappedAndReplacedByOlderOnes() throws {
    let start = Settings.now()
    let harness = Harness<EngineStore>("sectors", Self.workload)
    for closed in [true, false] {
      let disk = try disk(closed: closed)
      var older: [[UInt8]] = []
      for count in 2..<Self.workload.steps.count {
        let part = Workload("part", options: Self.workload.options, Array(Self.workload.steps.prefix(count)))
        // Another database id would make it a foreign page: the same run, stopped earlier, cannot be had again.
        older.append(try self.disk(closed: closed, part).contents(of: "db") ?? [])
      }
      let bytes = try #require(disk.contents(of: "db"))
      let sectors = bytes.count / 512
      for sector in stride(from: 0, to: sectors, by: step) {
        func put(_ new: [UInt8], _ name: String) {
          var changed = bytes
          changed.replaceSubrange(sector * 512..<sector * 512 + 512, with: new)
          let copy = disk.survivor(.everything)
          copy.setContents(of: "db", to: changed)
          judge(harness, copy, "sectors/\(closed)/\(name)/\(sector)", allowed: last...last)
        }
        put([UInt8](repeating: 0, count: 512), "zeroed")
        put([UInt8](repeating: 0xFF, count: 512), "ones")
        for other in 0..<sectors where other != sector {
          put(Array(bytes[other * 512..<other * 512 + 512]), "from \(other)")
        }
        for (index, old) in older.enumerated() where old.count >= sector * 512 + 512 {
          put(Array(old[sector * 512..<sector * 512 + 512]), "of another database \(index)")
        }
      }
    }
    report(harness, start, .damage)
  }

  /// Each sector of the data file as it was at an earlier moment of the same database.
  @Test func sectorsOfAnEarlierMoment() throws {
    let start = Settings.now()
    let harness = Harness<EngineStore>("earlier", Self.workload)
    let disk = SimulatedFileSystem(seed: Settings.seed)
    var store = try EngineStore.open(on: disk, Self.workload.options)
    var moments: [[UInt8]] = []
    for step in Self.workload.steps {
      if case .commit(let changes) = step { try store.commit(changes) }
      try store.close()
      moments.append(disk.contents(of: "db") ?? [])
      store = try EngineStore.open(on: disk, Self.workload.options)
    }
    try store.close()
    disk.kill()
    let bytes = try #require(disk.contents(of: "db"))
    for (moment, old) in moments.dropLast().enumerated() {
      for sector in stride(from: 0, to: min(bytes.count, old.count) / 512, by: step) {
        let range = sector * 512..<sector * 512 + 512
        guard bytes[range] != old[range] else { continue }
        var changed = bytes
        changed.replaceSubrange(range, with: old[range])
        let copy = disk.survivor(.everything)
        copy.setContents(of: "db", to: changed)
        judge(harness, copy, "earlier/\(moment)/\(sector)", allowed: last...last)
      }
    }
    // Pages move as they change: earlier bytes anywhere, a sector or a page of them.
    var chance = SeededGenerator(seed: Settings.seed)
    for round in 0..<Int(4000 * Settings.scale) {
      let old = chance.pick(Array(moments.dropLast()))
      let count = 512 * (1 + chance.below(2))
      let from = 512 * chance.below(old.count / 512 - 1)
      let to = 512 * (chance.oneIn(8) ? chance.below(18) : 32 + chance.below(bytes.count / 512 - 34))
      var changed = bytes
      changed.replaceSubrange(to..<to + count, with: old[from..<from + count])
      let copy = disk.survivor(.everything)
      copy.setContents(of: "db", to: changed)
      // An old superblock in both slots is an old database: one sector reaches only one of them.
      judge(harness, copy, "earlier/round \(round)", allowed: last...last)
    }
    report(harness, start, .damage)
  }

  @Test func filesCutAtEveryByte() throws {
    let start = Settings.now()
    let harness = Harness<EngineStore>("cut", Self.workload)
    for (file, closed) in [("db", true), ("db", false), ("db-wal", false)] {
      let disk = try disk(closed: closed)
      let bytes = try #require(disk.contents(of: file))
      let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 600
      for size in stride(from: 0, to: bytes.count, by: step) where size < used || size % 61 == 0 {
        let copy = disk.survivor(.everything)
        copy.setContents(of: file, to: Array(bytes[..<size]))
        judge(harness, copy, "cut/\(file)/\(closed)/\(size)", allowed: last...last)
      }
    }
    report(harness, start, .damage)
  }

  @Test func aLogThatIsLostOrForeignIsRefusedAndNothingIsChanged() throws {
    let disk = try disk(closed: false)
    let other = try self.disk(closed: false)
    for log in [nil, other.contents(of: "db-wal"), [], [UInt8](repeating: 0, count: 65536)] {
      let copy = disk.survivor(.everything)
      copy.setContents(of: "db-wal", to: log)
      let before = copy.paths.map { copy.contents(of: $0) }
      let error = #expect(throws: StorageError.self) { try EngineStore.open(on: copy, Self.workload.options) }
      guard case .logMismatch(let file, let reason)? = error else {
        Issue.record("not a log mismatch: \(error.map { "\($0)" } ?? "none")")
        continue
      }
      #expect(file == "db-wal" && !reason.isEmpty)
      #expect(copy.paths.map { copy.contents(of: $0) } == before, "something was changed")
    }
  }

  @Test func aLogWithoutItsDatabaseIsRefusedAndKept() throws {
    let copy = try disk(closed: false)
    copy.setContents(of: "db", to: nil)
    let log = copy.contents(of: "db-wal")
    #expect(throws: StorageError.self) { try EngineStore.open(on: copy, Self.workload.options) }
    #expect(copy.contents(of: "db-wal") == log)
    #expect(copy.contents(of: "db") == nil)
  }

  /// Of a closed database, either superblock may rot: the other holds the same. Both: a clear error.
  @Test func superblocksOfAClosedDatabase() throws {
    let disk = try disk(closed: true)
    for slots in [[0], [1], [0, 1]] {
      let copy = disk.survivor(.everything)
      var bytes = try #require(copy.contents(of: "db"))
      for slot in slots {
        bytes.replaceSubrange(
          slot * 4096 + 16..<slot * 4096 + 512, with: [UInt8](repeating: 0x5A, count: 496))
      }
      copy.setContents(of: "db", to: bytes)
      if slots.count == 1 {
        #expect(try EngineStore.open(on: copy, Self.workload.options).state() == Self.workload.states[last])
      } else {
        #expect(throws: StorageError.self) { try EngineStore.open(on: copy, Self.workload.options) }
      }
    }
  }

  /// Random bytes over random ranges, several at once.
  @Test func randomDamage() throws {
    let start = Settings.now()
    let harness = Harness<EngineStore>("random damage", Self.workload)
    for closed in [true, false] {
      let disk = try disk(closed: closed)
      for round in 0..<Int(2000 * Settings.scale) {
        var chance = SeededGenerator(seed: Settings.seed &* 7919 &+ UInt64(round))
        let copy = disk.survivor(.everything)
        let file = chance.pick(copy.paths)
        guard var bytes = copy.contents(of: file) else { continue }
        for _ in 0...chance.below(3) {
          let count = min(1 + chance.below(64), bytes.count)
          let at = chance.below(max(1, chance.oneIn(2) ? min(bytes.count, 24_000) : bytes.count) - count)
          bytes.replaceSubrange(at..<at + count, with: chance.bytes(count))
        }
        copy.setContents(of: file, to: bytes)
        judge(
          harness, copy, "random damage/\(closed)/\(round)",
          allowed: file == "db" ? last...last : last - 1...last)
      }
    }
    report(harness, start, .damage)
  }
}
