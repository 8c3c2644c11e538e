extension Comparison {
  private static func time(_ nanoseconds: Double) -> String {
    func digits(_ x: Double) -> String {
      let tenths = (x * (x < 100 ? 10 : 1)).rounded() / (x < 100 ? 10 : 1)
      return x < 100 ? "\(tenths)" : "\(Int(tenths))"
    }
    if nanoseconds < 1000 { return "\(digits(nanoseconds)) ns" }
    if nanoseconds < 1e6 { return "\(digits(nanoseconds / 1e3)) µs" }
    return "\(digits(nanoseconds / 1e6)) ms"
  }

  /// The figures as a table of Markdown: medians with least and most, and the first contender's ratio to each other one.
  public func markdown() -> String {
    guard let first = names.first else { return "" }
    var lines = ["| workload | " + names.joined(separator: " | ") + " | ratio |"]
    lines.append("|---|" + names.map { _ in "---:" }.joined(separator: "|") + "|---:|")
    for workload in Workload.allCases {
      guard let row = figures[workload], let own = row[first] else { continue }
      let cells = names.map { name -> String in
        guard let figure = row[name] else { return "" }
        return "\(Self.time(figure.median)) (\(Self.time(figure.least)) to \(Self.time(figure.most)))"
      }
      let ratios = names.dropFirst().map { name -> String in
        guard let other = row[name], own.median > 0 else { return "" }
        let ratio = other.median / own.median
        let rounded = ratio < 100 ? "\((ratio * 10).rounded() / 10)" : "\(Int(ratio))"
        return rounded + "x"
      }
      lines.append(
        "| \(workload.rawValue) | \(cells.joined(separator: " | ")) | \(ratios.joined(separator: ", ")) |")
    }
    let bytes = names.map { "\(((Double(sizes[$0] ?? 0) / 1e5).rounded()) / 10) MB" }
    let ratio = names.dropFirst().map { name in
      "\((Double(sizes[name] ?? 0) / Double(max(sizes[first] ?? 1, 1)) * 100).rounded() / 100)x"
    }
    lines.append(
      "| file size after close | \(bytes.joined(separator: " | ")) | \(ratio.joined(separator: ", ")) |")
    return lines.joined(separator: "\n")
  }

  /// The figures as JSON: nanoseconds an operation, every round.
  public func json(settings: [String: String]) -> String {
    func quoted(_ text: String) -> String {
      "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }
    let head = settings.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }
    let rows = Workload.allCases.compactMap { workload -> String? in
      guard let row = figures[workload] else { return nil }
      let cells = names.compactMap { name in
        row[name].map {
          "\(quoted(name)): [\($0.rounds.map { "\(($0 * 10).rounded() / 10)" }.joined(separator: ", "))]"
        }
      }
      return "    \(quoted(workload.rawValue)): {\(cells.joined(separator: ", "))}"
    }
    let bytes = names.map { "\(quoted($0)): \(sizes[$0] ?? 0)" }
    return """
      {
        "settings": {\(head.joined(separator: ", "))},
        "nanosecondsPerOperation": {
      \(rows.joined(separator: ",\n"))
        },
        "bytesAfterClose": {\(bytes.joined(separator: ", "))}
      }
      """
  }
}
