internal import UpkeepStorage

/// What upserts of single rows made ready: whoever upserts rows one by one mostly asks for the same again.
///
/// What is taken is nobody else's until it is put back, so that two writers never use one.
package final class PlanCache: @unchecked Sendable {
  private static let capacity = 8

  /// The last used is the last.
  private let kept = Guarded<[SingleUpsert]>([])

  package init() {}

  func take(_ schema: TableSchema, _ clause: ConflictClause) throws(UpkeepError) -> SingleUpsert {
    let found = kept.withLock { list -> SingleUpsert? in
      guard let place = list.lastIndex(where: { $0.schema === schema && $0.clause == clause }) else {
        return nil
      }
      return list.remove(at: place)
    }
    if let found { return found }
    return try SingleUpsert(schema, clause)
  }

  func putBack(_ upsert: SingleUpsert) {
    kept.withLock { list in
      if list.count == Self.capacity { list.removeFirst() }
      list.append(upsert)
    }
  }
}
