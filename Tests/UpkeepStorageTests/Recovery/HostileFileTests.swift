import CAllocationCount
import Testing
import UpkeepTesting

@testable import UpkeepStorage

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Files made to do harm: every checksum is right and what stands there is not. Whatever they say, opening, reading,
/// checking and writing end with an error or without one, within a second of work and 256 MB.
@Suite struct HostileFileTests {
  private static let path = "db"
  private static let most = 256 << 20

  private static let options: StorageOptions = {
    var options = StorageOptions()
    options.mostPagesWithoutLog = 0
    options.pageSize = 1024
    options.segmentSize = 16384
    options.cacheSize = 1 << 20
    options.checkpointsInBackground = false
    return options
  }()

  /// Trees with branches and long values, closed or as a crash leaves them.
  private static func image(closed: Bool) throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    let storage = try Storage.open(path, fileSystem: disk, options: options)
    let transaction = try storage.beginWrite()
    let tree = try transaction.createTree()
    for number in 0..<60 {
      try transaction.put(.catalog, "key \(100 + number)", String(repeating: "v", count: 40))
    }
    for (number, count) in [2000, 9000, 30].enumerated() {
      try transaction.put(tree, "long \(number)", String(repeating: "w", count: count))
    }
    try transaction.commit()
    try storage.checkpoint()
    let second = try storage.beginWrite()
    try second.put(tree, "late", "commit")
    try second.commit()
    if closed { try storage.close() }
    disk.kill()
    return disk.survivor(.everything)
  }

  private static let closed: [UInt8] = (try? image(closed: true).contents(of: path)) ?? []

  // MARK: What a victim does

  private static func use(_ disk: SimulatedFileSystem) throws {
    var options = options
    options.createsIfMissing = false
    let storage = try Storage.open(path, fileSystem: disk, options: options)
    let trees = [TreeID.catalog, .firstOfUsers, TreeID(rawValue: 17)]
    let reading = try storage.beginRead()
    for tree in trees { try? read(tree, reading) }
    reading.end()
    _ = try? storage.verify()
    let writing = try storage.beginWrite()
    for tree in trees {
      try? writing.put(tree, "key 1305", "new")
      try? writing.put(tree, "long 1", String(repeating: "n", count: 3000))
      try? deleteRange(tree, writing)
    }
    _ = try writing.createTree()
    try writing.commit()
    try storage.checkpoint()
    try storage.close()
  }

  private static func read(_ tree: TreeID, _ reading: ReadTransaction) throws {
    _ = try reading.count(tree)
    let cursor = try reading.cursor(tree)
    var isThere = try cursor.first()
    // A tree may say that it has more rows than anybody can read.
    for _ in 0..<5000 where isThere {
      _ = cursor.key.count
      _ = try? cursor.value().count
      isThere = try cursor.next()
    }
    _ = try cursor.last()
    _ = try cursor.seek(ordinal: 7)
    _ = try reading.text(tree, "key 130")
  }

  private static func deleteRange(_ tree: TreeID, _ writing: WriteTransaction) throws {
    let savepoint = try writing.savepoint()
    _ = try writing.deleteRange(tree, from: nil, to: nil)
    try writing.rollback(to: savepoint)
    writing.release(savepoint)
  }

  private static var workedSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// How many files were tried.
  private final class Cases {
    var count = 0

    func `try`(_ name: String, _ disk: SimulatedFileSystem) {
      count += 1
      let bytes = allocated_byte_count()
      let start = workedSeconds
      do { try use(disk) } catch {
        if !(error is StorageError) { Issue.record("\(name): an error of another kind, \(error)") }
      }
      let seconds = workedSeconds - start
      let taken = allocated_byte_count() - bytes
      if seconds > 1 { Issue.record("\(name): worked \(seconds) s") }
      if taken > most { Issue.record("\(name): asked for \(taken) bytes") }
      disk.kill()
    }

    func `try`(_ name: String, _ database: [UInt8]) {
      let disk = SimulatedFileSystem()
      disk.setContents(of: path, to: database)
      self.try(name, disk)
    }
  }

  private static let numbers: [UInt64] = [
    0, 1, 2, 3, 5, 60, 255, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 40, 1 << 48,
    1 << 62, .max,
  ]

  // MARK: Cases

  @Test func whatIsChangedIsWhatItWas() throws {
    let forger = try #require(Forger(Self.closed))
    #expect(forger.file == Self.closed, "nothing forged, nothing changed")
    #expect(forger.pages.count > 10)
    var same = forger
    for id in forger.pages { same.change(id) { _ in } }
    same.changeRoots { _ in }
    let disk = SimulatedFileSystem()
    disk.setContents(of: Self.path, to: same.file)
    let storage = try Storage.open(Self.path, fileSystem: disk, options: Self.options)
    #expect(try storage.verify() == [], "a forged file is taken for a good one, if what it says is good")
    let read = try storage.beginRead()
    #expect(try read.count(.catalog) == 60)
    read.end()
  }

  @Test func superblocks() throws {
    let forger = try #require(Forger(Self.closed))
    let fields: [(String, (inout Superblock, UInt64) -> Void)] = [
      ("generation", { $0.generation = $1 }), ("version", { $0.version = $1 }),
      ("next tree", { $0.nextTreeID = $1 }), ("next page", { $0.nextPageID = $1 }),
      ("roots", { $0.rootsCount = $1 }), ("salt", { $0.logSalt = $1 }),
      ("position", { $0.logPosition = LogPosition($1) }), ("chain", { $0.logChain = $1 }),
      ("file size", { $0.fileSize = $1 }),
      ("page size", { $0.pageSize = Int(UInt32(truncatingIfNeeded: $1)) }),
      ("segment size", { $0.segmentSize = Int(UInt32(truncatingIfNeeded: $1)) }),
      ("map levels", { $0.mapLevels = Int(UInt32(truncatingIfNeeded: $1)) }),
      ("roots levels", { $0.rootsLevels = Int(UInt32(truncatingIfNeeded: $1)) }),
      ("map root", { $0.mapRoot.packedExtent = $1 }), ("roots root", { $0.rootsRoot.packedExtent = $1 }),
    ]
    let cases = Cases()
    for (name, change) in fields {
      for number in Self.numbers {
        for isClean in [true, false] {
          var forged = forger
          forged.superblock.isClean = isClean
          change(&forged.superblock, number)
          cases.try("superblock, \(name) \(number), clean \(isClean)", forged.file)
        }
      }
    }
    #expect(cases.count >= 300)
  }

  @Test func mapsAndRoots() throws {
    let forger = try #require(Forger(Self.closed))
    let cases = Cases()
    for id in forger.pages {
      for number in [0, 1, 32, 33, 1 << 16, 32 << 16, 32 << 16 | 1, 33 << 16 | 0xFFFF, 1 << 63, .max]
        as [UInt64]
      {
        var forged = forger
        forged.change(entryOf: id) { $0.packedExtent = number }
        cases.try("map, page \(id) at \(number)", forged.file)
      }
    }
    for entry in [0, 1, 16] {
      for (field, byteCount) in [(0, 8), (8, 8), (16, 8), (24, 4), (28, 4)] {
        for number in Self.numbers {
          var forged = forger
          forged.changeRoots {
            let at = PageStore.headerSize + entry * RootsArray.entryByteCount + field
            if byteCount == 8 {
              $0.put(number, at: at)
            } else {
              $0.put(UInt32(truncatingIfNeeded: number), at: at)
            }
          }
          cases.try("root \(entry), byte \(field): \(number)", forged.file)
        }
      }
    }
    #expect(cases.count >= 300)
  }

  @Test func nodesAndLongValues() throws {
    let forger = try #require(Forger(Self.closed))
    let cases = Cases()
    // Counts, levels and lengths at the beginning of nodes and parts of long values; slots and cells further on.
    for id in forger.pages {
      for offset in [64, 66, 68, 70, 72, 74, 76, 80, 84, 88, 96, 104, 112, 200, 1000] {
        for number in [0, 1, 2, 0x40, 0x7FFF, 0xFFFF] as [UInt16] {
          var forged = forger
          forged.change(id) { $0.put(number, at: offset) }
          cases.try("page \(id), byte \(offset): \(number)", forged.file)
        }
      }
    }
    #expect(cases.count >= 300)
  }

  /// Wherever in a branch two bytes are the greatest there are, ids of pages among them.
  @Test func everyPlaceOfABranch() throws {
    let forger = try #require(Forger(Self.closed))
    let cases = Cases()
    for id in forger.pages {
      guard let page = forger.page(id), page[0] == PageKind.branch.rawValue else { continue }
      for offset in 64..<page.count - 1 {
        var forged = forger
        forged.change(id) { $0.put(0xFFFF as UInt16, at: offset) }
        cases.try("branch \(id), byte \(offset)", forged.file)
      }
    }
    #expect(cases.count >= 300)
  }

  /// Every page is put in every other's place: circles, and pages reached twice.
  @Test func pagesInEachOthersPlaces() throws {
    let forger = try #require(Forger(Self.closed))
    let cases = Cases()
    for id in forger.pages {
      for other in forger.pages where other != id {
        guard let page = forger.page(other) else { continue }
        var forged = forger
        forged.change(id) { $0 = page }
        cases.try("page \(other) as \(id)", forged.file)
      }
      // Whatever it says of other pages, it says of one of them alone.
      for other in forger.pages {
        var forged = forger
        forged.change(id) { page in
          for at in stride(from: 80, to: page.count - 8, by: 8) {
            let word = page.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: UInt64.self) }
            if word > 0, word < 64 { page.put(other, at: at) }
          }
        }
        cases.try("page \(id), \(other) for all", forged.file)
      }
    }
    #expect(cases.count >= 300)
  }

  @Test func logs() throws {
    let disk = try Self.image(closed: false)
    let log = try #require(disk.contents(of: "db-wal"))
    let cases = Cases()
    func attempt(_ name: String, _ log: [UInt8]) {
      let copy = disk.survivor(.everything)
      copy.setContents(of: "db-wal", to: log)
      cases.try(name, copy)
    }
    // Headers of segments.
    for start in stride(from: 0, to: log.count, by: Self.options.segmentSize) {
      for field in [12, 32, 40, 48, 56, 64, 72, 80, 88] {
        for number in Self.numbers {
          var forged = log
          if field == 12 || field == 88 {
            forged.put(UInt32(truncatingIfNeeded: number), at: start + field)
          } else {
            forged.put(number, at: start + field)
          }
          let sum = forged[start..<start + LogSegment.Layout.checksum].withUnsafeBytes {
            Checksum.hash($0, seed: LogSegment.seed)
          }
          forged.put(sum, at: start + LogSegment.Layout.checksum)
          attempt("segment at \(start), byte \(field): \(number)", forged)
        }
      }
    }
    // Headers of records, and what they hold.
    let salt = log[32..<40].withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    let magic = withUnsafeBytes(of: LogRecord.magic.littleEndian) { Array($0) }
    let records = stride(from: 512, to: log.count - 64, by: 8).filter {
      log[$0..<$0 + 4].elementsEqual(magic)
    }
    #expect(!records.isEmpty)
    for start in records {
      for field in [4, 6, 8, 12, 16, 24, 32, 40, 48] {
        for number in Self.numbers {
          var forged = log
          switch field {
          case 4, 6: forged.put(UInt16(truncatingIfNeeded: number), at: start + field)
          case 8, 12: forged.put(UInt32(truncatingIfNeeded: number), at: start + field)
          default: forged.put(number, at: start + field)
          }
          attempt("record at \(start), byte \(field): \(number)", Self.signed(forged, start, salt))
        }
      }
      for at in 0..<40 {
        for byte in [0, 1, 0x7F, 0xFF] as [UInt8] {
          var forged = log
          forged[start + 64 + at] = byte
          attempt("record at \(start), operation byte \(at): \(byte)", Self.signed(forged, start, salt))
        }
      }
    }
    #expect(cases.count >= 300)
  }

  /// A record's checksums made right.
  private static func signed(_ log: [UInt8], _ start: Int, _ salt: UInt64) -> [UInt8] {
    var log = log
    func number<Number: FixedWidthInteger>(_ at: Int) -> Number {
      log.withUnsafeBytes {
        Number(littleEndian: $0.loadUnaligned(fromByteOffset: start + at, as: Number.self))
      }
    }
    let count = Int(number(LogRecord.Layout.payloadCount) as UInt32)
    if start + 64 + count <= log.count {
      let seed = LogRecord.payloadSeed(salt: salt, position: LogPosition(number(LogRecord.Layout.position)))
      let sum = log[start + 64..<start + 64 + count].withUnsafeBytes { Checksum.hash($0, seed: seed) }
      log.put(sum, at: start + LogRecord.Layout.payloadChecksum)
    }
    let sum = log[start..<start + LogRecord.Layout.headerChecksum].withUnsafeBytes {
      Checksum.hash($0, seed: salt)
    }
    log.put(sum, at: start + LogRecord.Layout.headerChecksum)
    return log
  }

  /// Bytes that mean nothing, of every length, with and without the mark of a database in front.
  @Test func garbage() throws {
    let cases = Cases()
    var chance = SeededGenerator(seed: 11)
    let marks: [[UInt8]] = [
      [], Array(Self.closed[..<8]), Array(Self.closed[..<512]), Array(Self.closed[..<8192]),
    ]
    for count in [
      0, 1, 7, 8, 511, 512, 513, 4095, 4096, 4608, 8191, 8192, 16383, 16384, 16385, 20000, 100_000,
    ] {
      for mark in marks {
        for rest in [
          chance.bytes(count), [UInt8](repeating: 0, count: count), [UInt8](repeating: 0xFF, count: count),
        ] {
          cases.try("\(mark.count) bytes of a database and \(count) others", mark + rest)
          let disk = SimulatedFileSystem()
          disk.setContents(of: Self.path, to: Self.closed)
          disk.setContents(of: "db-wal", to: rest)
          cases.try("a log of \(count) bytes", disk)
        }
      }
    }
    #expect(cases.count >= 300)
  }
}
