import Foundation
import Upkeep

/// Completes dot commands: their names, then what their usage says can follow.
struct DotCompletion {
  var tables: [Completer.Table]

  func completion(_ line: Substring) -> LineEditor.Completion {
    guard let blank = line.firstIndex(where: { $0 == " " || $0 == "\t" }) else {
      let names = DotCommand.all.flatMap(\.names).filter { $0.hasPrefix(line) }.sorted()
      return LineEditor.Completion(length: line.count, candidates: names)
    }
    guard let command = DotCommand.all.first(where: { $0.names.contains(String(line[..<blank])) }) else {
      return LineEditor.Completion()
    }
    let arguments = line[blank...].split(omittingEmptySubsequences: true) { $0 == " " || $0 == "\t" }
    let isBetween = line.last == " " || line.last == "\t"
    var typed = isBetween ? "" : String(arguments.last ?? "")
    var place = arguments.count - (isBetween ? 0 : 1)
    if let quote = line.lastIndex(of: "'"), line.filter({ $0 == "'" }).count % 2 == 1 {
      // A word in quotes may have blanks in it.
      typed = String(line[quote...])
      place = line[blank..<quote].split { $0 == " " || $0 == "\t" }.count
    }
    let kinds = command.arguments.split(separator: " ").map { $0.trimmingCharacters(in: ["[", "]"]) }
    guard place >= 0, place < kinds.count else { return LineEditor.Completion() }
    if kinds[place] == "FILE" { return Self.files(typed) }
    let found = candidates(kinds[place]).filter { Completer.begins($0, with: typed) }
    return LineEditor.Completion(length: typed.count, candidates: found)
  }

  private func candidates(_ kind: String) -> [String] {
    switch kind {
    case "PATTERN": tables.map(\.name)
    case let words where words.hasPrefix("TABLE"): tables.map(\.name)
    case "NAME": tables.map(\.name) + tables.flatMap(\.indexes)
    case "FORMAT": ResultFormat.allCases.map(\.rawValue)
    case "COMMAND": DotCommand.all.map { $0.names[0] }
    case let words where words.contains("|"): words.split(separator: "|").map(String.init)
    default: []
    }
  }

  /// The files that a path can become; folders with a slash behind them, and paths with blanks in quotes.
  static func files(_ typed: String) -> LineEditor.Completion {
    let isQuoted = typed.hasPrefix("'")
    let bare = isQuoted ? String(typed.dropFirst()) : typed
    let slash = bare.lastIndex(of: "/")
    let folder = slash.map { String(bare[...$0]) } ?? ""
    let start = slash.map { String(bare[$0...].dropFirst()) } ?? bare
    let path = folder.isEmpty ? "." : (folder as NSString).expandingTildeInPath
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let found = names.filter { $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix(".")) }.sorted()
    let candidates = found.map { name in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      let path = folder + name + (isFolder.boolValue ? "/" : "")
      guard isQuoted || path.contains(" ") else { return path }
      return "'" + path + (isFolder.boolValue ? "" : "'")
    }
    return LineEditor.Completion(length: typed.count, candidates: candidates)
  }
}
