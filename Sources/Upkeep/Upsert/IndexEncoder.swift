internal import UpkeepStorage

/// What an upsert needs of a column, without looking at its schema for every row.
struct IncomingColumn {
  let type: ValueType
  /// What a row has that does not give the column; nil if it must be evaluated.
  let defaultValue: Value?

  init(_ column: ColumnSchema) {
    type = column.type
    defaultValue = column.constantDefault
  }

  /// A value as the column holds it; nil if it cannot.
  @inline(__always)
  func coerce(_ value: Value) -> Value? {
    switch (type, value) {
    case (.integer, .integer), (.text, .text), (_, .null): value
    default: Coercion.coerce(value, to: type)
    }
  }
}

/// An index as an upsert encodes its keys: positions and parts at hand, so that nothing is copied for a row.
final class IndexEncoder {
  let index: IndexSchema
  let tree: TreeID
  let isUnique: Bool
  private let nullsAreEqual: Bool
  /// The columns of the parts, where they are plain columns and there is no predicate.
  private let plain: [Int]
  private let keys: [KeyPart]
  /// Columns of parts that cannot be encoded as NULL.
  private let required: [Int]
  /// Where parts that are expressions, and a predicate, see the row; nil without any.
  private let context: EvaluationContext?

  init(_ index: IndexSchema) {
    self.index = index
    tree = index.tree
    isUnique = index.isUnique
    nullsAreEqual = index.nullsAreEqual
    let isPlain = index.predicate == nil && index.columnOrdinals != nil
    plain = index.columnOrdinals ?? []
    context = isPlain ? nil : EvaluationContext()
    keys = index.parts.map(\.key)
    required = index.parts.compactMap { $0.key.isNullable ? nil : $0.column }
  }

  /// Fills the buffer with a row's key, without the primary key. A NULL where none may be: the row cannot be
  /// inserted, so that it has no entry.
  func encode(_ row: [Value], into buffer: ByteBuffer) throws(UpkeepError) -> IndexKeyState {
    for ordinal in required where row[ordinal] == .null { return .outsidePredicate }
    buffer.removeAll()
    if let context {
      context.set(slot: 0, row: row)
      return try IndexEntry.appendParts(of: row, in: index, context, to: buffer)
    }
    var state = IndexKeyState.entry
    for position in plain.indices {
      if case .null = row[plain[position]], !nullsAreEqual { state = .containsNull }
      try KeyCodec.append(row[plain[position]], keys[position], to: buffer)
    }
    return state
  }
}
