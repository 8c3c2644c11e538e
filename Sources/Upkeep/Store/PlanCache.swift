import Synchronization

// A plan does not change once it is made.
extension UpsertPlan: @unchecked Sendable {}

/// What the last upsert of a single row made ready: whoever upserts rows one by one mostly asks for the same again.
package final class PlanCache: Sendable {
  struct Prepared: Sendable {
    let clause: ConflictClause
    let plan: UpsertPlan
    /// Knows the columns of the last row.
    var binding: RowBinding
  }

  private let last = Guarded<Prepared?>(nil)

  package init() {}

  func upsert(_ schema: TableSchema, _ clause: ConflictClause) throws(UpkeepError) -> Prepared {
    if let last = last.withLock({ $0 }), last.plan.schema === schema, last.clause == clause { return last }
    return Prepared(
      clause: clause, plan: try UpsertPlan(schema, clauses: [clause]), binding: RowBinding(schema))
  }

  func keep(_ prepared: Prepared) { last.withLock { $0 = prepared } }
}
