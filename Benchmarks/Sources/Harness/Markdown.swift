extension Results {
  /// The figures as a table of Markdown: medians with least and most, ratios with what they are to be, and footnotes.
  public func markdown() -> String {
    var notes: [String] = []
    func mark(_ reason: String) -> String {
      let number = notes.firstIndex(of: reason) ?? notes.count
      if number == notes.count { notes.append(reason) }
      return "- [\(number + 1)]"
    }
    let heads = ["row"] + names + ["vs \(main)", "aim", "vs best of \(peers.joined(separator: ", "))", "aim"]
    var lines = ["| \(heads.joined(separator: " | ")) |"]
    lines.append("|---|" + heads.dropFirst().map { _ in "---:" }.joined(separator: "|") + "|")
    var isAnyNoisy = false
    for row in rows {
      var isNoisy = false
      let cells = names.map { name -> String in
        guard let figure = measurement(row, name) else {
          return reason(row, name).map { $0.isEmpty ? "" : mark($0) } ?? ""
        }
        if figure.isNoisy { isNoisy = true }
        guard figure.rounds.count > 1 else { return row.text(figure.median) }
        return "\(row.text(figure.median)) (\(row.text(figure.least)) to \(row.text(figure.most)))"
      }
      isAnyNoisy = isAnyNoisy || isNoisy
      let ratios = [
        Self.text(ratio(row)), Self.text(row.aim), Self.text(peerRatio(row)), Self.text(row.peerAim),
      ]
      lines.append("| \(row.title)\(isNoisy ? " ~" : "") | \((cells + ratios).joined(separator: " | ")) |")
    }
    if isAnyNoisy || !notes.isEmpty { lines.append("") }
    if isAnyNoisy {
      lines.append("~ : an engine's rounds lie apart by more than a third of their median.")
      lines.append("")
    }
    for (number, note) in notes.enumerated() { lines.append("[\(number + 1)] \(note)\n") }
    return lines.joined(separator: "\n")
  }

  static func text(_ ratio: Double?) -> String { ratio.map { digits($0) + "x" } ?? "" }
}
