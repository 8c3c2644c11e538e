internal import UpkeepStorage

/// A way to the rows of a table that a statement is about, by the table's own tree or by an index.
struct AccessPath {
  /// nil: by the table's own tree, in the order of the primary key.
  var index: IndexSchema?
  /// Where the rows lie in that tree.
  var search: KeySearch
  /// Which conditions remain to be checked on each row.
  var remaining: [Int]
  /// Whether the index holds all columns that the statement reads, so that the table is not visited.
  var isCovering: Bool
  /// At most one row, by a whole unique key.
  var isPoint: Bool
  /// Whether the rows come in the order that the statement wants, without sorting.
  var isOrdered: Bool
  /// From the greatest key to the least.
  var isBackward: Bool
  /// The rows in the ranges, counted; not counted for points.
  var rowCount: UInt64
  /// How many rows meet all conditions, as far as that was asked for.
  var estimate = 0.0
  /// The price that the planner compared, in units of one row scanned.
  var cost: Double
  /// Ways that together lead to all rows, for the cases of an OR: their keys are gathered first, and then each row is read
  /// once, in the order of the primary key. Empty for a single way.
  var cases: [AccessPath] = []

  /// A way that costs no more than this is not worth looking for another.
  static let cheap = 200.0
}

extension AccessPath {
  /// Whether rows are read by the leaf, many at once.
  var comesInBatches: Bool { index == nil && !isBackward && !isPoint }

  /// One line that says what is read and how.
  func description(of schema: TableSchema) -> String {
    var line: String
    if !cases.isEmpty {
      line = "search \(schema.name) \(cases.map(\.means).joined(separator: ", or ")), each row once"
    } else if search.ranges.isEmpty {
      line = "nothing to read in \(schema.name)"
    } else if let index {
      line =
        search.isBound
        ? "search \(schema.name) by index \(index.name)" : "scan \(schema.name) by index \(index.name)"
    } else if search.isBound {
      line = "search \(schema.name) by primary key"
    } else {
      line = "scan \(schema.name)"
    }
    if !search.notes.isEmpty { line += " (\(search.notes.joined(separator: " AND ")))" }
    if isCovering { line += ", index only" }
    if isBackward { line += ", backward" }
    return line
  }

  /// By what rows are found, as one of several ways.
  private var means: String {
    let tree = index.map { "index \($0.name)" } ?? "primary key"
    if search.ranges.isEmpty { return "by nothing" }
    return "by \(tree) (\(search.notes.joined(separator: " AND ")))"
  }
}
