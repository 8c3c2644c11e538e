internal import UpkeepStorage

/// What upserts of single rows made ready: whoever upserts rows one by one mostly asks for the same again.
///
/// What is taken is nobody else's until it is put back, so that two writers never use one.
package final class PlanCache: @unchecked Sendable {
  /// A statement, and the columns of the row that it was last given.
  final class Prepared {
    let upsert: SingleUpsert
    var binding: RowBinding
    /// Where the values of records were put last, to be used again.
    var buffer: AnyObject?

    init(_ schema: TableSchema, _ clause: ConflictClause) throws(UpkeepError) {
      upsert = try SingleUpsert(schema, [clause])
      binding = RowBinding(schema)
    }
  }

  private static let capacity = 8

  /// The last used is the last.
  private let kept = Guarded<[Prepared]>([])

  package init() {}

  func take(_ schema: TableSchema, _ clause: ConflictClause) throws(UpkeepError) -> Prepared {
    let found = kept.withLock { list -> Prepared? in
      guard
        let place = list.lastIndex(where: { $0.upsert.schema === schema && $0.upsert.clauses.first == clause }
        )
      else { return nil }
      return list.remove(at: place)
    }
    if let found { return found }
    return try Prepared(schema, clause)
  }

  func putBack(_ prepared: Prepared) {
    kept.withLock { list in
      if list.count == Self.capacity { list.removeFirst() }
      list.append(prepared)
    }
  }
}
