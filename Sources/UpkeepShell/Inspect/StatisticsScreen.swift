import Upkeep

/// What a database holds and takes up, on one screen.
struct StatisticsScreen {
  /// Leaves that are looked at to see how full they are.
  static let mostLeaves = 256
  /// Trees that are shown; what is left of them is one line.
  static let mostTrees = 16

  /// What the database is called; nil in memory.
  var path: String?
  var store: StoreStatistics
  var shapes: [TreeShape]

  init(_ path: String?, _ session: Session) throws(UpkeepError) {
    self.path = path
    store = try session.store.statistics()
    shapes = try session.shapes(mostLeaves: Self.mostLeaves)
  }

  // MARK: - For people

  var text: String {
    var lines = treeLines
    if !lines.isEmpty { lines.append("") }
    for (name, value) in figures { lines.append("\(padded(name, 9))\(value)") }
    return lines.map { $0 + "\n" }.joined()
  }

  /// Whether the share stands for leaves that were looked at here and there.
  private func fill(_ shape: TreeShape) -> Double {
    shape.survey.levels.last?.fill(pageSize: store.pageSize) ?? 0
  }

  private var treeLines: [String] {
    guard !shapes.isEmpty else { return ["no tables"] }
    let most = shapes.count > Self.mostTrees ? Self.mostTrees - 1 : Self.mostTrees
    let sizes = shapes.map(\.pageCount).sorted(by: >)
    let least = shapes.count > most ? sizes[most] : -1
    var shown = shapes.filter { $0.pageCount > least }
    let rest = shapes.filter { $0.pageCount <= least }
    for shape in rest where shown.count < most { shown.append(shape) }
    shown = shapes.filter { shape in shown.contains { $0.name == shape.name && $0.kind == shape.kind } }
    let table = [["", "rows", "depth", "pages", "full", "overflow"]] + shown.map(row)
    let widths = table[0].indices.map { column in table.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    var lines = table.map { row in
      row.enumerated().map { column, text in
        let blanks = String(repeating: " ", count: widths[column] - DisplayWidth.of(text))
        return column == 0 || column == 4 ? text + blanks : blanks + text
      }.joined(separator: "  ")
    }
    if shown.count < shapes.count {
      let pages = shapes.reduce(0) { $0 + $1.pageCount } - shown.reduce(0) { $0 + $1.pageCount }
      lines.append(
        "… and \(Figures.count(shapes.count - shown.count, "smaller tree")) of \(Figures.count(pages, "page")); --json has all"
      )
    }
    return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
  }

  private func row(_ shape: TreeShape) -> [String] {
    let indent = shape.kind == .index ? "  " : ""
    let kind = shape.kind == .bucket ? "bucket " : ""
    let share = fill(shape)
    return [
      indent + kind + shape.name, Figures.grouped(Int(clamping: shape.survey.rowCount)),
      String(shape.survey.levels.count), Figures.grouped(shape.pageCount),
      shape.survey.levels.isEmpty ? "" : "\(Figures.bar(share, cells: 10)) \(Figures.percent(share))",
      Figures.grouped(Int(clamping: shape.survey.overflowPageCount)),
    ]
  }

  private var figures: [(String, String)] {
    var lines: [(String, String)] = []
    let memory = "\(Figures.grouped(store.pageCount)) of \(Figures.bytes(store.pageSize))"
    lines.append(("pages", memory))
    if path != nil {
      let share = store.fileSize == 0 ? 0 : Double(store.freeBytes) / Double(store.fileSize)
      lines.append(
        (
          "file",
          "\(Figures.bytes(store.fileSize)), \(Figures.bytes(store.freeBytes)) of it free (\(Figures.percent(share)))"
        ))
      lines.append(("log", Figures.bytes(store.logSize)))
      lines.append(
        ("compact", savings == 0 ? "would save nothing" : "would save about \(Figures.bytes(savings))"))
    }
    let limit = store.cacheSize.map { " of \(Figures.bytes($0))" } ?? ""
    lines.append(("cache", Figures.bytes(store.cachedBytes) + limit))
    lines.append(("version", Figures.grouped(Int(clamping: store.version))))
    return lines
  }

  /// Compaction leaves a sixty-fourth of the file free, or 16 KB.
  private var savings: Int {
    let kept = max(store.fileSize / 64, 16 << 10)
    return store.freeBytes > kept ? store.freeBytes : 0
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  // MARK: - For programs

  var json: String {
    let tables = shapes.filter { $0.kind == .table }.map { table in
      let own = shapes.filter { $0.kind == .index && $0.table == table.name }
      return object(table, "rows", ",\"indexes\":\(list(own.map { object($0, "entries") }))")
    }
    let buckets = shapes.filter { $0.kind == .bucket }.map { object($0, "keys") }
    let sizes: [(String, Int?)] = [
      ("pageSize", store.pageSize), ("pages", store.pageCount), ("fileSize", store.fileSize),
      ("freeBytes", store.freeBytes), ("savings", savings), ("logSize", store.logSize),
      ("cachedBytes", store.cachedBytes), ("cacheSize", store.cacheSize),
      ("version", Int(clamping: store.version)),
    ]
    let members = ["\"tables\":\(list(tables))", "\"buckets\":\(list(buckets))"]
    let figures = sizes.map { "\"\($0.0)\":\($0.1.map(String.init) ?? "null")" }
    return "{" + (members + figures).joined(separator: ",") + "}\n"
  }

  private func object(_ shape: TreeShape, _ unit: String, _ rest: String = "") -> String {
    let share = Figures.fixed(fill(shape), places: 3)
    return "{\"name\":\(JSONText.quoted(shape.name)),\"\(unit)\":\(shape.survey.rowCount),"
      + "\"depth\":\(shape.survey.levels.count),\"pages\":\(shape.pageCount),\"fill\":\(share),"
      + "\"overflowPages\":\(shape.survey.overflowPageCount)\(rest)}"
  }

  private func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }
}

extension TreeShape {
  /// Its nodes; overflow pages are beside them.
  var pageCount: Int { survey.levels.reduce(0) { $0 + $1.pageCount } }
}
