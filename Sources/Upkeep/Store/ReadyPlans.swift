internal import UpkeepStorage

/// Plans of one statement that are ready to run again: whoever takes one has it alone until it is put back.
final class ReadyPlans<Plan>: @unchecked Sendable {
  /// So many threads that run the statement at once each find one.
  private static var most: Int { 4 }

  private let kept = Guarded<[Plan]>([])

  /// One for which the condition holds; those for which it does not are let go.
  func take(where isValid: (Plan) -> Bool) -> Plan? {
    while let plan = kept.withLock({ $0.popLast() }) {
      if isValid(plan) { return plan }
    }
    return nil
  }

  func putBack(_ plan: Plan) {
    kept.withLock { plans in
      if plans.count < Self.most { plans.append(plan) }
    }
  }
}
