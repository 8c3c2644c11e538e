import Testing
import UpkeepSQL
import UpkeepTestSupport

/// The shell would run half a statement, or wait for ever for the end of a whole one.
@Suite struct StatementSplitterTests {
  private static let text = """
    SELECT ';' , "a;b" -- c;
    , [x;y], `z;`;; /* ; */
      SELECT 1 - 2 / 3; -- tail;
    'it''s;' ; -
    """
  private static let pieces = [
    "SELECT ';' , \"a;b\" -- c;\n, [x;y], `z;`;", "SELECT 1 - 2 / 3;", "'it''s;' ;",
  ]

  @Test func piecesOfAnySizeGiveTheSameStatements() {
    for size in 1...40 {
      var splitter = StatementSplitter()
      var found: [StatementSplitter.Piece] = []
      let bytes = Array(Self.text.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        splitter.append(bytes[start..<min(start + size, bytes.count)])
        while let piece = splitter.next() { found.append(piece) }
      }
      #expect(found.map(\.text) == Self.pieces, "in pieces of \(size)")
      #expect(found.map(\.line) == [1, 3, 4])
      #expect(found.map(\.column) == [1, 3, 1])
    }
  }

  @Test func aTriggerEndsBehindItsEnd() {
    let triggers = [
      "CREATE TRIGGER a AFTER INSERT ON t BEGIN DELETE FROM u; DELETE FROM v; END;",
      "create temp trigger a after insert on t begin select ';end;'; select case when 1 then 2 end; end ;",
      "CREATE /* ; */ TEMPORARY TRIGGER a BEGIN -- ;\n SELECT 1; ENDED; \"END\"; END; ",
      "EXPLAIN CREATE TRIGGER a BEGIN SELECT 1;;END;",
    ]
    let others = [
      "CREATE TABLE trigger (x);", "CREATE VIEW v AS SELECT 1;", "SELECT create, trigger FROM t;", "BEGIN;",
      "END;",
      "CREATE \"TRIGGER\" x;", "CREATED TRIGGER x;",
    ]
    for text in triggers + others {
      for size in [1, 3, 1000] {
        var splitter = StatementSplitter()
        let bytes = Array("\(text)SELECT 'next';".utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
          splitter.append(bytes[start..<min(start + size, bytes.count)])
        }
        var found: [String] = []
        while let piece = splitter.next() { found.append(piece.text) }
        #expect(found.count == 2 && found.last == "SELECT 'next';", "\(found)")
      }
    }
    var splitter = StatementSplitter()
    splitter.append("CREATE TRIGGER a BEGIN DELETE FROM u;".utf8)
    #expect(splitter.next() == nil && !splitter.isBlank)
  }

  @Test func aStatementKnowsWhatStandsAroundItInItsLines() {
    var splitter = StatementSplitter()
    splitter.append(" SELECT 1; /* é */ SELECT\n2; SELECT 3; -- end\nSELECT 4;".utf8)
    var around: [[String]] = []
    while let piece = splitter.next() {
      around.append([
        String(decoding: piece.lead, as: UTF8.self), String(decoding: piece.trail, as: UTF8.self),
      ])
    }
    #expect(
      around == [
        [" ", " /* é */ SELECT"], [" SELECT 1; /* é */ ", " SELECT 3; -- end"], ["2; ", " -- end"], ["", ""],
      ])
  }

  @Test func aLineOfVeryManyStatementsIsNotKeptWithEach() {
    var splitter = StatementSplitter()
    splitter.append(String(repeating: "S 1;", count: 10_000).utf8)
    var kept = 0
    var count = 0
    while let piece = splitter.next() {
      kept += piece.lead.count + piece.trail.count
      count += 1
    }
    #expect(count == 10_000 && kept > 0 && kept < 600_000, "\(kept)")
  }

  @Test func whatIsBlankAsksForNothing() {
    for text in ["", "  \n", "-- c\n", "/* c */", "-- c", ";;"] {
      var splitter = StatementSplitter()
      splitter.append(text.utf8)
      #expect(splitter.isBlank, "\(text)")
      #expect(splitter.finish() == nil, "\(text)")
    }
    for text in ["SELECT", "'", "/* c", "SELECT 1 -- ;"] {
      var splitter = StatementSplitter()
      splitter.append(text.utf8)
      #expect(!splitter.isBlank, "\(text)")
      #expect(splitter.finish() != nil, "\(text)")
      #expect(splitter.isBlank)
    }
    #expect(StatementSplitter.isComplete("SELECT 1; -- x"))
    #expect(!StatementSplitter.isComplete("SELECT ';"))
  }
}
