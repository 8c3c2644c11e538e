import Testing
import UpkeepStorage
import UpkeepTesting

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The simulated disk really does what it is there to do: each test is a canary for one kind of loss.
@Suite struct SimulatedDiskTests {
  private func write(_ file: any File, _ byte: UInt8, _ count: Int, at offset: UInt64) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.initializeMemory(as: UInt8.self, repeating: byte)
    try file.write(UnsafeRawBufferPointer(buffer), at: offset)
  }

  /// A disk with one durable file of four sectors of ones.
  private func disk() throws -> (SimulatedFileSystem, any File) {
    let disk = SimulatedFileSystem()
    let file = try disk.open("a", .createNew)
    try write(file, 1, 2048, at: 0)
    try file.sync(.full)
    try disk.syncDirectory(of: "a")
    return (disk, file)
  }

  /// The first byte of each sector in every one of many survivors.
  private func outcomes(_ disk: SimulatedFileSystem, _ path: String = "a") -> Set<[UInt8]?> {
    Set(
      (0..<300).map { seed in
        disk.survivor(.random(seed: seed)).contents(of: path).map { bytes in
          stride(from: 0, to: bytes.count, by: 512).map { bytes[$0] }
        }
      })
  }

  @Test func anUnsyncedWriteMayBeLostAndASyncedOneNot() throws {
    let (disk, file) = try disk()
    try write(file, 2, 512, at: 0)
    #expect(disk.survivor(.nothing).contents(of: "a")?.first == 1)
    #expect(disk.survivor(.everything).contents(of: "a")?.first == 2)
    // Old, new, and now and then torn: no other sector is touched.
    #expect(outcomes(disk).isSuperset(of: [[1, 1, 1, 1], [2, 1, 1, 1]]))
    #expect(outcomes(disk).allSatisfy { $0?.dropFirst() == [1, 1, 1] })
    try file.sync(.data)
    #expect(outcomes(disk) == [[2, 1, 1, 1]])
  }

  @Test func writesAreTornAndReordered() throws {
    let (disk, file) = try disk()
    try write(file, 2, 1024, at: 0)
    try write(file, 3, 1024, at: 512)
    let found = outcomes(disk)
    #expect(found.contains([1, 3, 1, 1]), "torn, and the later without the earlier")
    #expect(found.contains([2, 1, 1, 1]), "the earlier torn")
    #expect(found.contains([1, 2, 3, 1]), "half of each")
    #expect(found.count > 8)
    // Nothing is torn in this one: a sector holds no bytes of two writes where the later covers it.
    let survivor = disk.survivor(.random(seed: 5)).contents(of: "a") ?? []
    for sector in stride(from: 0, to: survivor.count, by: 512) {
      #expect(Set(survivor[sector..<sector + 512]).count == 1)
    }
  }

  @Test func aSizeMayComeWithoutItsBytesAndTheOtherWayRound() throws {
    let (disk, file) = try disk()
    try write(file, 7, 1024, at: 2048)
    let found = outcomes(disk)
    #expect(found.contains([1, 1, 1, 1]), "neither")
    #expect(found.contains([1, 1, 1, 1, 7, 7]), "both")
    #expect(found.contains([1, 1, 1, 1, 0, 0]), "the size alone, zeros")
    #expect(found.contains { $0.map { $0.count == 6 && ![0, 1, 7].contains($0[4]) } ?? false }, "garbage")
    try file.truncate(to: 512)
    #expect(outcomes(disk).contains([1]) && outcomes(disk).contains([1, 1, 1, 1]))
    try file.sync(.full)
    #expect(outcomes(disk) == [[1]])
  }

  @Test func aSyncOfTheBytesCoversNoMoreOfTheSizeThanTheyNeed() throws {
    let (disk, file) = try disk()
    try file.allocate(0..<8192)
    try write(file, 5, 512, at: 2048)
    try file.sync(.data)
    #expect(disk.survivor(.nothing).contents(of: "a")?.count == 2560)
    try file.sync(.full)
    #expect(disk.survivor(.nothing).contents(of: "a")?.count == 8192)
  }

  @Test func namesAreLostWithoutASyncOfTheFolder() throws {
    let disk = SimulatedFileSystem()
    let file = try disk.open("a", .createNew)
    try write(file, 1, 512, at: 0)
    try file.sync(.full)
    #expect(disk.survivor(.nothing).paths == [])
    try disk.syncDirectory(of: "a")
    #expect(disk.survivor(.nothing).paths == ["a"])
    try disk.renameExclusively("a", to: "b")
    _ = try disk.open("c", .createNew)
    let found = Set((0..<300).map { disk.survivor(.random(seed: $0)).paths })
    #expect(found.isSuperset(of: [["a"], ["b"], ["a", "c"], ["b", "c"], ["a", "b"]]))
    try disk.remove("b")
    #expect(Set((0..<300).map { disk.survivor(.random(seed: $0)).paths }).contains(["b"]))
    try disk.syncDirectory(of: "x/../a")
    #expect(disk.survivor(.nothing).paths == ["a"], "another folder's sync")
  }

  @Test func aFailedSyncIsNotMadeGoodByTheNext() throws {
    for fault in [FaultPlan.Fault.syncKeepsPages, .syncDropsPages] {
      var losses = 0
      for seed in 0..<20 {
        let disk = SimulatedFileSystem(seed: UInt64(seed))
        let file = try disk.open("a", .createNew)
        try write(file, 1, 1024, at: 0)
        try file.sync(.full)
        try disk.syncDirectory(of: "a")
        try write(file, 2, 512, at: 0)
        disk.plan(FaultPlan(fault, at: 0, of: .only([.sync])))
        #expect(throws: FileError.self) { try file.sync(.data) }
        let live = disk.contents(of: "a")?.first
        if fault == .syncKeepsPages { #expect(live == 2) }
        try write(file, 3, 512, at: 512)
        try file.sync(.full)
        let bytes = try #require(disk.survivor(.nothing).contents(of: "a"))
        #expect(bytes[512] == 3)
        if bytes[0] == 1 { losses += 1 }
        // Only writing again makes it durable.
        try write(file, 2, 1, at: 0)
        try file.sync(.data)
        #expect(disk.survivor(.nothing).contents(of: "a")?.first == 2)
      }
      #expect(losses > 5 && losses < 20)
    }
  }

  @Test func faultsHitTheCallTheyAreMeantFor() throws {
    let (disk, file) = try disk()
    disk.plan(FaultPlan(.error(EACCES), at: 1, of: .only([.write])))
    try write(file, 2, 1, at: 0)
    #expect(throws: FileError(.write, path: "a", code: EACCES, offset: 1)) { try write(file, 2, 1, at: 1) }
    try write(file, 2, 1, at: 2)
    disk.plan(FaultPlan(.partialWrite(ENOSPC), at: 0, isForEver: true))
    for _ in 0..<3 { #expect(throws: FileError.self) { try write(file, 9, 2000, at: 0) } }
    let bytes = try #require(disk.contents(of: "a"))
    #expect(bytes[0] == 9 && bytes[1999] == 1)
    disk.plan(FaultPlan(.powerLoss, at: 0))
    #expect(throws: FileError.self) { try write(file, 4, 1, at: 0) }
    let error = #expect(throws: FileError.self) { try disk.status("a") }
    #expect(error?.code == SimulatedFileSystem.powerLossCode && disk.isOff)
  }

  @Test func aDiskFillsUp() throws {
    let disk = SimulatedFileSystem(capacity: 8192)
    let file = try disk.open("a", .createNew)
    try write(file, 1, 4096, at: 0)
    let error = #expect(throws: FileError.self) { try write(file, 2, 10_000, at: 4096) }
    #expect(error?.code == ENOSPC)
    #expect(try file.size() == 8192, "as much as fits")
    try write(file, 3, 8192, at: 0)
    #expect(throws: FileError.self) { try file.allocate(0..<20_000) }
    disk.capacity = nil
    try file.allocate(0..<20_000)
  }

  @Test func aProcessThatEndsLosesItsLocksAndNotItsWrites() throws {
    let (disk, file) = try disk()
    let other = disk.anotherProcess()
    #expect(try file.tryLock())
    #expect(try other.open("a", .readWrite).tryLock() == false)
    try write(file, 6, 1, at: 0)
    disk.kill()
    #expect(throws: FileError.self) { try write(file, 7, 1, at: 0) }
    #expect(try other.open("a", .readWrite).tryLock())
    #expect(other.contents(of: "a")?.first == 6)
  }

  @Test func theTranscriptTellsWhatWasAsked() throws {
    let (disk, file) = try disk()
    disk.keepsTranscript = true
    try write(file, 1, 3, at: 5)
    try file.sync(.data)
    try disk.renameExclusively("a", to: "b")
    #expect(disk.transcript.map(\.description) == ["write a 5+3", "sync a", "rename a b"])
  }

  @Test func theSameSeedLeavesTheSame() throws {
    let (disk, file) = try disk()
    for i in 0..<8 { try write(file, UInt8(i), 700, at: UInt64(i * 300)) }
    for seed in 0..<50 {
      let choice = Survival.random(seed: UInt64(seed))
      #expect(disk.survivor(choice).contents(of: "a") == disk.survivor(choice).contents(of: "a"))
    }
  }
}
