import Upkeep

/// A tree as an SVG drawing: a strip a level, the root's first, and a cell a page, coloured by how full it is. Where a
/// level has very many pages, neighbours share a cell. What a cell stands for shows when a pointer rests on it.
struct TreeDrawing {
  /// Cells of a strip at most: what a browser still draws at once.
  static let mostCells = 4000

  /// Neighbouring pages that share a cell.
  fileprivate struct Cell {
    var pageCount = 0
    var usedBytes = 0
    var rowCount: UInt64 = 0
    var first = ""
    var last = ""
    var page: UInt64 = 0
  }

  private(set) var shape: TreeShape
  private let pageSize: Int
  /// For each level, the root's first, its cells from left to right.
  private let strips: [[Cell]]

  /// - Parameter mostCells: of a level.
  init(_ name: String, _ session: Session, mostCells: Int = mostCells) throws(UpkeepError) {
    let pageSize = try session.store.statistics().pageSize
    var levels: [Int: Strip] = [:]
    shape = try session.walkTree(of: name) { page, first, last in
      levels[page.level, default: Strip(most: mostCells)].add(
        Cell(
          pageCount: 1, usedBytes: page.usedBytes, rowCount: page.rowCount, first: first, last: last,
          page: page.id))
    }
    self.pageSize = pageSize
    strips = levels.sorted { $0.key > $1.key }.map(\.value.all)
  }

  /// The cells of a level as they come. When they are too many, twice as many pages share each from there on.
  private struct Strip {
    private let most: Int
    private var cells: [Cell] = []
    private var pagesPerCell = 1

    init(most: Int) { self.most = most }

    mutating func add(_ page: Cell) {
      if var last = cells.last, last.pageCount < pagesPerCell {
        last.take(page)
        cells[cells.count - 1] = last
        return
      }
      if cells.count >= most {
        pagesPerCell *= 2
        var merged: [Cell] = []
        for (place, cell) in cells.enumerated() {
          if place % 2 == 0 { merged.append(cell) } else { merged[merged.count - 1].take(cell) }
        }
        cells = merged
      }
      cells.append(page)
    }

    var all: [Cell] { cells }
  }

  // MARK: - The drawing

  private static let cellWidth = 8
  private static let cellHeight = 18
  private static let cellsPerRow = 120
  private static let margin = 20

  var svg: String {
    let width = Self.cellsPerRow * Self.cellWidth + 2 * Self.margin
    var y = 58
    var body = ""
    for (place, cells) in strips.enumerated() {
      let level = shape.survey.levels[place]
      let name = place == strips.count - 1 ? "leaves" : place == 0 ? "root" : "branches"
      let shared = cells.first.map { $0.pageCount } ?? 1
      let note = shared > 1 ? ", \(shared) to a cell" : ""
      let fill = Figures.percent(level.fill(pageSize: pageSize))
      body +=
        "<text x=\"\(Self.margin)\" y=\"\(y + 12)\">\(name): \(Figures.count(level.pageCount, "page"))\(note), \(fill) full</text>\n"
      y += 20
      for (number, cell) in cells.enumerated() {
        let x = Self.margin + number % Self.cellsPerRow * Self.cellWidth
        body += rectangle(cell, x, y + number / Self.cellsPerRow * (Self.cellHeight + 2))
      }
      y += ((cells.count + Self.cellsPerRow - 1) / Self.cellsPerRow) * (Self.cellHeight + 2) + 14
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(y + 10)" viewBox="0 0 \(width) \(y + 10)" \
      font-family="system-ui, sans-serif" font-size="12" fill="#222">
      <rect width="100%" height="100%" fill="#fff"/>
      <text x="\(Self.margin)" y="24" font-size="15" font-weight="bold">\(title)</text>
      \(legend(width))
      \(body)</svg>

      """
  }

  private var title: String {
    let survey = shape.survey
    let kind = shape.kind == .index ? "index \(shape.name) of \(shape.table)" : shape.name
    return Self.escaped(
      "\(kind): \(Figures.count(Int(clamping: survey.rowCount), "row")), \(Figures.count(survey.levels.count, "level")), "
        + "\(Figures.count(shape.pageCount, "page")), \(Figures.count(Int(clamping: survey.overflowPageCount), "overflow page"))"
    )
  }

  private func legend(_ width: Int) -> String {
    var text = "<text x=\"\(Self.margin)\" y=\"46\">empty</text>"
    for step in 0..<10 {
      let x = Self.margin + 44 + step * 14
      text +=
        "<rect x=\"\(x)\" y=\"35\" width=\"13\" height=\"13\" fill=\"\(Self.color(Double(step) / 9))\"/>"
    }
    return text + "<text x=\"\(Self.margin + 44 + 146)\" y=\"46\">full</text>"
  }

  private func rectangle(_ cell: Cell, _ x: Int, _ y: Int) -> String {
    let share = Double(cell.usedBytes) / (Double(pageSize) * Double(cell.pageCount))
    let pages = cell.pageCount == 1 ? "page \(cell.page)" : Figures.count(cell.pageCount, "page")
    let rows = Figures.count(Int(clamping: cell.rowCount), "row")
    let keys =
      cell.rowCount == 0
      ? "" : "\n\(CellText(cell.first).cut(to: 60).text) to \(CellText(cell.last).cut(to: 60).text)"
    let told = Self.escaped("\(pages): \(rows), \(Figures.percent(share)) full\(keys)")
    return "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(Self.cellWidth - 1)\" height=\"\(Self.cellHeight)\" "
      + "fill=\"\(Self.color(share))\"><title>\(told)</title></rect>\n"
  }

  /// From pale yellow over green to dark blue: also apart in grey and for those who do not tell red from green.
  private static func color(_ share: Double) -> String {
    let stops: [(Double, Double, Double)] = [(254, 240, 190), (122, 198, 160), (44, 127, 184), (12, 44, 110)]
    let place = min(max(share, 0), 1) * Double(stops.count - 1)
    let first = min(Int(place), stops.count - 2)
    let part = place - Double(first)
    let (a, b) = (stops[first], stops[first + 1])
    func mix(_ a: Double, _ b: Double) -> Int { Int((a + (b - a) * part).rounded()) }
    return "rgb(\(mix(a.0, b.0)),\(mix(a.1, b.1)),\(mix(a.2, b.2)))"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      // XML has no other control characters.
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension TreeDrawing.Cell {
  /// Takes the pages of the cell to the right in.
  fileprivate mutating func take(_ other: TreeDrawing.Cell) {
    if rowCount == 0 { first = other.first }
    if other.rowCount > 0 { last = other.last }
    pageCount += other.pageCount
    usedBytes += other.usedBytes
    rowCount += other.rowCount
  }
}
