import Testing
import Upkeep
import UpkeepSQL

/// A statement could not be stopped while it is read or made ready, which takes a while where it is long.
@Suite struct StoppedEarlyTests {
  private static let long = "SELECT 1 IN (" + (0..<8_000).map { "\($0)" }.joined(separator: ", ") + ")"

  @Test func readingIsStopped() throws {
    let button = Cancellation()
    var parser = SQLParser(Self.long + "; SELECT 2")
    parser.cancellation = button
    button.cancel()
    let error = #expect(throws: UpkeepError.self) { try parser.next() }
    #expect(error?.code == .cancelled)
  }

  @Test func readingGoesOnWithoutIt() throws {
    var parser = SQLParser(Self.long)
    parser.cancellation = Cancellation()
    #expect(try parser.next() != nil)
  }

  /// The button is pressed by what reads the text of a view, which happens while the statement is made ready.
  private final class PressingReader: ViewReading {
    let button: Cancellation
    init(_ button: Cancellation) { self.button = button }

    func query(_ text: String) throws(UpkeepError) -> Query {
      button.cancel()
      var parser = SQLParser(text)
      guard case .select(let query)? = try parser.next()?.statement else {
        throw UpkeepError(.misuse, "no query: \(text)")
      }
      return query
    }

    func text(_ query: Query) -> String { "" }
    func naming(_ name: String, at places: Set<Int>, in text: String) -> String { text }
    func view(of catalog: Catalog) -> ViewSchema { ViewSchema(name: "", columns: nil, text: "") }
  }

  @Test(arguments: [
    "SELECT * FROM v", "SELECT 1 WHERE EXISTS (SELECT * FROM v)", "SELECT (SELECT x FROM v) + 1",
    "INSERT INTO t SELECT x FROM v", "WITH a AS (SELECT x FROM v) SELECT * FROM a",
  ]) func makingReadyIsStopped(_ sql: String) throws {
    let store = try Store.inMemory()
    try store.execute(
      "CREATE TABLE t (x); INSERT INTO t VALUES (7); CREATE VIEW v AS SELECT x FROM t UNION ALL SELECT 8")
    let session = Session(store)
    session.viewReader = PressingReader(session.cancellation)
    let error = #expect(throws: UpkeepError.self) { try session.execute(sql: sql) }
    #expect(error?.code == .cancelled)
    session.viewReader = nil
    #expect(session.outcome(of: "SELECT count(*) FROM t").rows == [["1"]])
  }
}
