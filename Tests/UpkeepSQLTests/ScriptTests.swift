import Foundation
import Testing

/// A statement would do something else than its script in `Scripts` says.
@Suite struct ScriptTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Scripts")

  static let names: [String] = {
    let files = try? FileManager.default.subpathsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasSuffix(".sqltest") }.sorted()
  }()

  @Test(arguments: names)
  func script(_ name: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    for mismatch in try ScriptRunner.run(text) { Issue.record("\(name), \(mismatch)") }
  }

  /// The same, where whatever a statement remembers of its rows leaves memory after each of them.
  @Test(arguments: names)
  func scriptThatSpills(_ name: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    for mismatch in try ScriptRunner.run(text, spillsAt: 0) { Issue.record("\(name), \(mismatch)") }
  }

  /// The examples of a guide are one session; what a reader types does what stands below it.
  @Test(arguments: ["Upserts.md", "SQL.md"])
  func examplesOfTheGuides(_ name: String) throws {
    let guide = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Docs/\(name)").standardizedFileURL
    let text = try String(contentsOf: guide, encoding: .utf8)
    let examples = text.components(separatedBy: "```sql-session\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    #expect(examples.count >= 7)
    for mismatch in try ScriptRunner.run(examples.joined(separator: "\n")) {
      Issue.record("\(name), \(mismatch)")
    }
  }

  /// A runner that found nothing wrong anywhere would pass every script.
  @Test func theRunnerFindsWhatIsWrong() throws {
    #expect(Self.names.count >= 8)
    #expect(try ScriptRunner.run("> SELECT 1\n2\n").count == 1)
    #expect(try ScriptRunner.run("> SELECT 1\n").count == 1)
    #expect(try ScriptRunner.run("> SELECT a\n! something else\n").count == 1)
    #expect(try ScriptRunner.run("> SELECT 1\n1\n\n> SELECT a\n! column\n").isEmpty)
  }
}
