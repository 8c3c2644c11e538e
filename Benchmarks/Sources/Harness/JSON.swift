extension Results {
  /// The figures as JSON: every round of every row.
  public func json(settings: [String: String]) -> String {
    let head = settings.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }
    let lines = rows.map { row -> String in
      let cells = names.compactMap { name in
        measurement(row, name).map { figure in
          "\(quoted(name)): [\(figure.rounds.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: ", "))]"
        }
      }
      var parts = ["\"row\": \(quoted(row.title))", "\"unit\": \(quoted(row.unit.rawValue))"]
      if let ratio = ratio(row) { parts.append("\"ratio\": \(ratio)") }
      if let ratio = peerRatio(row) { parts.append("\"peerRatio\": \(ratio)") }
      parts.append("\"rounds\": {\(cells.joined(separator: ", "))}")
      return "    {\(parts.joined(separator: ", "))}"
    }
    return """
      {
        "settings": {\(head.joined(separator: ", "))},
        "rows": [
      \(lines.joined(separator: ",\n"))
        ]
      }

      """
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for character in text.unicodeScalars {
      switch character {
      case "\"", "\\": result += "\\\(character)"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(character)
      }
    }
    return result + "\""
  }
}
