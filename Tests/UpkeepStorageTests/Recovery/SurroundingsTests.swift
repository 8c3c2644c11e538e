import Foundation
import Testing

@testable import UpkeepStorage

/// What stands beside a database and is not of it is left alone.
@Suite struct SurroundingsTests {
  private static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("upkeep-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("db").path)
  }

  private static func open(_ path: String, readOnly: Bool = false) throws -> Storage {
    var options = StorageOptions()
    options.isReadOnly = readOnly
    options.segmentSize = 64 << 10
    return try Storage.open(path, fileSystem: DiskFileSystem(), options: options)
  }

  private static func put(_ storage: Storage, _ text: String) throws {
    let transaction = try storage.beginWrite()
    try Array(text.utf8).withUnsafeBytes { try transaction.put(.catalog, $0, $0) }
    try transaction.commit()
  }

  static let precious = Data("precious".utf8)

  /// Things that may stand under a side file's name, and what must be left of them.
  enum Thing: CaseIterable {
    case link, danglingLink, hardLink, pipe, folder, file

    func make(_ path: String) throws {
      let other = path + ".other"
      switch self {
      case .link:
        try SurroundingsTests.precious.write(to: URL(fileURLWithPath: other))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
      case .danglingLink: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
      case .hardLink:
        try SurroundingsTests.precious.write(to: URL(fileURLWithPath: other))
        try FileManager.default.linkItem(atPath: other, toPath: path)
      case .pipe: #expect(mkfifo(path, 0o600) == 0)
      case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      case .file: try SurroundingsTests.precious.write(to: URL(fileURLWithPath: path))
      }
    }

    func expectUntouched(_ path: String) throws {
      let other = path + ".other"
      #expect(try DiskFileSystem().status(path) != nil)
      switch self {
      case .link, .hardLink:
        #expect(FileManager.default.contents(atPath: other) == SurroundingsTests.precious)
      case .danglingLink: #expect(try DiskFileSystem().status(other) == nil)
      case .file: #expect(FileManager.default.contents(atPath: path) == SurroundingsTests.precious)
      case .pipe, .folder: break
      }
    }
  }

  @Test(arguments: Thing.allCases) func aStrangeLogIsRefusedAndKept(_ thing: Thing) throws {
    try Self.inFolder { path in
      let storage = try Self.open(path)
      try Self.put(storage, "a")
      try storage.close()
      let before = FileManager.default.contents(atPath: path)
      try thing.make(path + "-wal")
      for readOnly in [false, true] {
        #expect(throws: StorageError.self) { try Self.open(path, readOnly: readOnly) }
      }
      try thing.expectUntouched(path + "-wal")
      #expect(FileManager.default.contents(atPath: path) == before)
    }
  }

  @Test(arguments: Thing.allCases) func whatStandsUnderATemporaryNameStays(_ thing: Thing) throws {
    try Self.inFolder { path in
      try thing.make(path + "-new")
      try thing.make(path + "-wal-new")
      let storage = try Self.open(path)
      try Self.put(storage, "a")
      try storage.close()
      try thing.expectUntouched(path + "-new")
      try thing.expectUntouched(path + "-wal-new")
      #expect(try Self.open(path).verify() == [])
    }
  }

  @Test(arguments: Thing.allCases) func aStrangeDatabaseIsRefusedAndKept(_ thing: Thing) throws {
    try Self.inFolder { path in
      try thing.make(path)
      #expect(throws: StorageError.self) { try Self.open(path) }
      #expect(throws: StorageError.self) { try Self.open(path, readOnly: true) }
      try thing.expectUntouched(path)
      #expect(try DiskFileSystem().status(path + "-wal") == nil)
    }
  }

  /// Reading only, a database that was not closed is replayed in memory: no call that changes anything is made.
  @Test func readingOnlyChangesNothing() throws {
    let memory = MemoryFileSystem()
    do {
      let storage = try Storage.open("db", fileSystem: memory, options: StorageOptions())
      try Self.put(storage, "a")
      try storage.checkpoint()
      try Self.put(storage, "b")
    }
    let counting = CountingFileSystem(memory)
    var options = StorageOptions()
    options.isReadOnly = true
    let storage = try Storage.open("db", fileSystem: counting, options: options)
    let read = try storage.beginRead()
    for text in ["a", "b"] {
      #expect(try Array(text.utf8).withUnsafeBytes { try read.get(.catalog, $0) } != nil)
    }
    read.end()
    #expect(try storage.verify() == [])
    #expect(throws: StorageError.self) { try storage.beginWrite() }
    #expect(throws: StorageError.self) { try storage.compact() }
    try storage.checkpoint()
    try storage.close()
    let total = counting.total
    #expect(total.writes == 0 && total.allocations == 0 && total.truncations == 0)
    #expect(total.syncs == 0 && total.directorySyncs == 0)
    #expect(total.reads > 0)
  }

  @Test func readingBesideAWriterIsLocked() throws {
    try Self.inFolder { path in
      let writer = try Self.open(path)
      try Self.put(writer, "a")
      let error = #expect(throws: StorageError.self) { try Self.open(path, readOnly: true) }
      guard case .locked(_, let pid) = error else {
        Issue.record("another error: \(String(describing: error))")
        return
      }
      #expect(pid == getpid())
      try writer.close()
      let reader = try Self.open(path, readOnly: true)
      #expect(throws: StorageError.self) { try Self.open(path) }
      try reader.close()
    }
  }
}
