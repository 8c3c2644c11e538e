import Foundation

/// The files of the project, read once.
enum ProjectFiles {
  struct File: Sendable {
    /// From the project's folder: `Sources/Upkeep/Store/Store.swift`.
    var path: String
    var lines: [Substring]

    var text: String { lines.joined(separator: "\n") }
  }

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let swift =
    files(in: ["Sources", "Tests", "Benchmarks"], ending: ".swift") + files(at: ["Package.swift"])
  static let sources = swift.filter { $0.path.hasPrefix("Sources/") }
  static let documents = files(in: ["Docs"], ending: ".md") + files(at: ["README.md"])
  static let scripts = files(in: [".ci"], ending: "") + files(at: ["Makefile"])

  static func files(in folders: [String], ending: String) -> [File] {
    var paths: [String] = []
    for folder in folders {
      let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
      while let name = names?.nextObject() as? String {
        let path = "\(folder)/\(name)"
        if !path.contains("/.build") && path.hasSuffix(ending) { paths.append(path) }
      }
    }
    return files(at: paths.sorted())
  }

  private static func files(at paths: [String]) -> [File] {
    paths.compactMap { path in
      guard let data = try? Data(contentsOf: root.appendingPathComponent(path)),
        let text = String(data: data, encoding: .utf8)
      else { return nil }
      return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }

  /// Where a pattern occurs, as `path:line: text`; comments are not looked at unless asked for.
  static func matches(_ pattern: String, in files: [File], withComments: Bool = false) -> [String] {
    guard let expression = try? NSRegularExpression(pattern: pattern) else {
      return ["bad pattern \(pattern)"]
    }
    var found: [String] = []
    for file in files {
      for (index, line) in file.lines.enumerated() {
        let text = withComments ? String(line) : code(of: line)
        let range = NSRange(text.startIndex..., in: text)
        if expression.firstMatch(in: text, range: range) != nil {
          found.append("\(file.path):\(index + 1): \(line)")
        }
      }
    }
    return found
  }

  /// A line without its comment, if that begins the line or follows blanks.
  static func code(of line: Substring) -> String {
    guard let comment = line.range(of: "//") else { return String(line) }
    if line[..<comment.lowerBound].allSatisfy({ $0 == " " }) { return "" }
    guard let comment = line.range(of: " // ") else { return String(line) }
    return String(line[..<comment.lowerBound])
  }
}
