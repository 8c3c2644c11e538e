/// The names within a row that is a join in parentheses: those of its sources go on being seen.
package struct JoinedNames: Sendable {
  /// One source and where its columns are.
  struct Row: Sendable {
    var name: String
    var columns: [(name: String, ordinal: Int)]

    func ordinal(of column: String) -> Int? { columns.first { Names.equal($0.name, column) }?.ordinal }
  }

  /// The sources that have a name.
  var rows: [Row] = []
  /// The columns that bare names and `*` mean; of those that the join made one, the one.
  var shown: [(name: String, ordinal: Int)] = []

  func row(_ name: String) -> Row? { rows.first { Names.equal($0.name, name) } }
}

extension ExpressionScope.Slot {
  /// The column that a name without a source means in this row, and whether it could mean another as well.
  func bare(_ name: String) -> (ordinal: Int, isAmbiguous: Bool)? {
    guard let joined else { return columns.ordinal(of: name).map { ($0, false) } }
    let found = joined.shown.filter { Names.equal($0.name, name) }
    return found.first.map { ($0.ordinal, found.count > 1) }
  }

  /// The column that a name means behind the name of a source; nil if there is no such source or it has no such column.
  func column(_ name: String, of qualifier: String) -> Int? {
    if let row = joined?.row(qualifier) { return row.ordinal(of: name) }
    return names.contains { Names.equal($0, qualifier) } ? columns.ordinal(of: name) : nil
  }

  /// Whether a source of that name is here.
  func isCalled(_ qualifier: String) -> Bool {
    joined?.row(qualifier) != nil || names.contains { Names.equal($0, qualifier) }
  }

  /// The columns that `*` stands for.
  var shown: [(name: String, ordinal: Int)] {
    joined?.shown ?? columns.columns.map { (name: $0.name, ordinal: $0.ordinal) }
  }

  /// What it can be called in a text.
  var shownNames: [String] { (joined?.rows.map(\.name) ?? []) + names.filter { !$0.hasPrefix("\u{0}") } }
}
