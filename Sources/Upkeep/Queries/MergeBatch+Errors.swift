/// What is wrong with rows of a MERGE.
extension MergeBatch {
  func changedTwice(_ row: [Value], _ first: Int, _ second: Int) -> UpkeepError {
    let key = schema.keyDescription(of: row)
    var error = UpkeepError(
      .changedTwice,
      "row \(key) of \(schema.name) would be changed twice, by rows \(first) and \(second) of \(plan.sourceName); "
        + "let ON match each row once, or take one row of the source for each key")
    error.table = schema.name
    error.key = key
    error.existingKey = key
    error.rowNumber = second
    return error
  }

  func refusal(_ clause: MergePlan.Clause, _ row: [Value]?) -> UpkeepError {
    let place = row.map { ", for row \(schema.keyDescription(of: $0)) of \(schema.name)" } ?? ""
    var error = UpkeepError(
      .refused,
      "WHEN clause \(clause.number) of the MERGE into \(schema.name) says ERROR\(place); "
        + "mend the row, or let a clause before that one take it")
    error.table = schema.name
    error.existingKey = row.map { schema.keyDescription(of: $0) }
    return error
  }

  func lostClaim(_ failure: KeyClaims.FailedClaim) -> UpkeepError {
    var ways = ["free the key in the same statement", "let ON match that row"]
    if plan.rejects == .fail { ways.append("set the row aside with ON ERROR REJECT") }
    return UniqueViolation(
      schema: schema, uniqueIndexes: plan.uniqueIndexes, key: failure.key, keyText: failure.keyText,
      holder: failure.winner
    ).lost(by: failure.loser, ways)
  }
}

extension UpkeepError.Code {
  /// Two rows of a MERGE's source change one row of the table.
  public static let changedTwice = Self(rawValue: "changed-twice")
  /// A WHEN clause of a MERGE says ERROR.
  public static let refused = Self(rawValue: "refused")
}
