import Upkeep

/// Windows.
extension SQLPrinter {
  static func window(_ window: WindowDefinition) -> String {
    var parts: [String] = []
    if let base = window.base { parts.append(name(base)) }
    if !window.partition.isEmpty {
      parts.append("PARTITION BY " + window.partition.map(expression).joined(separator: ", "))
    }
    if !window.order.isEmpty { parts.append("ORDER BY " + orderTerms(window.order)) }
    if let frame = window.frame { parts.append(self.frame(frame)) }
    return "(\(parts.joined(separator: " ")))"
  }

  private static func frame(_ frame: WindowFrame) -> String {
    let unit =
      switch frame.unit {
      case .rows: "ROWS"
      case .range: "RANGE"
      case .groups: "GROUPS"
      }
    let exclusion =
      switch frame.exclusion {
      case .nothing: ""
      case .currentRow: " EXCLUDE CURRENT ROW"
      case .group: " EXCLUDE GROUP"
      case .ties: " EXCLUDE TIES"
      }
    return "\(unit) BETWEEN \(bound(frame.start)) AND \(bound(frame.end))\(exclusion)"
  }

  private static func bound(_ bound: FrameBound) -> String {
    switch bound {
    case .unboundedPreceding: "UNBOUNDED PRECEDING"
    case .preceding(let distance): "(\(expression(distance))) PRECEDING"
    case .currentRow: "CURRENT ROW"
    case .following(let distance): "(\(expression(distance))) FOLLOWING"
    case .unboundedFollowing: "UNBOUNDED FOLLOWING"
    }
  }
}
