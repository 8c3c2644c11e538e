import Upkeep
import UpkeepSQL

/// Runs a script of statements with their expected outcome beside them.
///
///     # a comment
///     > SELECT a, b
///     > FROM t;              a statement, on as many lines as it needs
///     1|x                    its rows, joined by |
///     = 1 inserted           what it did: every kind that is not zero, or `nothing`
///     ~ row 2: t.a is        why rows were set aside, in messages that contain this
///     * never reached        a notice that contains this
///     % row 2 of t gave way  rows that gave way, in words that contain this
///     ! no column            or: it fails with a message that contains this
struct ScriptRunner {
  struct Mismatch: Sendable, CustomStringConvertible {
    var line: Int
    var statement: String
    var expected: [String]
    var found: [String]

    var description: String {
      "line \(line): \(statement)\n  expected:\n    \(expected.joined(separator: "\n    "))"
        + "\n  found:\n    \(found.joined(separator: "\n    "))"
    }
  }

  /// The places where a script and the library disagree.
  ///
  /// - Parameter limit: bytes that what a statement remembers of its rows may take in memory; nil for what a store takes by
  ///   itself.
  static func run(_ script: String, spillsAt limit: Int? = nil) throws -> [Mismatch] {
    let store: Store
    if let limit {
      let options = StoreOptions {
        $0.statementByteCount = limit
        $0.checkpointsInBackground = false
      }
      store = try Store("script.upkeep", options, fileSystem: MemoryFileSystem())
    } else {
      store = try Store.inMemory()
    }
    let session = Session(store)
    var mismatches: [Mismatch] = []
    var lines = script.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    while let first = lines.first {
      guard first.hasPrefix(">") else {
        lines.removeFirst()
        continue
      }
      let number = lines.startIndex + 1
      var statement: [String] = []
      while let line = lines.first, line.hasPrefix(">") {
        statement.append(String(line.dropFirst().drop { $0 == " " }))
        lines.removeFirst()
      }
      var expected: [String] = []
      while let line = lines.first, !line.hasPrefix(">"), !line.hasPrefix("#") {
        expected.append(line)
        lines.removeFirst()
      }
      while expected.last?.isEmpty == true { expected.removeLast() }
      let text = statement.joined(separator: "\n")
      let found = outcome(of: text, in: session, showing: Set(expected.compactMap(\.first)))
      if !agrees(found, expected) {
        mismatches.append(Mismatch(line: number, statement: text, expected: expected, found: found))
      }
    }
    return mismatches
  }

  /// - Parameter marks: with which lines begin that are wanted besides rows.
  private static func outcome(
    of text: String, in session: Session, showing marks: Set<Character>
  ) -> [String] {
    let sink = Lines()
    do throws(UpkeepError) {
      let summaries = try session.execute(sql: text, into: sink)
      guard marks.contains("="), let last = summaries.last else { return sink.lines }
      let counts = last.counts.filter { $0.count > 0 }.map { "\($0.count) \($0.kind.rawValue)" }
      let rejects = marks.contains("~") ? last.rejects.map { "~ row \($0.number ?? 0): \($0.reason)" } : []
      let notices = marks.contains("*") ? last.notices.map { "* \($0)" } : []
      let displaced = marks.contains("%") ? last.displaced.map { "% \($0)" } : []
      return sink.lines + ["= \(counts.isEmpty ? "nothing" : counts.joined(separator: ", "))"] + rejects
        + notices + displaced
    } catch {
      return sink.lines + ["! \(error.message)"]
    }
  }

  private static func agrees(_ found: [String], _ expected: [String]) -> Bool {
    guard found.count == expected.count else { return false }
    return zip(found, expected).allSatisfy { found, expected in
      guard let mark = expected.first, ["!", "~", "*", "%"].contains(mark) else { return found == expected }
      return found.first == mark && found.contains(expected.dropFirst(2))
    }
  }
}

private final class Lines: RowSink {
  var lines: [String] = []

  func begin(columns: [String]) {}
  func row(_ values: [Value]) { lines.append(values.map(\.description).joined(separator: "|")) }
}
