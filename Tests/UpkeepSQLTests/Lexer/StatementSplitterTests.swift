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
