/// A record of which only some properties are given. The others are *absent*, which is not NULL: an insert gives them
/// their defaults, a merge leaves them as they are.
///
/// ```swift
/// try tx.upsert(Airport.partial { $0.icao = "EGLL"; $0.name = "Heathrow" })
/// ```
@dynamicMemberLookup
public struct PartialRecord<R: Record>: RecordInput {
  /// Values by the position of their columns.
  private var given: [(position: Int, value: Value)] = []
  private var unknown: String?

  init() {}

  /// The value given for a property; nil where none is. Giving nil to an optional property gives NULL.
  public subscript<V: ColumnValue>(dynamicMember path: KeyPath<R, V>) -> V? {
    get {
      guard let position = R.columns.position(of: path) else { return nil }
      return given.first { $0.position == position }.flatMap { V(columnValue: $0.value) }
    }
    set { give(path, newValue?.columnValue ?? .null) }
  }

  /// Gives a property a value.
  private mutating func give(_ path: PartialKeyPath<R>, _ value: Value) {
    guard let position = R.columns.position(of: path) else {
      unknown = "\(path)"
      return
    }
    given.removeAll { $0.position == position }
    given.append((position, value))
  }

  /// Gives what was set.
  public func write(to row: RecordValues<R>) {
    for (position, value) in given { row.give(position, value) }
    if let unknown { row.refuse(unknown) }
  }
}

extension Record {
  /// A row that gives only the properties that `fill` sets.
  public static func partial(_ fill: (inout PartialRecord<Self>) -> Void) -> PartialRecord<Self> {
    var partial = PartialRecord<Self>()
    fill(&partial)
    return partial
  }
}
