import Upkeep

/// A tree as text: its levels, then its pages from the root down, as far as they are few.
struct TreeText {
  static let mostPages = 40

  let shape: TreeShape
  private let pageSize: Int
  private let lines: [String]

  init(_ name: String, _ session: Session) throws(UpkeepError) {
    let pageSize = try session.store.statistics().pageSize
    // A branch comes after what is below it: lines wait here until their parent has come.
    var waiting: [Int: [[String]]] = [:]
    var pageCount = 0
    shape = try session.walkTree(of: name) { page, first, last in
      pageCount += 1
      guard pageCount <= Self.mostPages else { return }
      let what =
        page.level == 0
        ? Figures.count(page.entryCount, "row")
        : "\(page.entryCount) children, \(Figures.grouped(Int(clamping: page.rowCount))) rows"
      let share = Figures.percent(Double(page.usedBytes) / Double(pageSize))
      let keys = page.rowCount == 0 ? "" : ", \(Self.short(first)) to \(Self.short(last))"
      let own = "page \(page.id): \(what), \(share) full\(keys)"
      let below = page.level == 0 ? [] : waiting.removeValue(forKey: page.level - 1) ?? []
      waiting[page.level, default: []].append([own] + below.joined().map { "  " + $0 })
    }
    self.pageSize = pageSize
    lines = pageCount > Self.mostPages ? [] : (waiting[shape.survey.levels.count - 1] ?? []).flatMap { $0 }
  }

  var text: String {
    let survey = shape.survey
    let kind = shape.kind == .index ? "index \(shape.name) of \(shape.table)" : "table \(shape.name)"
    var text =
      "\(kind): \(Figures.count(Int(clamping: survey.rowCount), "row")), \(Figures.count(survey.levels.count, "level")), "
      + "\(Figures.count(shape.pageCount, "page")), \(Figures.count(Int(clamping: survey.overflowPageCount), "overflow page"))\n"
    for (place, level) in survey.levels.enumerated() {
      let name = place == survey.levels.count - 1 ? "leaves" : place == 0 ? "root" : "branches"
      let share = level.fill(pageSize: pageSize)
      let blanks = String(repeating: " ", count: 10 - name.count)
      text +=
        "  \(name)\(blanks)\(Figures.bar(share, cells: 20)) \(Figures.percent(share)) of \(Figures.count(level.pageCount, "page"))\n"
    }
    if lines.isEmpty && shape.pageCount > Self.mostPages {
      text += "too many pages to list; upkeep draw shows them all\n"
    }
    return text + lines.map { $0 + "\n" }.joined()
  }

  private static func short(_ key: String) -> String {
    CellText(key).cut(to: 24).text
  }
}
