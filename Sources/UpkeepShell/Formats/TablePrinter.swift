import Upkeep

/// Columns of one width under a header, numbers to the right, in one of several frames.
///
/// Widths come from the first rows, which are kept until there are enough of them. In a window a wider value further
/// down is cut, elsewhere it pushes its row out and nothing else.
final class TablePrinter: ResultPrinter {
  /// What stands around and between cells.
  enum Frame {
    /// Bars between columns, a line under the header.
    case plain
    /// Lines all around.
    case box
    case markdown

    /// What a column takes besides its cells, and the whole besides its columns.
    fileprivate var between: Int { 3 }
    fileprivate var around: Int { self == .plain ? -3 : 1 }
  }

  private static let measuredRowCount = 2000

  private let output: Output
  private let frame: Frame
  private let style: ResultStyle
  private let showsHeader: Bool
  private let null: String
  private let window: Int?
  private var columns: [CellText] = []
  private var layout = ColumnLayout(natural: [], most: nil, between: 0, frame: 0)
  private var alignsRight: [Bool] = []
  private var kept: [[CellText]] = []
  private var hasBegun = false
  private var rowCount = 0

  init(_ output: Output, _ frame: Frame, _ style: ResultStyle) {
    self.output = output
    self.frame = frame
    self.style = style
    showsHeader = style.header ?? true
    null = style.null ?? "NULL"
    window = frame == .markdown ? nil : output.window?.columns
  }

  func begin(_ columns: [String]) { self.columns = columns.map { cell($0) } }

  func row(_ values: [Value]) {
    rowCount += 1
    if let most = style.mostRows, rowCount > most { return }
    let cells = values.map { value in
      var cell = CellText(value, null: null)
      if frame == .markdown { cell = escaped(cell) }
      return cell
    }
    if hasBegun { return write(cells) }
    kept.append(cells)
    if kept.count == Self.measuredRowCount { beginWriting() }
  }

  func end(failed: Bool) {
    // Of a statement that failed before its first row there is nothing to show.
    if failed && !hasBegun && kept.isEmpty { return }
    if !hasBegun { beginWriting() }
    if frame == .box { writeLine("└", "┴", "┘") }
    if let most = style.mostRows, rowCount > most {
      output.write("… \(Figures.count(rowCount - most, "more row"))\n")
    }
    let left = columns.count - layout.shown.count { $0 != nil }
    if left > 0 {
      output.write("… \(left) of \(columns.count) columns do not fit; .format line shows all\n")
    }
  }

  private func cell(_ name: String) -> CellText {
    frame == .markdown ? escaped(CellText(name)) : CellText(name)
  }

  private func escaped(_ cell: CellText) -> CellText {
    guard cell.text.contains("|") else { return cell }
    var escaped = cell
    escaped.text = cell.text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    escaped.width = DisplayWidth.of(escaped.text)
    return escaped
  }

  // MARK: - Layout

  private func beginWriting() {
    hasBegun = true
    var natural = columns.map { showsHeader ? $0.width : 0 }
    var hasNumber = columns.map { _ in false }
    alignsRight = columns.map { _ in true }
    for row in kept {
      for (column, cell) in row.enumerated() where column < natural.count {
        natural[column] = max(natural[column], cell.width)
        if cell.isNumber { hasNumber[column] = true } else if !cell.isNull { alignsRight[column] = false }
      }
    }
    if frame == .markdown { natural = natural.map { max($0, 3) } }
    for column in columns.indices {
      if !hasNumber[column] { alignsRight[column] = false }
      if column < style.widths.count, style.widths[column] < 0 { alignsRight[column] = true }
    }
    layout = ColumnLayout(
      natural: natural, told: style.widths, most: window, between: frame.between, frame: frame.around)
    if frame == .box { writeLine("┌", "┬", "┐") }
    if showsHeader || frame == .markdown {
      write(showsHeader ? columns : columns.map { _ in CellText("") }, isHeader: true)
      switch frame {
      case .plain: output.write(dim(layout.widths.map { line("-", $0) }.joined(separator: "-+-")) + "\n")
      case .box: writeLine("├", "┼", "┤")
      case .markdown: writeMarkdownLine()
      }
    }
    for row in kept { write(row) }
    kept = []
  }

  private func line(_ sign: Character, _ count: Int) -> String { String(repeating: sign, count: count) }

  private func dim(_ text: String) -> String { output.paint(text, .dim) }

  private func writeLine(_ left: String, _ middle: String, _ right: String) {
    let lines = layout.widths.map { line("─", $0 + 2) }
    output.write(dim(left + lines.joined(separator: middle) + right) + "\n")
  }

  private func writeMarkdownLine() {
    let marks = zip(layout.shown, layout.widths).map { column, width in
      let isRight = column.map { alignsRight[$0] } ?? false
      return isRight ? line("-", width + 1) + ":" : line("-", width + 2)
    }
    output.write("|" + marks.joined(separator: "|") + "|\n")
  }

  // MARK: - Rows

  private func write(_ cells: [CellText], isHeader: Bool = false) {
    let bar = frame == .markdown ? "|" : dim(frame == .box ? "│" : "|")
    if frame != .plain { output.write(bar + " ") }
    for (place, (column, width)) in zip(layout.shown, layout.widths).enumerated() {
      if place > 0 { output.write(" \(bar) ") }
      let isLast = place == layout.shown.count - 1
      guard let column, column < cells.count else {
        output.write("…")
        continue
      }
      let isCut = window != nil || column < style.widths.count && style.widths[column] != 0
      let cell = isCut ? cells[column].cut(to: width) : cells[column]
      write(cell, in: width, toRight: alignsRight[column], isHeader, padsEnd: !isLast || frame != .plain)
    }
    output.write(frame == .plain ? "\n" : " \(bar)\n")
  }

  private func write(_ cell: CellText, in width: Int, toRight: Bool, _ isHeader: Bool, padsEnd: Bool) {
    let padding = String(repeating: " ", count: max(0, width - cell.width))
    if toRight { output.write(padding) }
    if isHeader {
      output.write(output.paint(cell.text, .bold))
    } else {
      output.write(cell.isNull ? dim(cell.text) : cell.text)
    }
    if !toRight && padsEnd { output.write(padding) }
  }
}
