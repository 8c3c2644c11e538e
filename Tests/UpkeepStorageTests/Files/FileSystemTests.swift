import Testing
import UpkeepStorage
import UpkeepTesting

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The promises of the seam, kept by every file system there is.
@Suite struct FileSystemTests {
  enum Kind: CaseIterable {
    case disk, memory, simulated, counted
  }

  /// A folder of its own on the real disk, gone afterwards.
  final class Folder {
    let path: String
    init() {
      var name = Array("/tmp/upkeep-test-XXXXXX".utf8CString)
      path = name.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp"
      }
    }
    deinit {
      for name in ["a", "b", "link", "pipe"] { unlink(path + "/" + name) }
      rmdir(path)
    }
  }

  private func make(_ kind: Kind) -> any FileSystem {
    switch kind {
    case .disk: DiskFileSystem()
    case .memory: MemoryFileSystem()
    case .simulated: SimulatedFileSystem()
    case .counted: CountingFileSystem(MemoryFileSystem())
    }
  }

  private func code(_ body: () throws -> Void) -> Int32? {
    do {
      try body()
      return nil
    } catch {
      return (error as? FileError)?.code
    }
  }

  private func write(_ bytes: [UInt8], _ file: any File, at offset: UInt64) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    try file.write(UnsafeRawBufferPointer(buffer), at: offset)
  }

  private func read(_ file: any File, at offset: UInt64, _ count: Int) throws -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    let got = try file.read(into: buffer, at: offset)
    return Array(buffer[..<got])
  }

  @Test(arguments: Kind.allCases)
  func bytesComeBackAndHolesAreZero(_ kind: Kind) throws {
    let folder = Folder()
    let file = try make(kind).open(folder.path + "/a", .createNew)
    try write([1, 2, 3], file, at: 70_000)
    #expect(try file.size() == 70_003)
    #expect(try read(file, at: 69_999, 10) == [0, 1, 2, 3])
    #expect(try read(file, at: 70_003, 10) == [])
    try file.truncate(to: 70_001)
    try file.truncate(to: 70_004)
    #expect(try read(file, at: 70_000, 10) == [1, 0, 0, 0])
    try file.allocate(70_000..<140_000)
    #expect(try file.size() == 140_000)
    #expect(try read(file, at: 70_000, 2) == [1, 0])
    try file.allocate(0..<100)
    #expect(try file.size() == 140_000)
    try file.sync(.data)
    try file.sync(.full)
  }

  @Test(arguments: Kind.allCases)
  func namesAreExclusive(_ kind: Kind) throws {
    let folder = Folder()
    let system = make(kind)
    let (a, b) = (folder.path + "/a", folder.path + "/b")
    #expect(try system.status(a) == nil)
    #expect(code { _ = try system.open(a, .readWrite) } == ENOENT)
    let file = try system.open(a, .createNew)
    #expect(code { _ = try system.open(a, .createNew) } == EEXIST)
    let identity = try file.identity()
    #expect(try system.status(a)?.identity == identity)
    try system.renameExclusively(a, to: b)
    #expect(try system.status(a) == nil)
    #expect(try system.status(b)?.identity == identity)
    _ = try system.open(a, .createNew)
    #expect(code { try system.renameExclusively(a, to: b) } == EEXIST)
    #expect(try system.status(b)?.identity == identity)
    try system.syncDirectory(of: b)
    try system.remove(b)
    #expect(code { try system.remove(b) } == ENOENT)
    // The open file lives on without a name.
    try write([9], file, at: 0)
    #expect(try read(file, at: 0, 1) == [9])
  }

  @Test(arguments: Kind.allCases)
  func aLockKeepsOthersOutUntilItsFileGoes(_ kind: Kind) throws {
    let folder = Folder()
    let system = make(kind)
    var first: (any File)? = try system.open(folder.path + "/a", .createNew)
    let second = try system.open(folder.path + "/a", .readWrite)
    #expect(try first?.tryLock() == true)
    #expect(try first?.tryLock() == true)
    #expect(try second.tryLock() == false)
    first = nil
    #expect(try second.tryLock())
    try second.unlock()
    #expect(try system.open(folder.path + "/a", .readWrite).tryLock())
  }

  @Test func theDiskFollowsNoLinkAndOpensOnlyFiles() throws {
    let folder = Folder()
    let disk = DiskFileSystem()
    let (a, link, pipe) = (folder.path + "/a", folder.path + "/link", folder.path + "/pipe")
    _ = try disk.open(a, .createNew)
    symlink(a, link)
    mkfifo(pipe, 0o600)
    #expect(code { _ = try disk.open(link, .readWrite) } == ELOOP)
    #expect(try disk.status(link)?.isRegularFile == false)
    for mode in [FileOpenMode.readOnly, .readWrite] {
      #expect(code { _ = try disk.open(pipe, mode) } == EINVAL)
      #expect(code { _ = try disk.open(folder.path, mode) } == EINVAL)
    }
    #expect(code { _ = try disk.open(a + "\0b", .readWrite) } == EINVAL)
    var record = stat()
    #expect(stat(a, &record) == 0)
    #expect(record.st_mode & 0o777 == 0o600)
  }

  @Test func countsAreExact() throws {
    let counting = CountingFileSystem(MemoryFileSystem())
    let file = try counting.open("a", .createNew)
    try write([1, 2, 3], file, at: 0)
    try file.sync(.data)
    let before = counting.total
    try write([4], file, at: 3)
    _ = try read(file, at: 0, 100)
    let difference = counting.total - before
    #expect(difference.writes == 1 && difference.bytesWritten == 1)
    #expect(difference.reads == 1 && difference.bytesRead == 4)
    #expect(counting.counts(of: "a").syncs == 1 && difference.syncs == 0)
  }
}

/// One failed change closes a store's files to every later one.
@Suite struct StoreFileTests {
  private func folder(_ plan: FaultPlan) -> StoreFolder {
    let disk = SimulatedFileSystem()
    disk.plan(plan)
    return StoreFolder(disk)
  }

  private func write(_ file: StoreFile, _ reliance: Reliance) throws(StorageError) {
    var byte: UInt8 = 1
    var failure: StorageError?
    withUnsafeBytes(of: &byte) { bytes in
      do throws(StorageError) { try file.write(bytes, at: 0, reliance) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  @Test func aFailedSyncClosesAllFilesButReads() throws {
    let folder = folder(FaultPlan(.error(EIO), at: 0, of: .only([.sync])))
    let a = try folder.open("a", .createNew)
    let b = try folder.open("b", .createNew)
    try write(a, .reliedOn)
    #expect(throws: StorageError.self) { try a.sync(.data) }
    for change in [
      { () throws in try self.write(b, .spare) }, { try b.sync(.data) }, { try b.truncate(to: 0) },
      { try b.allocate(0..<1) }, { try folder.remove("a") }, { try folder.renameExclusively("a", to: "c") },
      { try folder.syncDirectory(of: "a") }, { _ = try folder.open("d", .createNew) }, { try a.sync(.data) },
    ] {
      let error = #expect(throws: StorageError.self) { try change() }
      guard case .failedEarlier(let cause)? = error else {
        Issue.record("not refused for the first failure: \(String(describing: error))")
        continue
      }
      #expect(cause.operation == .sync && cause.path == "a" && cause.code == EIO)
    }
    var byte: UInt8 = 0
    #expect(try withUnsafeMutableBytes(of: &byte) { try a.read(into: $0, at: 0) } == 1)
    #expect(byte == 1)
  }

  @Test func aFullDiskIsRecoverableOnlyWhereNothingReliesOnTheSpace() throws {
    for (reliance, isRecoverable) in [(Reliance.spare, true), (.reliedOn, false)] {
      let folder = folder(FaultPlan(.error(ENOSPC), at: 0, of: .only([.write])))
      let file = try folder.open("a", .createNew)
      let error = #expect(throws: StorageError.self) { try write(file, reliance) }
      if case .full? = error { #expect(isRecoverable) } else { #expect(!isRecoverable) }
      if isRecoverable {
        try write(file, .spare)
      } else {
        #expect(throws: StorageError.self) { try write(file, .spare) }
      }
    }
    let folder = folder(FaultPlan(.error(ENOSPC), at: 0, of: .only([.sync])))
    let file = try folder.open("a", .createNew)
    #expect(throws: StorageError.self) { try file.sync(.data) }
    #expect(folder.latch.failure?.code == ENOSPC)
  }
}
