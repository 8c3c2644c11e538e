import Testing

@testable import UpkeepShell

@Suite struct CompleterTests {
  private let completer = Completer(tables: [
    Completer.Table(name: "airport", columns: ["icao", "iata", "name"], indexes: ["airport_iata"]),
    Completer.Table(name: "Air Line", columns: ["code", "Home Base"], indexes: []),
    Completer.Table(name: "route", columns: ["airline", "source"], indexes: []),
  ])

  private static let cases: [(before: String, after: String, candidates: [String])] = [
    ("SELECT * FROM ", "", ["airport", "\"Air Line\"", "route"]),
    ("SELECT * FROM AIR", "", ["airport", "\"Air Line\""]),
    ("select * from airport where i", "", ["icao", "iata", "ifnull(", "iif(", "instr("]),
    ("SELECT ic", " FROM airport", ["icao"]),
    ("SELECT a.i", " FROM airport AS a", ["icao", "iata"]),
    ("SELECT icao fr", "", ["from"]),
    ("SELECT r.", " FROM route r, airport", ["airline", "source"]),
    ("SELECT airport.na", " FROM airport", ["name"]),
    ("SELECT x.na", " FROM airport", []),
    ("UPSERT INTO ro", "", ["route"]),
    ("UPSERT INTO airport VALUES (1) ON CONFLICT DO UPDATE SET name = excluded.n", "", ["name"]),
    ("DROP INDEX ", "", ["airport_iata"]),
    ("SELECT 'FROM ai", "", []),
    ("SELECT 1 -- FROM ai", "", []),
    ("SELECT \"Air ", "", ["\"Air Line\""]),
    ("sel", "", ["select"]),
    ("SEL", "", ["SELECT"]),
    ("SELECT 1 wher", "", ["where"]),
    ("SELECT cou", "", ["count("]),
    (".sch", "", [".schema"]),
    (".schema r", "", ["route"]),
    (".format json", "", ["json", "jsonl", "jsonrows"]),
    (".bail o", "", ["on", "off"]),
    ("\\d", "", ["\\d", "\\dt"]),
    (".nonsense x", "", []),
  ]

  @Test("A word becomes what can stand there", arguments: cases.indices)
  func candidates(_ index: Int) {
    let (before, after, expected) = Self.cases[index]
    #expect(completer.completion(before: before, after: after).candidates == expected, "\(before)|\(after)")
  }

  @Test("Tables of the lines before are in scope, and a dot begins no command within a statement")
  func statement() {
    var completer = completer
    completer.statement = "SELECT *\nFROM route\n"
    #expect(completer.completion(before: "WHERE so").candidates == ["source"])
    #expect(completer.completion(before: ".sch").candidates == [])
  }

  @Test("What is completed is replaced: a quoted name with its quote")
  func length() {
    #expect(completer.completion(before: "SELECT * FROM AIR").length == 3)
    #expect(completer.completion(before: "SELECT \"Air L").length == 6)
    #expect(completer.completion(before: "SELECT airport.na", after: " FROM airport").length == 2)
  }
}
