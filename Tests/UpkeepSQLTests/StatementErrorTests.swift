import Testing
import Upkeep
import UpkeepSQL

/// An error would leave a person to guess which row, which value or what to do; or leave a trace in the table.
@Suite struct StatementErrorTests {
  /// What is wrong with a row, whatever statement gives it.
  enum Wrong: String, CaseIterable {
    case type, overflow, null, check, taken, longKey, longEntry

    /// The column, and a value that is right and one that is not.
    var column: String {
      switch self {
      case .type, .overflow, .check: "n"
      case .null: "name"
      case .taken, .longKey: "code"
      case .longEntry: "note"
      }
    }

    var good: String {
      switch self {
      case .type, .overflow, .check: "7"
      case .null, .longEntry: "'fine'"
      case .taken, .longKey: "'new'"
      }
    }

    var bad: String {
      switch self {
      case .type: "'a; b'"
      case .overflow: "9223372036854775807 + 1"
      case .null: "NULL"
      case .check: "500"
      case .taken: "'c'"
      case .longKey, .longEntry: "'\(String(repeating: "k", count: 3000))'"
      }
    }

    var code: UpkeepError.Code {
      switch self {
      case .type: .typeMismatch
      case .overflow: .overflow
      case .null: .notNullViolation
      case .check: .checkViolation
      case .taken: .uniqueViolation
      case .longKey, .longEntry: .tooLong
      }
    }

    /// What the message says of the value and of the place.
    var facts: [String] {
      switch self {
      case .type: ["t.n is INTEGER and cannot hold 'a; b' without loss"]
      case .overflow: ["t.n is INTEGER and cannot hold 9.223372036854776e+18 without loss"]
      case .null: ["t.name is NOT NULL and would be NULL"]
      case .check: ["CHECK small (n < 100) of table t fails: the row has n = 500"]
      case .taken: ["t (code) = c is held by row 3"]
      case .longKey: ["t (code) = 'kkkk", "takes 3", "bytes in index t_code_key, which holds at most"]
      case .longEntry: ["t (note) = 'kkkk", "takes 3", "bytes in index t_note, which holds at most"]
      }
    }
  }

  /// A statement that gives two rows, of which the second is wrong.
  enum Form: String, CaseIterable {
    case insert, insertSelect, upsert, upsertByIndex, update, mergeMatched, mergeNotMatched, mergeBySource,
      sync

    func text(_ wrong: Wrong) -> String {
      let c = wrong.column
      let (good, bad) = (wrong.good, wrong.bad)
      switch self {
      case .insert: return "INSERT INTO t (id, \(c)) VALUES (11, \(good)), (12, \(bad))"
      case .insertSelect:
        return "INSERT INTO t (id, \(c)) SELECT id, v FROM (VALUES (11, \(good)), (12, \(bad))) AS s (id, v)"
      case .upsert: return "UPSERT INTO t (id, \(c)) VALUES (11, \(good)), (2, \(bad))"
      case .upsertByIndex:
        return "INSERT INTO t (place, \(c)) VALUES (91, \(good)), (92, \(bad)) "
          + "ON CONFLICT (place) DO UPDATE SET \(c) = excluded.\(c)"
      case .update: return "UPDATE t SET \(c) = CASE id WHEN 2 THEN \(bad) ELSE \(c) END WHERE id < 3"
      case .mergeMatched:
        return "MERGE INTO t USING (VALUES (1, \(good)), (2, \(bad))) AS s (id, v) USING (id) "
          + "WHEN MATCHED THEN UPDATE SET \(c) = s.v"
      case .mergeNotMatched:
        return "MERGE INTO t USING (VALUES (11, \(good)), (12, \(bad))) AS s (id, v) USING (id) "
          + "WHEN NOT MATCHED THEN INSERT (id, \(c)) VALUES (id, v)"
      case .mergeBySource:
        return "MERGE INTO t USING (VALUES (1), (3)) AS s (id) USING (id) "
          + "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET \(c) = \(bad)"
      case .sync: return "SYNC t FROM (VALUES (3, 'c', 0), (2, 'b', \(bad))) AS s (id, code, \(c))"
      }
    }

    /// The number of the wrong row, if it is one of a source.
    var number: Int? { self == .update || self == .mergeBySource ? nil : 2 }

    /// The stored row that would have become the wrong one.
    ///
    /// A value that no row can have is found before it is known which row it meets.
    func row(_ wrong: Wrong) -> String? {
      switch self {
      case .insert, .insertSelect, .mergeNotMatched: nil
      case .upsert, .upsertByIndex, .sync: wrong == .type || wrong == .overflow ? nil : "2"
      case .update, .mergeMatched, .mergeBySource: "2"
      }
    }
  }

  static let cases: [(Form, Wrong)] = Form.allCases.flatMap { form in
    Wrong.allCases.compactMap { wrong in
      // A sync's rows stand in the test with their codes.
      form == .sync && wrong.column == "code" ? nil : (form, wrong)
    }
  }

  static let table = """
    CREATE TABLE t (
      id INTEGER PRIMARY KEY, code TEXT UNIQUE, place INTEGER UNIQUE, n INTEGER DEFAULT 0,
      name TEXT NOT NULL DEFAULT '?', note TEXT, total ANY MERGE SUM, tags ANY MERGE APPEND, doc ANY MERGE JSON,
      at TEXT MERGE USING (CASE WHEN excluded.at = 'x' THEN x'00' ELSE at END), CONSTRAINT small CHECK (n < 100));
    CREATE INDEX t_note ON t (note);
    INSERT INTO t (id, code, place, total, tags, doc) VALUES
      (1, 'a', 91, 1, 'x', '{}'), (2, 'b', 92, 'much', x'00', '{'), (3, 'c', 93, NULL, NULL, NULL);
    """

  @Test("Every error of a row has all parts, and leaves nothing", arguments: cases)
  func errorsOfRows(_ form: Form, _ wrong: Wrong) throws {
    let error = try failure(of: form.text(wrong))
    #expect(error.code == wrong.code, "\(error)")
    #expect(error.table == "t")
    for fact in wrong.facts { #expect(error.message.contains(fact), "\(error)") }
    #expect(error.rowNumber == form.number, "\(error)")
    #expect(error.message.hasPrefix(form.number.map { "row \($0): t" } ?? "t") || wrong == .check, "\(error)")
    if let number = form.number { #expect(error.message.hasPrefix("row \(number): "), "\(error)") }
    if wrong == .taken {
      #expect(error.index == "t_code_key" && error.key == "c" && error.existingKey == "3", "\(error)")
      if form.number == nil { #expect(error.message.contains("row 2 cannot have it too"), "\(error)") }
    } else {
      #expect(error.column == wrong.column || wrong == .check && error.column == "n", "\(error)")
      #expect(error.value != nil)
      #expect(error.existingKey == form.row(wrong), "\(error)")
      if let row = form.row(wrong) {
        #expect(error.message.contains("(the row with key \(row))"), "\(error)")
      }
    }
    let hint = try #require(error.hint, "\(error)")
    #expect(["give", "free", "UPSERT"].contains { hint.hasPrefix($0) }, "\(error)")
  }

  /// What only some statements can be told.
  @Test(arguments: [
    (
      "UPSERT INTO t (id, total) VALUES (1, 5), (2, 5)", "type",
      "row 2: t.total merges by SUM, which adds numbers, and the stored 'much' is not a number (the row with key 2); "
        + "give a number, or say DO MERGE (total SET)"
    ),
    (
      "UPSERT INTO t (id, total) VALUES (1, x'00')", "type",
      "row 1: t.total merges by SUM, which adds numbers, and x'00' is not a number (the row with key 1); give a number"
    ),
    (
      "UPSERT INTO t (id, total) VALUES (1, 1), (1, 9223372036854775807)", "overflow",
      "row 2: t.total merges by SUM, and 2 + 9223372036854775807 is more than ANY holds (the row with key 1); give less"
    ),
    (
      "UPSERT INTO t (id, tags) VALUES (2, 'y')", "type",
      "row 1: t.tags merges by APPEND, which joins two texts or two blobs, and 'y' is not a blob (the row with key 2); "
        + "give a blob"
    ),
    (
      "UPSERT INTO t (id, doc) VALUES (1, '{\"a\"')", "type",
      "row 1: t.doc merges by JSON, which merges JSON text, and '{\"a\"' is not JSON (the row with key 1); give JSON"
    ),
    (
      "UPSERT INTO t (id, doc) VALUES (2, '{}')", "type",
      "row 1: t.doc merges by JSON, which merges JSON text, and the stored '{' is not JSON (the row with key 2); give"
    ),
    (
      "UPSERT INTO t (id, at) VALUES (1, 'x')", "type",
      "row 1: t.at is TEXT and cannot hold x'00' without loss (the row with key 1); give text"
    ),
    (
      "INSERT INTO t (id, code) VALUES (9, 'z'), (1, 'b') ON CONFLICT DO MERGE", "ambiguous",
      "row 2: it meets row 1 by (id) = 1 and row 2 by (code) = b of t; say ON AMBIGUITY FIRST or DISPLACE"
    ),
    (
      "UPSERT INTO t (id, n) VALUES (9, 1), (9, 2) ON CONFLICT (id) DO MERGE ON DUPLICATE FAIL", "unique",
      "row 2: t (id) = 9 was given by row 1 before; give each key once, or say ON DUPLICATE"
    ),
    (
      "INSERT INTO t (id) VALUES (9), (1)", "unique",
      "row 2: t already has a row with (id) = 1; UPSERT INTO, or ON"
    ),
    (
      "UPDATE t SET id = 3 WHERE id = 2", "unique",
      "t (id) = 3 is held by row 3, which keeps it, and row 2 cannot have it too; free the key in the same statement"
    ),
    (
      "UPDATE OR FAIL t SET code = 'a' WHERE id = 2", "unique",
      "t (code) = a is held by row 1, which keeps it, and row 2 cannot have it too; free the key in the same "
        + "statement, say UPDATE OR IGNORE or UPDATE OR REPLACE"
    ),
    (
      "MERGE INTO t USING (VALUES (8), (2)) AS s (id) USING (id) WHEN MATCHED THEN ERROR", "refused",
      "row 2: WHEN clause 1 of the MERGE into t says ERROR, for row 2 of t; mend the row"
    ),
    (
      "MERGE INTO t USING (VALUES (2), (8)) AS s (id) USING (id) WHEN NOT MATCHED THEN ERROR", "refused",
      "row 2: WHEN clause 1 of the MERGE into t says ERROR; mend the row, or let a clause before that one take it"
    ),
    (
      "MERGE INTO t USING (VALUES (2), (2)) AS s (id) USING (id) WHEN MATCHED THEN DELETE", "changed-twice",
      "row 2: row 2 of t would be changed twice, by rows 1 and 2 of s; let ON match each row once"
    ),
    (
      "SYNC t FROM (VALUES (1, 'a'), (NULL, 'z')) AS s (id, code)", "not-null",
      "row 2: t.id is the key of the sync and cannot be NULL; give each row its key"
    ),
    (
      "SYNC t FROM (VALUES (1, 'a'), ('one', 'z')) AS s (id, code)", "unreadable-key",
      "row 2: t.id is INTEGER and cannot hold 'one' without loss, and without its key a sync cannot tell which row it "
        + "stands for; give a whole number"
    ),
  ])
  func errorsOfSomeStatements(_ text: String, _ code: String, _ message: String) throws {
    let error = try failure(of: text)
    #expect(error.code.rawValue == code && error.table == "t", "\(error)")
    #expect(error.message.hasPrefix(message), "\(error)")
    #expect(error.hint != nil, "\(error)")
  }

  /// - Returns: the error of a statement, which left the table as it was, and a transaction around it too.
  private func failure(of text: String) throws -> UpkeepError {
    let session = Session(try Store.inMemory())
    try session.execute(sql: Self.table)
    let before = try Self.rows(session)
    var errors: [UpkeepError] = []
    do { try session.execute(sql: text) } catch { errors.append(error) }
    #expect(try Self.rows(session) == before)
    try session.execute(sql: "BEGIN; INSERT INTO t (id, code) VALUES (100, 'in the transaction')")
    let within = try Self.rows(session)
    do { try session.execute(sql: text) } catch { errors.append(error) }
    #expect(try Self.rows(session) == within)
    try session.execute(sql: "UPSERT INTO t (id, n) VALUES (100, 1); COMMIT")
    #expect(try Self.rows(session).count == before.count + 1)
    try session.execute(sql: "DELETE FROM t WHERE id = 100")
    #expect(try Self.rows(session) == before)
    try #require(errors.count == 2, "\(text)")
    #expect(errors[0].message == errors[1].message)
    return errors[0]
  }

  private static func rows(_ session: Session) throws -> [[Value]] {
    let rows = Rows()
    try session.execute(sql: "SELECT * FROM t ORDER BY id", into: rows)
    return rows.rows
  }
}

private final class Rows: RowSink {
  var rows: [[Value]] = []

  func begin(columns: [String]) {}
  func row(_ values: [Value]) { rows.append(values) }
}
