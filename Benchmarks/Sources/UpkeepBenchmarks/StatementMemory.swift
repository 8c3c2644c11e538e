import Foundation
import Harness
import Upkeep
import UpkeepSQL

/// How much memory statements over a whole table take that must remember something of every row. Each has a process of
/// its own, in which the table was filled before.
enum StatementMemory {
  private struct Case {
    let name: String
    let statement: String
    /// A unique index over `k`.
    var hasIndex = false
    var isQuery = false
    /// How many rows it gives for each row of the table.
    var rowsEach = 1
  }

  private static let cases = [
    Case(name: "upsert by id", statement: "UPSERT INTO b (id, n) SELECT id, n + 1 FROM b"),
    Case(
      name: "upsert that gives each row the unique key of the next one",
      statement: "UPSERT INTO b (id, k) SELECT id, k + 1 FROM b", hasIndex: true),
    Case(
      name: "upsert that displaces every row",
      statement:
        "INSERT INTO b (id, k, n) SELECT -id, k, n FROM b ON CONFLICT (id) DO MERGE ON AMBIGUITY DISPLACE",
      hasIndex: true),
    Case(
      name: "upsert of which the last row with a key counts",
      statement: "UPSERT INTO b (id, n) SELECT id, n + 1 FROM b ON DUPLICATE LAST"),
    Case(name: "sync", statement: "SYNC b FROM (SELECT id, k, n + 1 AS n FROM b)"),
    Case(
      name: "upsert that returns every row",
      statement: "UPSERT INTO b (id, n) SELECT id, n + 1 FROM b RETURNING id, n"),
    Case(name: "update that returns every row", statement: "UPDATE b SET n = n + 1 RETURNING id, n"),
    Case(
      name: "upsert that rejects every row",
      statement: "UPSERT INTO b (id, n) SELECT id, -1 FROM b ON ERROR REJECT"),
    Case(name: "query in another order", statement: "SELECT id, n FROM b ORDER BY n, id DESC", isQuery: true),
    Case(
      name: "query of a group for each row",
      statement: "SELECT k + n, count(*), sum(n) FROM b GROUP BY k * 1000 + n",
      isQuery: true),
    Case(name: "query of distinct rows", statement: "SELECT DISTINCT k, n FROM b", isQuery: true),
    Case(
      name: "query that joins all rows by a hash",
      statement: "SELECT a.id, c.n FROM b a JOIN b c ON c.k + 0 = a.k + 0", isQuery: true),
    Case(
      name: "query of rows that are not among others",
      statement: "SELECT k FROM b EXCEPT SELECT -k FROM b", isQuery: true),
    Case(
      name: "query with common rows that it reads twice",
      statement: "WITH w AS (SELECT id, k + n AS s FROM b) SELECT id, s FROM w UNION ALL SELECT s, id FROM w",
      isQuery: true, rowsEach: 2),
  ]

  private final class Count: RowSink {
    var rows = 0
    func begin(columns: [String]) {}
    func row(_ values: [Value]) { rows += 1 }
  }

  static func run(_ options: Options, rows: Int, cacheBytes: Int) throws -> String {
    var lines = [
      "| statement over \(rows) rows | most memory resident, table filled | the same after the statement | a row | seconds | file |",
      "|---|---:|---:|---:|---:|---:|",
    ]
    for (number, example) in cases.enumerated()
    where options.only.isEmpty || options.only.contains(where: example.name.contains) {
      let (figures, status) = try ChildProcess.figures([
        "--statement-memory-of", "\(number)", "--rows", "\(rows)", "--cache", "\(cacheBytes >> 20)",
        "--folder", "\(options.folder)/statement-\(number)",
      ])
      guard figures.count == 4 else {
        lines.append("| \(example.name) | its process ended with \(status) | | | | |")
        continue
      }
      let text = figures.map { String(format: "%.0f MB", $0 / 1e6) }
      let each = String(format: "%.1f B", (figures[1] - figures[0]) / Double(rows))
      lines.append(
        "| \(example.name) | \(text[0]) | \(text[1]) | \(each) | \(String(format: "%.1f", figures[2])) | \(text[3]) |"
      )
      FileHandle.standardError.write(Data(((lines.last ?? "") + "\n").utf8))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// In a process of its own: prints the figures.
  static func measure(_ options: Options, number: Int, rows: Int, cacheBytes: Int) throws {
    let example = cases[number]
    try FolderFiles.make(options.folder)
    defer { FolderFiles.remove(options.folder) }
    let store = try Store(
      options.folder + "/b.upkeep",
      StoreOptions {
        $0.durability = .none
        $0.cacheSize = cacheBytes
      })
    let session = Upkeep.Session(store)
    try session.execute(sql: "CREATE TABLE b (id INTEGER PRIMARY KEY, k INTEGER, n INTEGER CHECK (n >= 0))")
    if example.hasIndex { try session.execute(sql: "CREATE UNIQUE INDEX bk ON b (k)") }
    try store.write { tx in
      let made = (1...rows).lazy.map { id -> RowInput in
        ["id": .integer(Int64(id)), "k": .integer(Int64(id)), "n": .integer(Int64(id % 1000))]
      }
      _ = try tx.upsert(contentsOf: made, into: "b")
    }
    try store.checkpoint()
    let filled = ProcessFigures.peakResidentBytes
    let count = Count()
    let start = Date()
    try session.execute(sql: example.statement, into: count)
    let seconds = Date().timeIntervalSince(start)
    let after = ProcessFigures.peakResidentBytes
    if example.isQuery || example.statement.contains("RETURNING"), count.rows != rows * example.rowsEach {
      throw Unsupported("\(count.rows) rows were returned")
    }
    guard let filled, let after else { throw Unsupported("this system does not tell what is resident") }
    try store.close()
    print("\(filled) \(after) \(seconds) \(FolderFiles.bytesOnDisk(in: options.folder))")
  }
}
