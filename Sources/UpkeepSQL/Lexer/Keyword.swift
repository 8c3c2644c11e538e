/// The words that statements are made of. Only those of `isReserved` cannot be names; every other one is a
/// keyword where the grammar asks for it and a name elsewhere.
package enum Keyword: UInt8, Sendable, CaseIterable {
  case abort, action, add, all, allow, alter, always, ambiguity, analyze, and, any, append, `as`, asc, attach,
    autoincrement
  case begin, between, by
  case `case`, cast, check, coalesce, collate, column, commit, concurrently, conflict, constraint, copy,
    create, cross,
    cte, current
  case current_date, current_time, current_timestamp
  case database, `default`, deferrable, deferred, delete, desc, detach, displace, distinct, `do`, drop,
    duplicate
  case `else`, empty, end, error, escape, except, exclude, exclusive, exists, explain
  case fail, `false`, filter, first, fold, following, foreign, from, full
  case generated, glob, grant, group, groups
  case having
  case `if`, ignore, immediate, `in`, index, indexed, inner, insert, instead, intersect, into, `is`, isnull
  case join, json
  case keep, key
  case last, lateral, latest, left, like, limit
  case match, matched, materialized, max, merge, min
  case natural, no, not, nothing, notnull, null, nulls
  case of, offset, on, or, order, others, outer, over
  case partition, plan, pragma, preceding, preview, primary
  case query
  case raise, range, recursive, references, regexp, reindex, reject, release, rename, replace, restrict,
    returning
  case right, rollback, row, rowid, rows
  case savepoint, schema, select, set, source, strict, sum, sync
  case table, target, temp, temporary, then, timestamp, to, touch, transaction, trigger, `true`, truncate
  case unbounded, union, unique, update, upsert, using, uuid
  case vacuum, values, view, virtual
  case when, `where`, window, with, without
  case ties, only

  /// The word in capitals, as messages and printed statements write it.
  package var text: String { Self.texts[Int(rawValue)] }

  /// A bare word that is one of these is never a name (SQLite's list).
  package var isReserved: Bool {
    switch self {
    case .add, .all, .alter, .and, .as, .autoincrement, .between, .case, .check, .collate, .commit,
      .constraint, .create, .default, .deferrable, .delete, .distinct, .drop, .else, .escape, .exists,
      .foreign, .from, .group, .having, .in, .index, .insert, .intersect, .into, .is, .isnull, .join, .limit,
      .not, .nothing, .notnull, .null, .on, .or, .order, .primary, .references, .returning, .select, .set,
      .table, .then, .to, .transaction, .union, .unique, .update, .using, .values, .when, .where:
      true
    default: false
    }
  }

  /// May not stand as an alias without AS after a table or a result column: what follows there would
  /// otherwise be taken for a name.
  package var startsTail: Bool {
    switch self {
    case .cross, .except, .full, .indexed, .inner, .left, .natural, .offset, .outer, .right, .window: true
    default: isReserved
    }
  }

  /// The words in capitals, in the order of the cases. The names of cases are not asked for: that would take a tenth of the
  /// time of a program that asks one short question.
  private static let texts: [String] = """
    ABORT ACTION ADD ALL ALLOW ALTER ALWAYS AMBIGUITY ANALYZE AND ANY APPEND AS ASC ATTACH AUTOINCREMENT \
    BEGIN BETWEEN BY CASE CAST CHECK COALESCE COLLATE COLUMN COMMIT CONCURRENTLY CONFLICT CONSTRAINT \
    COPY CREATE CROSS CTE CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT \
    DEFERRABLE DEFERRED DELETE DESC DETACH DISPLACE DISTINCT DO DROP DUPLICATE ELSE EMPTY END ERROR \
    ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FALSE FILTER FIRST FOLD FOLLOWING FOREIGN FROM \
    FULL GENERATED GLOB GRANT GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INNER INSERT \
    INSTEAD INTERSECT INTO IS ISNULL JOIN JSON KEEP KEY LAST LATERAL LATEST LEFT LIKE LIMIT MATCH \
    MATCHED MATERIALIZED MAX MERGE MIN NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER \
    OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PREVIEW PRIMARY QUERY RAISE RANGE RECURSIVE \
    REFERENCES REGEXP REINDEX REJECT RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWID \
    ROWS SAVEPOINT SCHEMA SELECT SET SOURCE STRICT SUM SYNC TABLE TARGET TEMP TEMPORARY THEN TIMESTAMP \
    TO TOUCH TRANSACTION TRIGGER TRUE TRUNCATE UNBOUNDED UNION UNIQUE UPDATE UPSERT USING UUID VACUUM \
    VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT TIES ONLY
    """.split(separator: " ").map(String.init)

  /// The keyword that these bytes spell, without regard to ASCII case.
  package static func find(_ bytes: ArraySlice<UInt8>) -> Keyword? {
    guard let word = PackedWord(bytes) else { return nil }
    return byWord[word]
  }

  private static let byWord: [PackedWord: Keyword] = {
    var table: [PackedWord: Keyword] = [:]
    table.reserveCapacity(allCases.count)
    for (keyword, text) in zip(allCases, texts) {
      if let word = PackedWord(text.utf8) { table[word] = keyword }
    }
    return table
  }()
}

/// Up to 24 bytes of a word in capitals, so that looking one up allocates nothing.
private struct PackedWord: Hashable {
  var a: UInt64 = 0
  var b: UInt64 = 0
  var c: UInt64 = 0

  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count <= 24 else { return nil }
    for byte in bytes {
      // A NUL in front would leave no trace.
      guard byte > 0, byte < 0x80 else { return nil }
      let capital = (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
      a = a << 8 | b >> 56
      b = b << 8 | c >> 56
      c = c << 8 | UInt64(capital)
    }
  }
}

extension Keyword {
  /// The keyword most likely meant by a mistyped word; nil if none is near.
  static func nearest(to word: String, among candidates: [Keyword]) -> Keyword? {
    let wanted = Array(word.uppercased().utf8)
    guard (2...24).contains(wanted.count) else { return nil }
    var best: (keyword: Keyword, distance: Int)?
    for candidate in candidates {
      let letters = Array(candidate.text.utf8)
      let distance = editDistance(wanted, letters)
      // One slip in a short word, two in a longer one; equal words are no slip.
      guard distance > 0, distance <= (Swift.min(letters.count, wanted.count) <= 4 ? 1 : 2) else { continue }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.keyword
  }

  /// Insertions, deletions, changes and swaps of neighbours that lead from one word to another.
  private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var current = [i + 1]
      for j in 0..<b.count {
        var least = Swift.min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = Swift.min(least, before[j - 1] + 1) }
        current.append(least)
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
