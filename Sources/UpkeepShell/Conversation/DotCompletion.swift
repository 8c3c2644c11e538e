import Upkeep

/// Completes dot commands: their names, then what their usage says can follow.
struct DotCompletion {
  var tables: [Completer.Table]
  /// Completes a statement.
  var statement: (String) -> LineEditor.Completion

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
    let kinds = command.arguments.split(separator: " ").map { $0.trimmed { $0 == "[" || $0 == "]" } }
    let rest = String(line[blank...].drop { $0 == " " || $0 == "\t" })
    if kinds.first == "STATEMENT" { return statement(rest) }
    if kinds.last == "OPTIONS", place >= 2 || typed.hasPrefix("-") {
      return option(typed, after: arguments.dropLast(isBetween ? 0 : 1).map(String.init))
    }
    if kinds.last == "TABLE|QUERY", place >= 2 {
      return statement(String(rest.drop { $0 != " " && $0 != "\t" }))
    }
    guard place >= 0, place < kinds.count else { return LineEditor.Completion() }
    if kinds[place] == "FILE" { return Self.files(typed) }
    let found = candidates(kinds[place]).filter { Completer.begins($0, with: typed) }
    return LineEditor.Completion(length: typed.count, candidates: found)
  }

  /// What can follow `.import` and its like behind file and table: an option, or the value of the one before.
  private func option(_ typed: String, after words: [String]) -> LineEditor.Completion {
    let table = words.count > 1 ? tables.first { Names.equal($0.name, words[1]) } : nil
    let values: [String: [String]] = [
      "--mode": FeedOptions.Mode.allCases.map(\.rawValue), "--as": FeedFormat.allCases.map(\.rawValue),
      "--on-ambiguity": AmbiguityWord.allCases.map(\.rawValue),
      "--duplicates": DuplicatesWord.allCases.map(\.rawValue), "--on": table?.indexes ?? [],
      "--key": table?.columns ?? [], "--columns": table?.columns ?? [], "--null": [], "--map": [],
      "--reject-limit": [], "--separator": [],
    ]
    guard let before = words.last, before == "--rejects" || values[before] != nil else {
      let options = values.keys + ["--rejects", "--create", "--dry-run"]
      let left = options.filter { $0 == "--map" || !words.contains($0) }.sorted()
      return LineEditor.Completion(length: typed.count, candidates: left.filter { $0.hasPrefix(typed) })
    }
    if before == "--rejects" { return Self.files(typed) }
    // Of a list the last name is completed.
    let part =
      ["--key", "--columns"].contains(before)
      ? typed.split(separator: ",", omittingEmptySubsequences: false).last : nil
    let last = part.map(String.init) ?? typed
    let found = (values[before] ?? []).filter { Completer.begins($0, with: last) }
    return LineEditor.Completion(length: last.count, candidates: found)
  }

  /// Names as words: in quotes, where a blank would part them.
  private func names(_ names: [String]) -> [String] {
    names.map { $0.contains(" ") ? "\"\($0)\"" : $0 }
  }

  private func candidates(_ kind: String) -> [String] {
    switch kind {
    case "PATTERN": names(tables.map(\.name))
    case let words where words.hasPrefix("TABLE"): names(tables.map(\.name))
    case "NAME": names(tables.map(\.name) + tables.flatMap(\.indexes))
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
    let path = folder.isEmpty ? "." : System.expanded(folder)
    let names = System.names(in: path)
    let found = names.filter { $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix(".")) }.sorted()
    let candidates = found.map { name in
      let isFolder = System.isFolder(path + "/" + name)
      let path = folder + name + (isFolder ? "/" : "")
      guard isQuoted || path.contains(" ") else { return path }
      return "'" + path + (isFolder ? "" : "'")
    }
    return LineEditor.Completion(length: typed.count, candidates: candidates)
  }
}
