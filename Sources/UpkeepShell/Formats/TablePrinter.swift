import Upkeep

/// Columns of one width under a header, numbers to the right.
///
/// Widths come from the first rows, which are kept until there are enough of them; a wider value further
/// down pushes its row out and nothing else.
final class TablePrinter: ResultPrinter {
  private static let measuredRowCount = 2000

  private let output: Output
  private let showsHeader: Bool
  private let null: String
  private var columns: [String] = []
  private var widths: [Int] = []
  private var alignsRight: [Bool] = []
  private var kept: [[Cell]] = []
  private var hasBegun = false

  private struct Cell {
    var text: String
    var width: Int
    var isNumber: Bool
    var isNull: Bool
  }

  init(_ output: Output, showsHeader: Bool, null: String) {
    self.output = output
    self.showsHeader = showsHeader
    self.null = null
  }

  func begin(_ columns: [String]) { self.columns = columns.map(Self.visible) }

  func row(_ values: [Value]) {
    let cells = values.map(cell)
    if hasBegun { return write(cells) }
    kept.append(cells)
    if kept.count == Self.measuredRowCount { beginWriting() }
  }

  func end() {
    if !hasBegun { beginWriting() }
  }

  private func cell(_ value: Value) -> Cell {
    switch value {
    case .null: return Cell(text: null, width: DisplayWidth.of(null), isNumber: false, isNull: true)
    case .integer, .real:
      let text = value.description
      return Cell(text: text, width: text.utf8.count, isNumber: true, isNull: false)
    default:
      let text = Self.visible(value.description)
      return Cell(text: text, width: DisplayWidth.of(text), isNumber: false, isNull: false)
    }
  }

  /// Control characters as escapes, so that a row stays on its line and the terminal as it is.
  private static func visible(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 10: result += "\\n"
      case 13: result += "\\r"
      case 9: result += "\\t"
      case 0..<0x20, 0x7F..<0xA0: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private func beginWriting() {
    hasBegun = true
    widths = columns.map { showsHeader ? DisplayWidth.of($0) : 0 }
    alignsRight = columns.map { _ in true }
    var hasNumber = columns.map { _ in false }
    for row in kept {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], cell.width)
        if cell.isNumber { hasNumber[column] = true } else if !cell.isNull { alignsRight[column] = false }
      }
    }
    for column in columns.indices where !hasNumber[column] { alignsRight[column] = false }
    if showsHeader {
      write(columns.map { Cell(text: $0, width: DisplayWidth.of($0), isNumber: false, isNull: false) })
      output.write(widths.map { String(repeating: "-", count: $0) }.joined(separator: "-+-") + "\n")
    }
    for row in kept { write(row) }
    kept = []
  }

  private func write(_ cells: [Cell]) {
    for (column, cell) in cells.enumerated() {
      if column > 0 { output.write(" | ") }
      let padding = String(repeating: " ", count: max(0, widths[column] - cell.width))
      if alignsRight[column] {
        output.write(padding)
        output.write(cell.text)
      } else {
        output.write(cell.text)
        if column < cells.count - 1 { output.write(padding) }
      }
    }
    output.write(UInt8(ascii: "\n"))
  }
}
