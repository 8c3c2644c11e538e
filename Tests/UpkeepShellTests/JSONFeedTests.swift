import Foundation
import Testing

@testable import UpkeepShell

@Suite struct JSONFeedTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    let sql = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'none', size REAL, ok BOOLEAN, doc JSON, at TIMESTAMP,
        u UUID, data BLOB, x ANY);
      CREATE UNIQUE INDEX t_name ON t (name) WHERE name <> 'none';
      """
    _ = try ShellRun(["t.upkeep", "-c", sql], in: scratch)
  }

  private func load(_ text: String, _ options: String..., file: String = "feed.jsonl") throws -> ShellRun {
    try scratch.write(file, text)
    return try ShellRun(["load", "t.upkeep", file, "--into", "t"] + options, in: scratch)
  }

  private func rows(_ columns: String = "*") throws -> String {
    try ShellRun(
      ["t.upkeep", "--format", "jsonl", "-c", "SELECT \(columns) FROM t ORDER BY id"], in: scratch
    ).output
  }

  @Test("An array of objects and one object a line go in alike, each with the columns that it names")
  func forms() throws {
    let objects = ["{\"ID\":1,\"name\":\"a\"}", "{\"size\":2.5,\"id\":2}", "{\"id\":3,\"name\":null}"]
    let expected = """
      {"id":1,"name":"a","size":null}
      {"id":2,"name":"none","size":2.5}
      {"id":3,"name":null,"size":null}

      """
    for (file, text) in [
      ("feed.json", "\u{FEFF}[\n\(objects.joined(separator: ",\n"))\n]\n"),
      ("feed.jsonl", objects.joined(separator: "\r\n")),
      ("feed.ndjson", objects.joined(separator: "\n\n") + "\n"),
    ] {
      let run = try load(text, file: file)
      #expect(run.output == "3 inserted\n", "\(file): \(run)")
      #expect(try rows("id, name, size") == expected, "\(file)")
      _ = try ShellRun(["t.upkeep", "-c", "DELETE FROM t"], in: scratch)
    }
    let piped = try ShellRun(
      ["load", "t.upkeep", "-", "--into", "t", "--as", "jsonl"], input: objects.joined(separator: "\n"),
      in: scratch)
    #expect(piped.output == "3 inserted\n", "\(piped)")
    #expect(try rows("id, name, size") == expected)
  }

  @Test("A merge leaves columns that a record does not name as they are; null is NULL")
  func sparse() throws {
    _ = try load("{\"id\":1,\"name\":\"a\",\"size\":1}\n{\"id\":2,\"name\":\"b\",\"size\":2}\n")
    let run = try load("{\"id\":1,\"size\":9}\n{\"id\":2,\"name\":null}\n", "--mode", "merge")
    #expect(run.output == "0 inserted, 2 updated, 0 unchanged\n", "\(run)")
    #expect(
      try rows("id, name, size")
        == "{\"id\":1,\"name\":\"a\",\"size\":9.0}\n{\"id\":2,\"name\":null,\"size\":2.0}\n")
  }

  @Test("Every type reads back what the shell prints")
  func roundTrip() throws {
    let sql = """
      INSERT INTO t VALUES
        (-9223372036854775808, 'q"\\', 1e300, TRUE, JSON '{"a":[1,"x",null]}', TIMESTAMP '2024-05-01T12:00:00.123456Z',
          UUID '123e4567-e89b-12d3-a456-426614174000', x'00ff', x'ab'),
        (9223372036854775807, 'é
      日本 \u{1F6EB}', 9e999, FALSE, JSON '"text"', NULL, NULL, x'', 'text'),
        (0, '', -0.1, NULL, JSON '[]', NULL, NULL, NULL, 9007199254740993), (1, NULL, -9e999, NULL, NULL, NULL, NULL, NULL, 1.5)
      """
    _ = try ShellRun(["t.upkeep", "-c", sql], in: scratch)
    let before = try rows()
    #expect(before.split(separator: "\n").count == 4)
    for format in ["jsonl", "json"] {
      let text = try ShellRun(["t.upkeep", "--format", format, "-c", "SELECT * FROM t"], in: scratch).output
      let run = try load(text, "--mode", "sync", file: "feed.\(format)")
      #expect(run.output == "0 inserted, 0 updated, 4 unchanged, 0 deleted\n", "\(run)")
      #expect(try rows() == before)
    }
  }

  @Test("Numbers go in exactly, or not at all")
  func numbers() throws {
    let run = try load(
      "{\"id\":1e3,\"name\":1.50,\"x\":1e2}\n{\"id\":9007199254740993.0,\"name\":12345678901234567890123,\"size\":-0}\n"
        + "{\"id\":9223372036854775808}\n{\"id\":1.5}\n{\"id\":5,\"ok\":2}\n", "--reject-limit", "3")
    #expect(run.output == "2 inserted, 3 rejected\n", "\(run)")
    for line in ["line 3: ", "line 4: ", "line 5: "] { #expect(run.errors.contains(line), "\(run.errors)") }
    #expect(
      try rows("id, name, size, x")
        == "{\"id\":1000,\"name\":\"1.50\",\"size\":null,\"x\":100.0}\n"
        + "{\"id\":9007199254740993,\"name\":\"12345678901234567890123\",\"size\":0.0,\"x\":null}\n")
  }

  @Test("Nested values go into JSON and TEXT columns as they stand, and into no others")
  func nested() throws {
    let run = try load(
      "{\"id\":1,\"doc\":{\"a\": [1,  2]},\"name\":[\"x\"]}\n{\"id\":2,\"size\":[]}\n{\"id\":3,\"data\":{\"a\":1}}\n{\"id\":4,\"doc\":\"s\"}\n",
      "--reject-limit", "9")
    #expect(run.output == "2 inserted, 2 rejected\n", "\(run)")
    #expect(
      run.errors.contains("line 2: t.size is REAL and takes no array or object; JSON and TEXT columns do"),
      "\(run.errors)"
    )
    #expect(
      try rows("id, doc, name")
        == "{\"id\":1,\"doc\":{\"a\": [1,  2]},\"name\":\"[\\\"x\\\"]\"}\n{\"id\":4,\"doc\":\"s\",\"name\":\"none\"}\n"
    )
  }

  private static let badFeeds: [(file: String, feed: String, words: [String])] = [
    ("f.json", "", ["line 1", "array"]),
    ("f.json", "[{\"id\":1},\n {\"id\":2}", ["line 2", "whole"]),
    ("f.json", "[{\"id\":1}\n {\"id\":2}]", ["line 2", "comma"]),
    ("f.json", "{\"id\":1}", ["line 1", "--as jsonl"]),
    ("f.json", "[{\"id\":1},\n\n{\"id\":2},{\"id\":\"x\"}]", ["line 3, record 3", "t.id", "'x'"]),
    ("f.json", "[{\"id\":1},\n{\"id\":2},\n{\"id\":1}]", ["line 3, record 3", "already has"]),
    (
      "f.json", "[{\"id\":1,\"name\":\"a\"},\n{\"id\":2,\"name\":\"a\"}]",
      ["line 2, record 2", "t_name", "'a'"]
    ),
    ("f.jsonl", "{\"id\":1}\n{\"id\":2,\"nam\":1}\n", ["line 2", "did you mean name?", "--map nam="]),
    ("f.jsonl", "{\"id\":1}\n\n{\"id\":2,\"ID\":3}\n", ["line 3", "twice"]),
    ("f.jsonl", "{\"id\":1}\n{\"id\":2", ["line 2", "column 8", "ends"]),
    ("f.jsonl", "{\"id\":1}\n{\"id\":2,\"name\":\"\\ud800\"}\n", ["line 2", "surrogate"]),
    ("f.jsonl", "{\"id\":1}\n[1]\n", ["line 2", "--columns"]),
    ("f.jsonl", "{\"id\":1}\n17\n", ["line 2", "no object"]),
  ]

  @Test(
    "The first bad record fails the load with its line, and nothing is stored", arguments: badFeeds.indices)
  func badFeed(_ index: Int) throws {
    let (file, feed, words) = Self.badFeeds[index]
    let run = try load(feed, file: file)
    #expect(run.status == 1, "\(run)")
    #expect(run.output == "")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    for word in words where word != "t_name" && word != "'a'" {
      #expect(run.errors.contains(word), "\(word): \(run.errors)")
    }
    #expect(try rows() == "")
  }

  @Test("Rejected records stand on lines of their own, with why, and load again when they are mended")
  func rejects() throws {
    let feed = """
      [{"id":1,"name":"a"},
       {"id":"x",
        "name":"b\\n"}, 7,
       {"id":2,"name":"a"}]
      """
    let run = try load(feed, "--rejects", "bad.jsonl", file: "feed.json")
    #expect(run.output == "1 inserted, 3 rejected\n", "\(run)")
    let lines = try scratch.read("bad.jsonl").split(separator: "\n")
    #expect(lines.count == 3)
    #expect(
      lines[0].hasPrefix("{\"id\":\"x\",\"name\":\"b\\n\",\"_line\":2,\"_reason\":\"t.id is INTEGER"),
      "\(lines)")
    #expect(
      lines[1].hasPrefix("{\"_raw\":\"7\",\"_line\":3,\"_reason\":\"the record is no object"), "\(lines)")
    #expect(lines[2].hasPrefix("{\"id\":2,\"name\":\"a\",\"_line\":4,"), "\(lines)")
    #expect(lines[2].hasSuffix("\"_index\":\"t_name\",\"_existing\":\"1\"}"), "\(lines)")
    try scratch.write(
      "mended.jsonl",
      try scratch.read("bad.jsonl").replacingOccurrences(of: "\"x\"", with: "3")
        .replacingOccurrences(of: "\"id\":2,\"name\":\"a\"", with: "\"id\":2,\"name\":\"c\""))
    let again = try ShellRun(
      ["load", "t.upkeep", "mended.jsonl", "--into", "t", "--rejects", "bad2.jsonl"], in: scratch)
    #expect(again.output == "2 inserted, 1 rejected\n", "\(again)")
    let left = try scratch.read("bad2.jsonl").split(separator: "\n")
    #expect(left.count == 1 && left[0].hasPrefix("{\"_raw\":\"7\",\"_line\":2,\"_reason\":"), "\(left)")
    #expect(try rows("id").split(separator: "\n").count == 3)
  }

  @Test("Lines that are no JSON, and no text, are set aside too")
  func rawRejects() throws {
    try scratch.write(
      "feed.jsonl", bytes: Array("{\"id\":1}\noops \"x\"\n{\"name\":\"".utf8) + [0xFF] + Array("\"}\n".utf8))
    let run = try ShellRun(
      ["load", "t.upkeep", "feed.jsonl", "--into", "t", "--rejects", "bad.jsonl"], in: scratch)
    #expect(run.output == "1 inserted, 2 rejected\n", "\(run)")
    let lines = try scratch.read("bad.jsonl").split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("{\"_raw\":\"oops \\\"x\\\"\",\"_line\":2,") == true, "\(lines)")
    #expect(
      lines.last?.hasPrefix("{\"_raw\":\"{\\\"name\\\":\\\"\u{FFFD}\\\"}\",\"_line\":3,") == true, "\(lines)")
  }

  @Test("--columns names the values of arrays; of objects it takes only these; --map renames and passes over")
  func columnsAndMap() throws {
    let arrays = try load(
      "[1,\"a\",null]\n[2,\"b\",2.5]\n[3]\n", "--columns", "id, name,size", "--reject-limit", "1")
    #expect(arrays.output == "2 inserted, 1 rejected\n", "\(arrays)")
    #expect(
      arrays.errors.contains("line 3: the record has 1 value where the feed has 3 columns"),
      "\(arrays.errors)")
    let objects = try load("{\"id\":3,\"name\":\"c\",\"other\":1}\n", "--columns", "id")
    #expect(objects.output == "1 inserted\n", "\(objects)")
    let mapped = try load("{\"nr\":4,\"name\":\"d\",\"other\":1}\n", "--map", "nr=id", "--map", "other=")
    #expect(mapped.output == "1 inserted\n", "\(mapped)")
    #expect(
      try rows("id, name, size")
        == "{\"id\":1,\"name\":\"a\",\"size\":null}\n{\"id\":2,\"name\":\"b\",\"size\":2.5}\n{\"id\":3,\"name\":\"none\",\"size\":null}\n{\"id\":4,\"name\":\"d\",\"size\":null}\n"
    )
  }
}
