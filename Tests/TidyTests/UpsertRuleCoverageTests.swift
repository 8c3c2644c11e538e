import Foundation
import Testing

/// Every rule of `Docs/UpsertRules.md` has a test that names it by `rule U-3.2`, in SQL scripts and in Swift, where the rule
/// says that it holds there. A name stands before what is expected of it.
@Suite struct UpsertRuleCoverageTests {
  private struct Rule {
    var number: String
    var doors: Set<String>
  }

  private static func rules() throws -> [Rule] {
    let page = try #require(ProjectFiles.documents.first { $0.path == "Docs/UpsertRules.md" })
    let pattern = try NSRegularExpression(pattern: #"^- \*\*(U-\d+\.\d+)\*\* \(([A-Za-z, ]+)\) \S"#)
    return page.lines.compactMap { line in
      let text = String(line)
      guard let match = pattern.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)),
        let number = Range(match.range(at: 1), in: text), let doors = Range(match.range(at: 2), in: text)
      else { return nil }
      return Rule(
        number: String(text[number]), doors: Set(text[doors].components(separatedBy: ", ")))
    }
  }

  /// The rules that a file names, each with whether something is expected between its name and the next other one.
  private static func named(in file: ProjectFiles.File, expects: (Substring) -> Bool) -> [(String, Bool)] {
    var found: [(String, Bool)] = []
    // Names that stand together have their expectation in common.
    var open: [Int] = []
    var isFresh = false
    for line in file.lines {
      let words = line.trimmingCharacters(in: .whitespaces).components(separatedBy: " ")
      if words.count == 3, words[0] == "#" || words[0] == "//", words[1] == "rule" {
        if !isFresh { open = [] }
        isFresh = true
        found.append((words[2], false))
        open.append(found.count - 1)
      } else if expects(line) {
        for index in open { found[index].1 = true }
        isFresh = false
      } else if !line.allSatisfy({ $0 == " " }) {
        isFresh = false
      }
    }
    return found
  }

  private static let scripts: [ProjectFiles.File] = ProjectFiles.files(
    in: ["Tests/UpkeepSQLTests/Scripts"], ending: ".sqltest")
  private static let suites = ProjectFiles.swift.filter { $0.path.hasPrefix("Tests/UpkeepTests/") }

  @Test func everyRuleHasItsTests() throws {
    let rules = try Self.rules()
    #expect(rules.count > 60)
    #expect(Set(rules.map(\.number)).count == rules.count, "a number stands twice")
    let page = try #require(ProjectFiles.documents.first { $0.path == "Docs/UpsertRules.md" })
    #expect(
      page.lines.count { $0.hasPrefix("- ") } == rules.count, "a line is no rule with a number and its doors")
    let inScripts = Self.scripts.flatMap { file in
      Self.named(in: file) { line in
        !line.isEmpty && !line.hasPrefix(">") && !line.hasPrefix("#")
      }
    }
    let inSuites = Self.suites.flatMap { file in Self.named(in: file) { $0.contains("#expect(") } }
    for (door, names) in [("SQL", inScripts), ("Swift", inSuites)] {
      let tested = Set(names.filter(\.1).map(\.0))
      let wanted = Set(rules.filter { $0.doors.contains(door) }.map(\.number))
      #expect(wanted.subtracting(tested).sorted() == [], "rules without a test in \(door)")
      #expect(
        tested.subtracting(rules.map(\.number)).sorted() == [], "tests in \(door) of rules that are none")
      #expect(names.filter { !$0.1 }.map(\.0) == [], "rules named in \(door) of which nothing is expected")
    }
    #expect(rules.allSatisfy { !$0.doors.isEmpty && $0.doors.isSubset(of: ["SQL", "Swift"]) })
  }
}
