import Upkeep

/// How a column merges: behind MERGE in its definition, and behind its name in the list of DO MERGE.
extension Parser {
  /// Takes the words of a merge rule; nil if none is there.
  mutating func mergeRule() throws(SyntaxError) -> MergeRule? {
    if try accept(.set) { return .set }
    if try accept(.keep) { return .keep }
    if try accept(.coalesce) { return .coalesce }
    if try accept(.if, .null) { return .ifNull }
    if try accept(.sum) { return .sum }
    if try accept(.min) { return .min }
    if try accept(.max) { return .max }
    if try accept(.append) { return .append }
    if try accept(.json) { return .json }
    if try accept(.touch) { return .touch }
    if try accept(.latest) {
      try expect(.by)
      return .latest(by: try name("the name of a column"))
    }
    if try accept(.using) {
      try expect(.leftParen)
      let value = try expression()
      try expect(.rightParen)
      return .using(value)
    }
    return nil
  }

  /// Takes the rule that must stand behind MERGE in a column's definition.
  mutating func mergeConstraint(_ column: inout ColumnDefinition, at start: Int) throws(SyntaxError) {
    guard column.merge == nil else {
      throw source.error(.misuse, "column \(column.name) has a merge rule already", at: start)
    }
    guard let rule = try mergeRule() else {
      let meant = Keyword.nearest(to: describe(token), among: expected.words)
      throw source.error(
        .syntax,
        "found \(describe(token)), expected a merge rule: SET, KEEP, COALESCE, IF NULL, SUM, MIN, MAX, APPEND, JSON, "
          + "LATEST BY column, TOUCH or USING (expression)\(meant.map { "; did you mean \($0.text)?" } ?? "")",
        at: token.start)
    }
    column.merge = rule
  }

  /// `(column [rule], …)`, names that must differ.
  mutating func mergeColumns() throws(SyntaxError) -> [MergeColumn] {
    try expect(.leftParen)
    var columns: [MergeColumn] = []
    var seen: Set<String> = []
    repeat {
      let start = token.start
      let column = try columnName()
      guard seen.insert(Names.folded(column)).inserted else {
        throw source.error(.misuse, "column \(column) is named twice", at: start)
      }
      columns.append(MergeColumn(column, try mergeRule()))
    } while try accept(.comma)
    try expect(.rightParen)
    return columns
  }
}
