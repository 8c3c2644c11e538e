internal import UpkeepStorage

/// What a sweep needs of a column, without looking at its schema for every row.
struct SweepColumn {
  let type: ValueType
  /// What a row has that does not give the column; nil if it must be evaluated.
  let defaultValue: Value?
}

/// An index as a sweep encodes its keys: positions and parts at hand, so that nothing is copied for a row.
final class SweepIndex {
  let index: IndexSchema
  let isUnique: Bool
  /// The columns of the parts; nil where the general way must be gone, for expressions or a predicate.
  private let plain: [Int]?
  private let keys: [KeyPart]
  /// Columns of parts that cannot be encoded as NULL.
  private let required: [Int]

  init(_ index: IndexSchema) {
    self.index = index
    isUnique = index.isUnique
    plain = index.predicate == nil ? index.columnOrdinals : nil
    keys = index.parts.map(\.key)
    required = index.parts.compactMap { $0.key.isNullable ? nil : $0.column }
  }

  /// Fills the buffer with a row's key, without the primary key. A NULL where none may be: the row cannot be
  /// inserted, so that it has no entry.
  func encode(
    _ row: [Value], into buffer: ByteBuffer, _ writer: RowWriter
  ) throws(UpkeepError) -> IndexKeyState {
    for ordinal in required where row[ordinal] == .null { return .outsidePredicate }
    guard let plain else { return try writer.encodeIndexKey(index, row, into: buffer) }
    buffer.removeAll()
    var state = IndexKeyState.entry
    for position in plain.indices {
      if row[plain[position]] == .null { state = .containsNull }
      try KeyCodec.append(row[plain[position]], keys[position], to: buffer)
    }
    return state
  }
}
