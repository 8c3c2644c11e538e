import Dispatch
import Synchronization
import Testing
import Upkeep
import UpkeepSQL
import UpkeepStorage
import UpkeepTestSupport

/// A feed whose plain records are read on another thread comes to the same as one that is read on one thread: counts, rejects
/// and their order, line numbers, errors and what is then in the table.
@Suite struct ReadAheadTests {
  /// What a load came to.
  private struct Outcome: Equatable {
    var counts = ""
    var rejects: [String] = []
    var records: [String] = []
    var error = ""
    var lastID: Int64?
    var rows: [[String]] = []
    var problems: [String] = []
  }

  /// Keeps what it is given, in order.
  private final class Rejects: RejectSink {
    var records: [String] = []

    func begin(_ header: [UInt8]?, _ format: FeedFormat) {}

    func reject(_ record: UnsafeRawBufferPointer, line: Int, because error: UpkeepError) {
      records.append("\(line): \(String(decoding: record, as: UTF8.self)): \(error.message)")
    }
  }

  /// A table, what is in it, and files for it.
  private struct Case {
    var tables: String
    var options = FeedOptions(into: "t")
    var files: [[UInt8]] = []
    var keepsRejects = false
    var chunk = 1 << 16
  }

  private func run(_ example: Case, after count: Int?) throws -> Outcome {
    // So small a cache that a few thousand rows fill what waits for a sweep.
    let store = try Store(
      "a.upkeep",
      StoreOptions {
        $0.durability = .none
        $0.cacheSize = 4 << 20
      }, fileSystem: MemoryFileSystem())
    let session = Session(store)
    let tables = example.tables
    try session.execute(sql: tables)
    var options = example.options
    options.readsAheadAfter = count
    let sink = Rejects()
    var outcome = Outcome()
    do throws(UpkeepError) {
      let sources = example.files.enumerated().map { number, bytes in
        FeedSource(
          MemoryByteSource(bytes, chunkSize: example.chunk),
          name: example.files.count > 1 ? "file \(number)" : nil)
      }
      let result = try session.change { scope throws(UpkeepError) in
        try FeedImport(scope, options, rejects: example.keepsRejects ? sink : nil).run(sources)
      }
      outcome.counts = result.description
      outcome.rejects = result.rejects.map { "\($0.rowNumber ?? -1) \($0.file ?? "") \($0.message)" }
      outcome.lastID = result.lastInsertedID
    } catch {
      outcome.error = "\(error.code) \(error.rowNumber ?? -1) \(error.file ?? "") \(error.message)"
    }
    outcome.records = sink.records
    outcome.rows = session.outcome(of: "SELECT * FROM t ORDER BY id, code").rows
    outcome.problems = try store.verify().map { "\($0)" }
    try store.close()
    return outcome
  }

  @Test("Random feeds with all that may be wrong with them", arguments: UInt64(0)..<40)
  func randomFeeds(_ number: UInt64) throws {
    var random = SeededGenerator(seed: firstSeed() &* 1000 &+ number)
    let example = Self.example(&random)
    let expected = try run(example, after: nil)
    #expect(expected.problems == [], "seed \(random.seed)")
    // Where it begins after each record, as many records change hands as there are.
    for count in expected.rows.count < 800 ? [1, 50, 1500] : [20, 1500] {
      let outcome = try run(example, after: count)
      #expect(outcome.counts == expected.counts, "seed \(random.seed), after \(count)")
      #expect(outcome.error == expected.error, "seed \(random.seed), after \(count)")
      #expect(outcome.rejects == expected.rejects, "seed \(random.seed), after \(count)")
      #expect(outcome.records == expected.records, "seed \(random.seed), after \(count)")
      #expect(outcome.lastID == expected.lastID, "seed \(random.seed), after \(count)")
      #expect(outcome.rows == expected.rows, "seed \(random.seed), after \(count)")
      #expect(outcome.problems == [], "seed \(random.seed), after \(count)")
    }
  }

  @Test("Long feeds of plain records fill buffers one after the other", arguments: [FeedFormat.csv, .jsonl])
  func plainFeeds(_ format: FeedFormat) throws {
    var example = Case(
      tables: "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, n INTEGER, r REAL, note TEXT)")
    example.options.format = format
    let count = 20_000
    let ids = (0..<count).map { ($0 &* 7919) % count }
    let lines = ids.map { id in
      format == .csv
        ? "\(id),c\(count - id),\(id % 10),\(Double(id) / 8),\"say \"\"\(id)\"\"\"\n"
        : "{\"id\":\(id),\"code\":\"c\(count - id)\",\"n\":\(id % 10),\"r\":\(Double(id) / 8),\"note\":\"é \(id)\"}\n"
    }
    example.files = [Array(((format == .csv ? "id,code,n,r,note\n" : "") + lines.joined()).utf8)]
    let outcome = try run(example, after: 100)
    #expect(outcome.counts == "20,000 inserted" && outcome.error == "", "\(outcome.counts) \(outcome.error)")
    #expect(outcome == (try run(example, after: nil)))
    // The same once more changes nothing, and one bad line at the end undoes all of it.
    example.options.mode = .merge
    example.files.append(example.files[0])
    let twice = try run(example, after: 100)
    #expect(twice.counts == "20,000 inserted, 0 updated, 20,000 unchanged", "\(twice.counts)")
    example.files[1] += Array((format == .csv ? "x,c,1,1,\n" : "{\"id\":\"x\"}\n").utf8)
    let failed = try run(example, after: 100)
    #expect(
      failed.rows.isEmpty && failed.error.contains("file 1, line \(count + (format == .csv ? 2 : 1))"),
      "\(failed.error)")
    #expect(failed.error == (try run(example, after: nil)).error)
  }

  /// A feed that gives some text and then nothing, as a pipe whose writer takes its time.
  private final class SlowSource: ByteSource, @unchecked Sendable {
    private let text: MemoryByteSource
    private let wake = DispatchSemaphore(value: 0)
    let wasStopped = Atomic(false)

    init(_ text: String) { self.text = MemoryByteSource(text) }

    func read(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
      let count = try text.read(into: target)
      // Nobody may have to wait so long: only a test that fails gets to the end of this time.
      if count > 0 || wake.wait(timeout: .now() + 60) == .timedOut { return count }
      throw UpkeepError(.cancelled, "stopped")
    }

    func stopWaiting() {
      wasStopped.store(true, ordering: .relaxed)
      wake.signal()
    }
  }

  @Test(
    "A load that has failed does not wait for the rest of a slow feed", arguments: [FeedFormat.csv, .jsonl])
  func slowFeed(_ format: FeedFormat) throws {
    let store = try Store(
      "a.upkeep",
      StoreOptions {
        $0.durability = .none
        $0.cacheSize = 4 << 20
      }, fileSystem: MemoryFileSystem())
    let session = Session(store)
    try session.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT)")
    try session.execute(sql: "INSERT INTO t VALUES (7, 'in the way')")
    let rows = (0..<50_000).map { format == .csv ? "\($0),x\n" : "{\"id\":\($0),\"code\":\"x\"}\n" }
    let source = SlowSource((format == .csv ? "id,code\n" : "") + rows.joined())
    var options = FeedOptions(into: "t")
    options.format = format
    options.readsAheadAfter = 1
    let error = #expect(throws: UpkeepError.self) {
      try session.change { scope throws(UpkeepError) in
        try FeedImport(scope, options).run([FeedSource(source)])
      }
    }
    #expect(error?.code == .uniqueViolation, "\(String(describing: error))")
    let wasStopped = source.wasStopped.load(ordering: .relaxed)
    #expect(wasStopped)
    #expect(session.outcome(of: "SELECT * FROM t").rows == [["7", "'in the way"]])
  }

  @Test("A thread that reads ahead ends when the statement is stopped, wherever it is")
  func stopped() throws {
    let store = try Store(
      "a.upkeep",
      StoreOptions {
        $0.durability = .none
        $0.cacheSize = 4 << 20
      }, fileSystem: MemoryFileSystem())
    let session = Session(store)
    try session.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT)")
    let text = "id,code\n" + (0..<50_000).map { "\($0),x\n" }.joined()
    for after in [1, 100, 5000] {
      var options = FeedOptions(into: "t")
      options.readsAheadAfter = after
      let error = #expect(throws: UpkeepError.self) {
        try session.change { scope throws(UpkeepError) in
          try FeedImport(scope, options, progress: { _ in session.cancellation.cancel() })
            .run([FeedSource(MemoryByteSource(text))])
        }
      }
      #expect(error?.code == .cancelled, "\(String(describing: error))")
      #expect(session.outcome(of: "SELECT count(*) FROM t").rows == [["0"]])
    }
  }

  // MARK: - Feeds

  private static func example(_ random: inout SeededGenerator) -> Case {
    let key = random.pick(["INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY"])
    var tables =
      "CREATE TABLE t (id \(key), code TEXT, n INTEGER\(random.oneIn(3) ? " NOT NULL" : ""), r REAL, "
      + "note TEXT DEFAULT 'none'\(random.oneIn(6) ? ", CHECK (n < 900)" : ""));"
    if !random.oneIn(3) {
      tables += random.oneIn(4) ? "CREATE INDEX c ON t (code);" : "CREATE UNIQUE INDEX c ON t (code);"
    }
    if random.oneIn(3) { tables += "CREATE INDEX n ON t (n, code);" }
    for id in 0..<random.below(400) {
      tables += "INSERT INTO t VALUES (\(id * 3), 'c\(id * 3)', 1, 1.5, 'old');"
    }
    var example = Case(tables: tables)
    example.options.mode = random.pick([.insert, .ignore, .replace, .merge, .merge, .sync])
    example.options.format = random.pick([.csv, .csv, .jsonl, .json])
    example.options.duplicates = random.pick([.fold, .fold, .fold, .first, .last])
    if random.oneIn(4), tables.contains("UNIQUE INDEX c"), example.options.mode != .sync {
      example.options.target = .index("c")
    }
    if random.oneIn(4) { example.options.ambiguity = .displace }
    example.options.collectsRejects = random.oneIn(2)
    if example.options.collectsRejects, random.oneIn(3) { example.options.rejectLimit = random.below(20) }
    example.keepsRejects = example.options.collectsRejects && random.oneIn(2)
    example.chunk = random.pick([100, 4096, 1 << 16])
    // What is wrong comes seldom, often or never.
    let badness = random.pick([0, 0, 20, 400, 3000])
    for _ in 0..<(random.oneIn(4) ? 2 : 1) {
      example.files.append(file(example.options.format, 1 + random.below(5000), badness, &random))
    }
    return example
  }

  private static func file(
    _ format: FeedFormat, _ count: Int, _ badness: Int, _ random: inout SeededGenerator
  ) -> [UInt8] {
    let lacksID = random.oneIn(8)
    var bytes: [UInt8] = []
    if format == .csv { bytes += Array((lacksID ? "code,n,r,note\n" : "id,code,n,r,note\n").utf8) }
    if format == .json { bytes += Array("[".utf8) }
    let first = random.below(500)
    let isScattered = random.oneIn(2)
    for row in 0..<count {
      let id = first + (isScattered ? (row * 7919) % 5003 : row)
      if format == .json, row > 0 { bytes += Array(random.oneIn(5) ? ",\n".utf8 : ",".utf8) }
      bytes += Array(record(format, id, lacksID, badness, &random).utf8)
      if badness > 0, random.oneIn(badness * 2), format != .json, let last = bytes.indices.last {
        bytes[last - 1] = 0xFF
      }
    }
    if format == .json { bytes += Array(badness > 0 && random.oneIn(4) ? "".utf8 : "]".utf8) }
    if format == .csv, badness > 0, random.oneIn(6) { bytes += Array("\"open".utf8) }
    return bytes
  }

  private static func record(
    _ format: FeedFormat, _ id: Int, _ lacksID: Bool, _ badness: Int, _ random: inout SeededGenerator
  ) -> String {
    let isBad = badness > 0 && random.oneIn(badness)
    if isBad, random.oneIn(3) {
      switch format {
      case .json: return random.pick(["5", "{}", "[1]", "{\"id\":\(id),\"id\":1}", "{\"what\":1}"])
      case .jsonl: return random.pick(["{\"id\":", "", "nonsense", "{\"what\":1}", "{\"id\":\(id)}"]) + "\n"
      default: return random.pick(["1\n", "1,2,3,4,5,6,7\n", "\"x\"y,1\n", "\n", "\(id),c\(id),1,1\n"])
      }
    }
    let code = random.oneIn(300) ? "c\(random.below(2000))" : "c\(id)"
    let n = isBad ? random.pick(["x", "1.5", "99999999999999999999", "950"]) : "\(random.below(800))"
    let note = random.pick(["plain", "a, b", "say \"hi\"", "é日本", "two\nlines", ""])
    let idText = isBad && random.oneIn(2) ? random.pick(["", "x", "\(random.below(50))"]) : "\(id)"
    if format == .csv || format == .tsv {
      let quoted = "\"\(note.replacing("\"", with: "\"\""))\""
      let shown = note.contains { ",\"\n".contains($0) } || random.oneIn(5) ? quoted : note
      return (lacksID ? "" : "\(idText),") + "\(code),\(n),\(random.below(100)).25,\(shown)\n"
    }
    let escaped = note.replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    var members = [
      "\"code\":\"\(code)\"", "\"n\":\(isBad ? "\"\(n)\"" : n)", "\"r\":\(random.below(100)).25",
      "\"note\":\"\(escaped)\"",
    ]
    if !lacksID {
      members.insert("\"id\":\(idText.isEmpty ? "null" : idText == "x" ? "\"x\"" : idText)", at: 0)
    }
    if random.oneIn(50) { members.swapAt(0, members.count - 1) }
    if random.oneIn(40) { members.removeLast() }
    return "{\(members.joined(separator: ","))}" + (format == .jsonl ? "\n" : "")
  }
}
