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
    ("WITH big AS (SELECT icao, name AS called FROM airport) SELECT * FROM b", "", ["big"]),
    (
      "WITH big AS (SELECT icao, name AS called FROM airport) SELECT ca", " FROM big",
      ["called", "case", "cast"]
    ),
    (
      "WITH big(a, b) AS NOT MATERIALIZED (VALUES (1, 2)), more AS (SELECT * FROM big) SELECT more.",
      " FROM more", ["a", "b"]
    ),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT n.", " FROM n) SELECT * FROM n", ["i"]),
    (
      "SELECT s.", " FROM (SELECT r.*, count(*) AS many, max(source) most, 1 + 1 FROM route r) AS s",
      ["airline", "source", "many", "most"]
    ),
    ("SELECT s.", " FROM (SELECT * FROM (SELECT code x FROM \"Air Line\") AS i) s (y)", ["y"]),
    ("SELECT s.", " FROM (SELECT * FROM (SELECT code x FROM \"Air Line\") AS i) s", ["x"]),
    ("SELECT a.i", " FROM route r JOIN airport a ON a.icao = r.source", ["icao", "iata"]),
    ("UPDATE airport AS x SET name = x.na", "", ["name"]),
    (".import f.csv air", "", ["airport", "\"Air Line\""]),
    (".import f.csv airport --m", "", ["--map", "--mode"]),
    (".import f.csv airport --mode ", "", ["insert", "ignore", "replace", "merge", "sync"]),
    (".import f.csv airport --mode merge --mo", "", []),
    (".sync f.csv airport --on ", "", ["airport_iata"]),
    (".diff f.csv airport --key icao,i", "", ["icao", "iata"]),
    (".import f.csv airport --as j", "", ["json", "jsonl"]),
    (".explain SELECT * FROM ro", "", ["route"]),
    (".export f.csv SELECT name FROM air", "", ["airport", "\"Air Line\""]),
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
