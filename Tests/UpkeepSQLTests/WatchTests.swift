import Testing
import Upkeep
import UpkeepSQL
import UpkeepStorage

/// What takes long tells how far it is, and can be stopped; what was stopped has changed nothing.
@Suite struct WatchTests {
  private let store: Store
  private let session: Session
  private let files = MemoryFileSystem()
  private static let rowCount = 20_000

  init() throws {
    store = try Store("w.upkeep", StoreOptions { $0.durability = .none }, fileSystem: files)
    session = Session(store)
    let text = String(repeating: "x", count: 180)
    try session.execute(
      sql: """
        CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT, note TEXT);
        WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < \(Self.rowCount))
        INSERT INTO t SELECT x, '\(text)' || x, '' FROM n;
        """)
  }

  private func count(_ condition: String) -> [[String]] {
    session.outcome(of: "SELECT count(*) FROM t WHERE \(condition)").rows
  }

  /// Presses the button when somebody is told of the first progress.
  private func stopping(_ watch: StatementWatch, _ work: () throws -> Void) {
    var told: [StatementWatch.Progress] = []
    watch.progress = { progress in
      told.append(progress)
      watch.cancellation.cancel()
    }
    defer { watch.progress = nil }
    let error = #expect(throws: UpkeepError.self) { try work() }
    #expect(error?.code == .cancelled, "\(String(describing: error))")
    // Nothing is told after the button was pressed.
    #expect(told.count == 1, "\(told)")
  }

  @Test func aRefusedStatementTakesNoPressOfTheButtonBack() throws {
    final class Presser: RowSink {
      let session: Session
      var refused: UpkeepError.Code?
      init(_ session: Session) { self.session = session }
      func begin(columns: [String]) {}
      func row(_ values: [Value]) {
        guard refused == nil else { return }
        session.cancellation.cancel()
        do { try session.execute(sql: "SELECT 1") } catch { refused = error.code }
      }
    }
    let session = Session(try Store.inMemory())
    let presser = Presser(session)
    var code: UpkeepError.Code?
    do {
      try session.execute(sql: "SELECT value FROM generate_series(1, 100000)", into: presser)
    } catch { code = error.code }
    #expect(code == .cancelled && presser.refused == .misuse)
    // A press while a text is read means the statement that it holds.
    var parser = SQLParser("SELECT 1")
    parser.cancellation = session.cancellation
    session.cancellation.cancel()
    code = nil
    do { _ = try parser.next() } catch { code = error.code }
    #expect(code == .cancelled)
  }

  @Test func anIndexThatIsBeingMadeCanBeStopped() throws {
    try session.execute(sql: "BEGIN; UPDATE t SET code = 'first' WHERE id = 1")
    stopping(session.watch) { try session.execute(sql: "CREATE INDEX t_code ON t (code)") }
    try session.execute(sql: "COMMIT")
    #expect(count("code = 'first'") == [["\(1)"]])
    #expect(try store.statistics().tables.first?.indexes.isEmpty == true)
    #expect(try store.verify() == [])
    var last: StatementWatch.Progress?
    session.watch.progress = { last = $0 }
    try session.execute(sql: "CREATE INDEX t_code ON t (code)")
    #expect(last?.total == Self.rowCount && last?.unit == .rows && (last?.done ?? 0) > Self.rowCount / 2)
  }

  @Test func anImportCanBeStopped() throws {
    let lines = (1...(2 * Self.rowCount)).map { "\($0),new" }.joined(separator: "\n")
    var options = FeedOptions(into: "t")
    options.mode = .replace
    let feed = { FeedSource(MemoryByteSource(Array(("id,code\n" + lines).utf8))) }
    let error = #expect(throws: UpkeepError.self) {
      try session.change { scope throws(UpkeepError) in
        try FeedImport(scope, options, progress: { _ in session.cancellation.cancel() }).run([feed()])
      }
    }
    #expect(error?.code == .cancelled)
    #expect(count("code = 'new'") == [["\(0)"]])
    #expect(count("TRUE") == [["\(Self.rowCount)"]])
    #expect(try store.verify() == [])
  }

  @Test func aCheckCanBeStopped() throws {
    try store.checkpoint()
    let watch = StatementWatch()
    stopping(watch) { _ = try store.verify(watch: watch) }
    watch.cancellation.reset()
    var told: [StatementWatch.Progress] = []
    watch.progress = { told.append($0) }
    #expect(try store.verify(watch: watch) == [])
    #expect(told.contains { $0.unit == .pages } && told.contains { $0.unit == .rows })
    #expect(told.allSatisfy { $0.done >= 0 && $0.done <= $0.total ?? .max }, "\(told)")
  }

  @Test func aBackupCanBeStopped() throws {
    let watch = StatementWatch()
    stopping(watch) { try store.backup(to: "b.upkeep", watch: watch) }
    #expect(try files.status("b.upkeep") == nil && files.status("b.upkeep-new") == nil)
    watch.cancellation.reset()
    try store.backup(to: "b.upkeep", watch: watch)
    #expect(try Store("b.upkeep", StoreOptions(), fileSystem: files).verify() == [])
  }

  @Test func aCompactionCanBeStopped() throws {
    try session.execute(sql: "CREATE TABLE u AS SELECT * FROM t")
    try store.checkpoint()
    try session.execute(sql: "DELETE FROM t WHERE id % 4 <> 0")
    try store.checkpoint()
    let before = try store.statistics().fileSize
    let watch = StatementWatch()
    stopping(watch) { try store.compact(watch: watch) }
    #expect(try store.statistics().fileSize == before)
    #expect(try store.verify() == [])
    #expect(count("TRUE") == [["\(Self.rowCount / 4)"]])
    watch.cancellation.reset()
    var told: [StatementWatch.Progress] = []
    watch.progress = { told.append($0) }
    try store.compact(watch: watch)
    #expect(!told.isEmpty && told.allSatisfy { $0.unit == .pages && $0.done < $0.total ?? 0 }, "\(told)")
    #expect(try store.statistics().fileSize < before)
    #expect(try store.verify() == [])
    #expect(count("id = 8") == [["\(1)"]])
  }

  @Test func aTreesShapeIsWhatAWalkFinds() throws {
    try session.execute(
      sql:
        "CREATE INDEX t_code ON t (code); INSERT INTO t VALUES (0, 'y', '\(String(repeating: "y", count: 90_000))')"
    )
    let shapes = try session.shapes(mostLeaves: 50)
    #expect(shapes.map(\.name) == ["t", "t_code"])
    for shape in shapes {
      var pages: [Int: Int] = [:]
      var rows: UInt64 = 0
      var overflow = 0
      var ids: Set<UInt64> = []
      var root: SurveyedPage?
      let walked = try session.walkTree(of: shape.name) { page, first, last in
        pages[page.level, default: 0] += 1
        #expect(ids.insert(page.id).inserted && !first.isEmpty && !last.isEmpty)
        if page.level == 0 {
          rows += page.rowCount
          overflow += page.overflowPageCount
        }
        root = page
      }
      #expect(rows == shape.survey.rowCount && root?.rowCount == rows)
      #expect(UInt64(overflow) == shape.survey.overflowPageCount)
      #expect((overflow > 10) == (shape.kind == .table))
      let levels = shape.survey.levels
      #expect(levels.map(\.pageCount) == levels.indices.reversed().map { pages[$0] ?? 0 })
      #expect(walked.survey.levels.map(\.pageCount) == levels.map(\.pageCount))
      #expect(levels.last?.surveyedCount ?? 0 <= 50 && levels.last?.surveyedCount ?? 0 > 20)
      let sampled = levels.last?.fill(pageSize: 8192) ?? 0
      let whole = walked.survey.levels.last?.fill(pageSize: 8192) ?? 1
      #expect(abs(sampled - whole) < 0.05 && whole > 0.5 && whole <= 1, "\(sampled) \(whole)")
    }
  }
}
