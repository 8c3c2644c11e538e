/// The rows of a table whose key, or the first parts of it, equal what the sources before it say.
final class KeyLookup {
  let schema: TableSchema
  let path: AccessPath
  /// The table's own conditions.
  let filter: RowFilter
  let parts: [SearchPart]
  /// What each of the first parts equals.
  let keys: [JoinKey]
  /// Whether that is a whole unique key.
  let isPoint: Bool

  init(
    schema: TableSchema, path: AccessPath, filter: RowFilter, parts: [SearchPart], keys: [JoinKey],
    isPoint: Bool
  ) {
    self.schema = schema
    self.path = path
    self.filter = filter
    self.parts = parts
    self.keys = keys
    self.isPoint = isPoint
  }

  /// Where the rows lie; nil if no row can be meant. It may be too wide: the equalities are checked on each row.
  func range(_ context: EvaluationContext) throws(UpkeepError) -> KeyBounds? {
    var prefix: [UInt8] = []
    for (key, part) in zip(keys, parts) {
      let value = key.otherConversion.apply(try key.other.evaluate(context))
      if value == .null { return nil }
      switch KeyConstant(value, for: part.type) {
      case .exact(let exact):
        // What is too long for a key is in none.
        guard let bytes = part.encode(exact) else { return nil }
        prefix += bytes
      case .justAbove, .belowAll, .aboveAll: return nil
      case .unusable: return KeyBounds.beginning(with: prefix)
      }
    }
    return KeyBounds.beginning(with: prefix)
  }
}
