#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A bar chart of ratios on a logarithmic scale, as SVG. Bars begin at 1: to the right the first contender is
/// better, to the left worse. A thin mark shows where it is to be.
public struct Plot {
  private static let left = 430.0
  private static let width = 440.0
  private static let lineHeight = 20.0
  private static let head = 56.0

  private let title: String
  private let bars: [(label: String, ratio: Double, aim: Double?)]

  /// A chart of the rows that have a ratio: to the main peer, or to the best of the others.
  public init(_ results: Results, title: String, againstPeers: Bool) {
    self.title = title
    bars = results.rows.compactMap { row in
      guard let ratio = againstPeers ? results.peerRatio(row) : results.ratio(row) else { return nil }
      return (row.title, ratio, againstPeers ? row.peerAim : row.aim)
    }
  }

  /// The chart.
  public func svg() -> String {
    let all = bars.map(\.ratio) + bars.compactMap(\.aim)
    var low = -1
    var high = 1
    while all.contains(where: { $0 < Self.power(low) }), low > -6 { low -= 1 }
    while all.contains(where: { $0 > Self.power(high) }), high < 6 { high += 1 }
    func x(_ ratio: Double) -> Double {
      let exponent = min(max(Self.exponent(ratio), Double(low)), Double(high))
      return Self.left + (exponent - Double(low)) / Double(high - low) * Self.width
    }
    let bottom = Self.head + Double(bars.count) * Self.lineHeight
    var parts = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"940\" height=\"\(Int(bottom + 30))\" "
        + "font-family=\"sans-serif\" font-size=\"11.5\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      "<text x=\"12\" y=\"22\" font-size=\"15\">\(Self.escaped(title))</text>",
    ]
    for exponent in low...high {
      let place = x(Self.power(exponent))
      let color = exponent == 0 ? "#444" : "#ddd"
      parts.append(
        "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(Self.head - 6)\" y2=\"\(bottom)\" stroke=\"\(color)\"/>"
      )
      let label = exponent < 0 ? "1/\(digits(Self.power(-exponent)))" : digits(Self.power(exponent))
      parts.append(
        "<text x=\"\(place)\" y=\"\(Self.head - 12)\" text-anchor=\"middle\" fill=\"#666\">\(label)x</text>")
    }
    for (number, bar) in bars.enumerated() {
      let y = Self.head + Double(number) * Self.lineHeight
      let (from, to) = (min(x(1), x(bar.ratio)), max(x(1), x(bar.ratio)))
      parts.append(
        "<text x=\"\(Self.left - 8)\" y=\"\(y + 13)\" text-anchor=\"end\">\(Self.escaped(bar.label))</text>")
      parts.append(
        "<rect x=\"\(from)\" y=\"\(y + 3)\" width=\"\(max(to - from, 1))\" height=\"12\" "
          + "fill=\"\(bar.ratio >= 1 ? "#3b7dd8" : "#d8743b")\"/>")
      if let aim = bar.aim {
        parts.append(
          "<line x1=\"\(x(aim))\" x2=\"\(x(aim))\" y1=\"\(y + 1)\" y2=\"\(y + 17)\" stroke=\"black\" "
            + "stroke-width=\"2\"/>")
      }
      parts.append(
        "<text x=\"\(Self.left + Self.width + 12)\" y=\"\(y + 13)\" fill=\"#222\">\(digits(bar.ratio))</text>"
      )
    }
    parts.append(
      "<text x=\"12\" y=\"\(bottom + 20)\" fill=\"#666\">black marks: what was aimed at</text></svg>")
    return parts.joined(separator: "\n") + "\n"
  }

  private static func power(_ exponent: Int) -> Double {
    (0..<abs(exponent)).reduce(1) { value, _ in exponent < 0 ? value / 10 : value * 10 }
  }

  /// The logarithm to base 10.
  private static func exponent(_ ratio: Double) -> Double { log10(ratio) }

  private static func escaped(_ text: String) -> String {
    text.map { $0 == "<" ? "&lt;" : $0 == "&" ? "&amp;" : "\($0)" }.joined()
  }
}
