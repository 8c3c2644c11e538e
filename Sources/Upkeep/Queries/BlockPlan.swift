/// One block of a query made ready.
class BlockPlan {
  /// What it shows.
  let columns: [SubqueryColumn]
  /// What it reads of the queries around.
  let reads: Set<OuterColumn>
  /// Holds the row that it stands on.
  let context: EvaluationContext
  /// Whether equal rows are shown once.
  var isDistinct: Bool { false }
  /// Whether its rows come in the order of ORDER BY.
  var isOrdered: Bool { false }
  /// Whether equal rows come one after the other.
  var hasEqualTogether: Bool { false }
  /// About how many rows it gives.
  var estimate: Double { 100 }
  /// The terms of ORDER BY that were made ready with it.
  var order: [SortTerm] { [] }
  /// How it runs, for people.
  var description: [String] { [] }
  /// For a join in parentheses: what its columns are called.
  var joinedNames: JoinedNames? { nil }

  init(columns: [SubqueryColumn], reads: Set<OuterColumn>, context: EvaluationContext) {
    self.columns = columns
    self.reads = reads
    self.context = context
  }

  /// Whether it gives a row for a row of a recursive table's round, and nothing for all of them together.
  func walks(_ table: CommonTableSource) -> Bool { false }

  /// Makes it ready to run again with other parameters; false if it must be made anew.
  func rebind() throws(UpkeepError) -> Bool { false }

  /// Lets go of what belongs to the transaction that it ran in.
  func rest() {}

  /// Goes from row to row, until `row` says that it wants no more.
  func run(
    _ outer: EvaluationContext?, _ row: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) {}

  /// Goes through the rows that equal none before, until `row` says that it wants no more.
  func runEachOnce(
    _ outer: EvaluationContext?, _ memory: QueryMemory, _ row: RowTaker
  ) throws(UpkeepError) {
    let seen = RowSet(columns, memory)
    try run(outer) { () throws(UpkeepError) in
      let values = try values()
      return try seen.insert(values) ? try row(values) : true
    }
  }

  /// What is shown of the row that it stands on.
  func values() throws(UpkeepError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(columns.count)
    try appendValues(to: &values)
    return values
  }

  /// Appends that to values.
  func appendValues(to values: inout [Value]) throws(UpkeepError) {}
}
