import Testing

@testable import UpkeepShell

@Suite struct ScriptReaderTests {
  /// The pieces of a script that arrives in chunks.
  private func pieces(_ script: String, chunk: Int) -> [String] {
    var reader = ScriptReader()
    var result: [String] = []
    func take() {
      while let piece = reader.next() {
        switch piece {
        case .statement(let statement): result.append("\(statement.line): \(statement.text)")
        case .dotCommand(let text): result.append(text)
        }
      }
    }
    let bytes = Array(script.utf8)
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      reader.feed(bytes[start..<min(start + chunk, bytes.count)])
      take()
    }
    reader.end()
    take()
    return result
  }

  private static let scripts: [(script: String, pieces: [String])] = [
    ("", []),
    ("SELECT 1;", ["1: SELECT 1;"]),
    ("SELECT 1", ["1: SELECT 1"]),
    ("SELECT 1; SELECT\n2;\n.tables\nSELECT 3", ["1: SELECT 1;", "1: SELECT\n2;", ".tables", "4: SELECT 3"]),
    (".a\n.b x\n  .c", [".a", ".b x", "  .c"]),
    ("SELECT\n.5;\n.quit\n", ["1: SELECT\n.5;", ".quit"]),
    ("-- comment\n.tables\n/* two\n.lines */\n.show", [".tables", ".show"]),
    (
      "SELECT ';\n.no', \";\", [;], `;`; \\q\n\\q\n",
      ["1: SELECT ';\n.no', \";\", [;], `;`;", "2: \\q\n\\q\n"]
    ),
    ("SELECT 1;\n\\q\n", ["1: SELECT 1;", "\\q"]),
    (";;;\nSELECT 1;;", ["2: SELECT 1;"]),
  ]

  @Test(
    "Statements and dot commands are cut the same, however the script arrives", arguments: scripts.indices)
  func cutting(_ index: Int) {
    let (script, expected) = Self.scripts[index]
    for chunk in [1, 2, 3, 7, 1000] {
      #expect(pieces(script, chunk: chunk) == expected, "pieces of \(chunk)")
    }
  }
}
