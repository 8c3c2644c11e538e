import Foundation
import Upkeep
import UpkeepSQL
import UpkeepStorage
import UpkeepTesting

/// What is given inputs. Any error is a right answer; a trap, a hang or memory without bound is not.
enum Subject: String, CaseIterable {
  /// SQL text, run in a store in memory.
  case sql
  /// CSV text, read to its end.
  case csv
  /// JSON text, as one array and as one object a line, taken into a table.
  case json
  /// A closed database, with bytes of its file changed as the input says.
  case image
  /// A database that was not closed, with bytes of its log changed as the input says.
  case log

  func run(_ input: [UInt8]) {
    switch self {
    case .sql: Self.runSQL(input)
    case .csv: Self.runCSV(input)
    case .json: Self.runJSON(input)
    case .image: Database.closed.run(input, on: Database.path)
    case .log: Database.unclosed.run(input, on: Database.path + "-wal")
    }
  }

  private static func runSQL(_ input: [UInt8]) {
    guard let store = try? Store.inMemory() else { return }
    let session = Session(store)
    _ = try? session.execute(
      sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b REAL); INSERT INTO t VALUES (1, 'x', 2)")
    _ = try? session.execute(utf8: input)
  }

  private static func runCSV(_ input: [UInt8]) {
    let reader = CSVReader(MemoryByteSource(input, chunkSize: 7), bufferSize: 64)
    while (try? reader.next()) == true {}
  }

  private static func runJSON(_ input: [UInt8]) {
    guard let store = try? Store.inMemory() else { return }
    let session = Session(store)
    _ = try? session.execute(
      sql: "CREATE TABLE t (a INTEGER, b REAL, c TEXT, d BLOB, e BOOLEAN, f TIMESTAMP, g UUID, h JSON, i ANY)"
    )
    for format in [FeedFormat.json, .jsonl] {
      var options = FeedOptions(into: "t")
      options.format = format
      options.collectsRejects = true
      _ = try? session.change { scope throws(UpkeepError) in
        try FeedImport(scope, options, rejects: RejectCounter()).run([
          FeedSource(MemoryByteSource(input, chunkSize: 7))
        ])
      }
    }
  }
}

/// Makes each rejected record a line, as a file of rejects would have it.
private final class RejectCounter: RejectSink {
  private var byteCount = 0

  func begin(_ header: [UInt8]?, _ format: FeedFormat) {}

  func reject(_ record: UnsafeRawBufferPointer, line: Int, because error: UpkeepError) {
    byteCount += JSONReject.line(record, number: line, because: error).count
  }
}

/// A small database as it lies on a disk, from which each input begins.
struct Database {
  static let path = "db"
  static let closed = Database(closes: true)
  static let unclosed = Database(closes: false)

  private let files: [(path: String, bytes: [UInt8])]

  private static var options: StorageOptions {
    var options = StorageOptions()
    options.pageSize = 1024
    options.segmentSize = 16 << 10
    options.checkpointsInBackground = false
    return options
  }

  private static func key(_ number: Int) -> [UInt8] { Array("key \(number * 7 % 100)".utf8) }

  private init(closes: Bool) {
    let disk = SimulatedFileSystem()
    do {
      let storage = try Storage.open(Self.path, fileSystem: disk, options: Self.options)
      for round in 0..<4 {
        let transaction = try storage.beginWrite()
        for number in 0..<40 {
          let value = [UInt8](repeating: UInt8(number), count: number == 39 ? 5000 : 20 + number * round)
          try Self.key(number + round).withUnsafeBytes { key in
            try value.withUnsafeBytes { try transaction.put(.catalog, key, $0) }
          }
        }
        try transaction.commit()
        if round == 1 { try storage.checkpoint() }
      }
      if closes { try storage.close() } else { disk.kill() }
    } catch {
      print("the database could not be made: \(error)")
      exit(2)
    }
    files = [Self.path, Self.path + "-wal"].compactMap { path in disk.contents(of: path).map { (path, $0) } }
  }

  /// Opens the database with some bytes of a file changed, reads all of it and writes to it.
  ///
  /// - Parameter input: first whether checksums of pages and records are believed; then for each change two bytes of place and one that is
  ///   combined with what is there.
  func run(_ input: [UInt8], on path: String) {
    let disk = SimulatedFileSystem()
    for file in files {
      var bytes = file.bytes
      if file.path == path, !bytes.isEmpty {
        for change in stride(from: 1, to: input.count - 2, by: 3) {
          let place = Int(input[change]) << 8 | Int(input[change + 1])
          bytes[place % bytes.count] ^= input[change + 2]
        }
      }
      disk.setContents(of: file.path, to: bytes)
    }
    let plants: [Plant?] = [nil, .skipsPageChecksum, .ignoresPayloadChecksum]
    Plant.sow(plants[Int(input.first ?? 0) % plants.count]) { Self.use(disk) }
  }

  private static func use(_ disk: SimulatedFileSystem) {
    guard let storage = try? Storage.open(path, fileSystem: disk, options: options) else { return }
    _ = try? storage.verify()
    if let read = try? storage.beginRead() {
      _ = try? read.count(.catalog)
      for number in 0..<45 { _ = try? key(number).withUnsafeBytes { try read.get(.catalog, $0)?.count } }
      read.end()
    }
    if let transaction = try? storage.beginWrite() {
      for number in 0..<45 {
        _ = try? key(number).withUnsafeBytes { key in
          try key.withUnsafeBytes { try transaction.put(.catalog, key, $0) }
        }
      }
      try? transaction.commit()
    }
    try? storage.close()
  }
}
