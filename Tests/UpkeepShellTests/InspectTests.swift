import Foundation
import Testing
import Upkeep
import UpkeepSQL

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import UpkeepShell

/// Looking inside: statistics, trees, drawings, plans.
@Suite struct InspectTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func fill(rows: Int) throws {
    let make = """
      CREATE TABLE airport (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
      CREATE UNIQUE INDEX airport_code ON airport (code) WHERE id > 10;
      WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < \(rows))
      INSERT INTO airport SELECT x, 'K' || x, 'The <airport> & "more" of number ' || x FROM n;
      INSERT INTO airport VALUES (0, 'long', replace('\(String(repeating: "long ", count: 40))', 'long',
        '\(String(repeating: "x", count: 2000))'));
      """
    let run = try ShellRun(["a.upkeep"], input: make, in: scratch)
    #expect(run.status == 0, "\(run)")
  }

  @Test("Statistics count rows, pages and levels; what they say in JSON adds up")
  func statistics() throws {
    try fill(rows: 4000)
    let text = try ShellRun(["stats", "a.upkeep"], in: scratch).output
    #expect(text.contains("airport_code"), "\(text)")
    #expect(text.split(separator: "\n").count <= 24)
    let json = try ShellRun(["stats", "a.upkeep", "--json"], in: scratch).output
    let parsed = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let table = try #require((parsed["tables"] as? [[String: Any]])?.first)
    let index = try #require((table["indexes"] as? [[String: Any]])?.first)
    func number(_ object: [String: Any], _ key: String) -> Int { (object[key] as? NSNumber)?.intValue ?? -1 }
    #expect(number(table, "rows") == 4001)
    #expect(number(index, "entries") == 3990)
    #expect(number(table, "depth") == 2 && number(index, "depth") == 2)
    #expect(number(table, "overflowPages") > 0 && number(index, "overflowPages") == 0)
    let fill = (table["fill"] as? NSNumber)?.doubleValue ?? 0
    #expect(fill > 0.5 && fill <= 1)
    // What the catalog takes is in no table.
    let counted = number(table, "pages") + number(index, "pages") + number(table, "overflowPages")
    #expect((counted...(counted + 12)).contains(number(parsed, "pages")), "\(json)")
    #expect(number(parsed, "fileSize") > number(parsed, "freeBytes"))
  }

  @Test("Many tables are still one screen")
  func manyTables() throws {
    let make = (1...40).map { "CREATE TABLE t\($0) (id INTEGER PRIMARY KEY);" }.joined()
    let run = try ShellRun([], input: make + "\n.stats\n", in: scratch)
    let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 24 && run.output.contains("25 smaller trees"), "\(run.output)")
  }

  @Test(".tree shows levels, and the pages of a small tree with their keys")
  func tree() throws {
    try fill(rows: 300)
    let run = try ShellRun(["a.upkeep"], input: ".tree airport_code\n.tree airpot\n", in: scratch)
    #expect(
      run.output.hasPrefix("index airport_code of airport: 290 rows, 1 level, 1 page, 0 overflow pages\n"))
    #expect(run.output.contains("290 rows") && run.output.contains("K100 to K99"), "\(run.output)")
    #expect(run.errors.contains("did you mean airport?"), "\(run.errors)")
    #expect(run.status == 1)
  }

  /// Counts the elements of a drawing, and keeps what its titles say.
  private final class Reader: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var titles: [String] = []
    private var text: String?

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      counts[name, default: 0] += 1
      text = name == "title" ? "" : nil
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text? += string }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
      if name == "title", let text { titles.append(text) }
      text = nil
    }
  }

  @Test("A drawing is well-formed, with a cell for each page that says what it holds")
  func drawing() throws {
    try fill(rows: 4000)
    let run = try ShellRun(["draw", "a.upkeep", "airport", "--svg", "a.svg", "--json"], in: scratch)
    #expect(run.status == 0, "\(run)")
    let told = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let reader = Reader()
    let parser = XMLParser(data: Data(try scratch.read("a.svg").utf8))
    parser.delegate = reader
    #expect(parser.parse())
    #expect(reader.titles.count == (told["pages"] as? NSNumber)?.intValue)
    #expect(reader.titles.first?.contains("4,001 rows") == true, "\(reader.titles.first ?? "")")
    #expect(reader.titles.contains { $0.hasSuffix(" to 4000") })
    let rows = reader.titles.dropFirst().compactMap { title in
      title.split(separator: " ").dropFirst(2).first.flatMap { Int($0.filter(\.isNumber)) }
    }
    #expect(rows.reduce(0, +) == 4001)
  }

  @Test(
    "Where a level has very many pages neighbours share a cell, and nothing is lost",
    arguments: [2, 7, 16, 50])
  func sharedCells(_ mostCells: Int) throws {
    let session = Session(try Store.inMemory())
    try session.execute(
      sql: """
        CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
        WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 5000)
        INSERT INTO t SELECT x, '\(String(repeating: "x", count: 100))' FROM n;
        """)
    let drawing = try TreeDrawing("t", session, mostCells: mostCells)
    let reader = Reader()
    let parser = XMLParser(data: Data(drawing.svg.utf8))
    parser.delegate = reader
    #expect(parser.parse())
    let leaves = reader.titles.dropFirst()
    #expect(leaves.count <= mostCells && leaves.count >= mostCells / 2, "\(leaves.count)")
    func numbers(_ title: String) -> [Int] {
      title.filter { $0 != "," }.split { !$0.isNumber }.compactMap { Int($0) }
    }
    // A shared cell says: pages, rows, per cent, first key, last key.
    let told = leaves.map { numbers($0) }
    let shared = told.filter { $0.count == 5 }
    #expect(told.map { $0[1] }.reduce(0, +) == 5000)
    if mostCells < 50 { #expect(shared.map { $0[0] }.reduce(0, +) >= drawing.shape.pageCount - 2) }
    #expect(told.first?[3] == 1 && told.last?[4] == 5000)
    #expect(zip(told, told.dropFirst()).allSatisfy { $0[4] + 1 == $1[3] })
  }

  @Test("A drawing of a table that is not there names the nearest, and leaves no file")
  func noDrawing() throws {
    try fill(rows: 10)
    let run = try ShellRun(["draw", "a.upkeep", "airprot", "--svg", "a.svg"], in: scratch)
    #expect(run.status == 1 && run.errors.contains("did you mean airport?"), "\(run)")
    #expect(!scratch.exists("a.svg"))
    #expect(try ShellRun(["draw", "a.upkeep", "airport"], in: scratch).status == 2)
  }

  @Test(".explain tells how an upsert would run, and runs nothing; alone it tells of the last statement")
  func explain() throws {
    let input = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
      .explain UPSERT INTO t (id, code) VALUES (1, 'a')
      .explain UPSERT INTO t (id, code) VALUES (?, :x);
      SELECT count(*) FROM t;
      .explain
      """
    let run = try ShellRun([], input: input, in: scratch)
    let lines = run.output.split(separator: "\n")
    #expect(run.status == 0, "\(run)")
    #expect(lines.filter { $0.contains("primary key") }.count >= 2, "\(run.output)")
    #expect(lines.contains("0") && lines.last?.contains("count") == true, "\(run.output)")
  }
}
