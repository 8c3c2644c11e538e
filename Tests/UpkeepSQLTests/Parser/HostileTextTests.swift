import Testing
import Upkeep
import UpkeepSQL
import UpkeepTestSupport

/// A text from anywhere would trap, hang or eat memory instead of being refused.
@Suite struct HostileTextTests {
  static let big = 64 << 20

  private func refuse(_ bytes: [UInt8], _ what: String) {
    let clock = ContinuousClock()
    var error: UpkeepError?
    let time = clock.measure { error = failure(utf8: bytes) }
    #expect(error != nil, "\(what) was taken")
    #expect(time < .seconds(5), "\(what) took \(time)")
  }

  private func text(_ start: String, _ filler: UInt8, _ count: Int, _ end: String = "") -> [UInt8] {
    Array(start.utf8) + [UInt8](repeating: filler, count: count) + Array(end.utf8)
  }

  @Test func bytesThatAreNoTextAreRefused() {
    refuse([0], "a NUL")
    refuse(Array("SELECT 1".utf8) + [0], "a NUL at the end")
    refuse(Array("SELECT \"a".utf8) + [0] + Array("\"".utf8), "a NUL in a name")
    refuse(Array("SELECT '".utf8) + [0xFF, 0xFE] + Array("'".utf8), "a string that is not UTF-8")
    refuse(Array("SELECT ".utf8) + [0xC3, 0x28], "a name that is not UTF-8")
    refuse(Array("SELECT '".utf8) + [0xED, 0xA0, 0x80] + Array("'".utf8), "a lone surrogate")
    refuse([UInt8](repeating: 0xFF, count: 1_000), "bytes of ones")
    #expect(failure(utf8: [0xEF, 0xBB, 0xBF] + Array("SELECT 1".utf8)) == nil)
  }

  @Test func hugeTokensAreRefusedSoon() {
    refuse(text("SELECT ", UInt8(ascii: "a"), Self.big), "a name of 64 MB")
    refuse(text("SELECT ", UInt8(ascii: "1"), Self.big), "a number of 64 MB")
    refuse(text("SELECT '", UInt8(ascii: "a"), Self.big + 1, "'"), "a string of over 64 MB")
    refuse(text("SELECT '", UInt8(ascii: "a"), Self.big), "a string without end")
    refuse(text("SELECT \"", UInt8(ascii: "a"), Self.big, "\""), "a quoted name of 64 MB")
    refuse(text("SELECT /*", UInt8(ascii: "a"), Self.big), "a comment without end")
    refuse(text("SELECT /*", UInt8(ascii: "*"), 1 << 20), "a comment of stars")
    refuse(text("SELECT :", UInt8(ascii: "a"), Self.big), "a parameter of 64 MB")
    refuse(text("", UInt8(ascii: "("), 1 << 20), "a million parentheses")
    refuse(text("SELECT ", UInt8(ascii: "("), 1 << 20), "a million nested parentheses")
    refuse(text("SELECT ", UInt8(ascii: "~"), 1 << 20), "a million tildes")
  }

  @Test func deepQueriesAreRefusedSoon() {
    func nested(_ open: String, _ count: Int, _ close: String = "") -> [UInt8] {
      Array((String(repeating: open, count: count) + close).utf8)
    }
    for count in [100, 100_000] {
      refuse(nested("SELECT (", count), "queries in expressions")
      refuse(nested("SELECT * FROM (", count), "queries in FROM")
      refuse(nested("WITH a AS (", count), "queries in WITH")
      refuse(nested("SELECT 1 WHERE EXISTS (", count), "EXISTS in EXISTS")
      refuse(nested("SELECT 1 WHERE 1 IN (", count), "IN in IN")
      refuse(nested("SELECT 1 UNION ", count * 10, "SELECT 1"), "a long compound")
      refuse(nested("SELECT 1 FROM t", 1, String(repeating: ", t", count: count)), "many sources")
    }
  }

  /// As deep as the reader goes, the planner and the executor must go too.
  @Test func theDeepestQueriesRun() throws {
    let session = Session(try Store.inMemory())
    let depth = 38
    func nested(_ open: String, _ inner: String, _ close: String) -> String {
      String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
    }
    let sum = String(repeating: "1 + ", count: 400) + "1"
    for (text, rows) in [
      (nested("SELECT (", "SELECT 7", ")"), [["7"]]),
      (nested("SELECT x FROM (SELECT 7 AS x WHERE EXISTS (", "SELECT 1", "))"), [["7"]]),
      (nested("SELECT * FROM (", "SELECT \(sum) AS x", ")"), [["401"]]),
      (nested("SELECT 1 WHERE 1 IN (", "SELECT 1", ")"), [["1"]]),
      (Array(repeating: "SELECT 1", count: 500).joined(separator: " UNION "), [["1"]]),
      (nested("WITH a AS (", "SELECT 7 AS x", ") SELECT x FROM a"), [["7"]]),
    ] {
      let outcome = session.outcome(of: text)
      if text.hasPrefix("SELECT x FROM") {
        // Two queries a level: deeper than is allowed.
        #expect(outcome.error?.contains("deep in one another") == true)
      } else {
        #expect(outcome.error == nil && outcome.rows == rows, "\(outcome)")
      }
    }
    let chain = String(repeating: "1 + (SELECT ", count: 30) + sum + String(repeating: ")", count: 30)
    #expect(session.outcome(of: "SELECT \(chain)").rows == [["431"]])
  }

  /// Chance finds what nobody thought of; whatever is read at all must print and read back.
  @Test func randomTextsNeverTrap() {
    let words =
      Keywords.all + [
        "a", "t", "'x'", "\"q\"", "1", "2.5", "x'00'", "?", ":p", "(", ")", ",", ";", ".", "*", "+", "-", "=",
        "||", "<", "'", "\"", "/*", "--", "\n",
      ]
    var random = SeededGenerator.random()
    for _ in 0..<20_000 {
      let text = (0..<random.below(14)).map { _ in random.pick(words) }.joined(separator: " ")
      var parser = SQLParser(text)
      for _ in 0..<10 {
        do {
          guard let next = try parser.next() else { break }
          let printed = SQLPrinter.statement(next.statement)
          let again = try? parse(printed)
          #expect(again?.count == 1, "\(text) printed as \(printed), seed \(random.seed)")
        } catch { parser.skipStatement() }
      }
    }
  }
}

enum Keywords {
  static let all = """
    SELECT FROM WHERE ORDER BY LIMIT OFFSET INSERT INTO VALUES UPSERT REPLACE UPDATE SET DELETE CREATE TABLE INDEX \
    UNIQUE PRIMARY KEY NOT NULL DEFAULT CHECK ON CONFLICT DO NOTHING MERGE AMBIGUITY FIRST DUPLICATE LAST ERROR \
    REJECT RETURNING ALL AS AND OR IS IN LIKE BETWEEN CASE WHEN THEN ELSE END CAST COLLATE NOCASE TEXT INTEGER \
    BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE EXPLAIN DROP IF EXISTS ASC DESC NULLS DISTINCT TRUE ESCAPE count
    """.split(separator: " ").map(String.init)
}
