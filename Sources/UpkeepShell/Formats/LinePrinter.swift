import Upkeep

/// A line a column, `name = value`, and an empty line between rows: for rows too wide for a table.
final class LinePrinter: ResultPrinter {
  private let output: Output
  private let null: String
  private let mostRows: Int?
  private var names: [String] = []
  private var rowCount = 0

  init(_ output: Output, _ style: ResultStyle) {
    self.output = output
    null = style.null ?? "NULL"
    mostRows = style.mostRows
  }

  func begin(_ columns: [String]) {
    let cells = columns.map { CellText($0) }
    let width = cells.map(\.width).max() ?? 0
    names = cells.map { String(repeating: " ", count: width - $0.width) + $0.text }
  }

  func row(_ values: [Value]) {
    rowCount += 1
    if let mostRows, rowCount > mostRows { return }
    if rowCount > 1 { output.write("\n") }
    for (name, value) in zip(names, values) {
      let cell = CellText(value, null: null)
      let text = cell.isNull ? output.paint(cell.text, .dim) : cell.text
      output.write("\(output.paint(name, .bold)) = \(text)\n")
    }
  }

  func end(failed: Bool) {
    guard let mostRows, rowCount > mostRows else { return }
    output.write("\n… \(Figures.count(rowCount - mostRows, "more row"))\n")
  }
}
