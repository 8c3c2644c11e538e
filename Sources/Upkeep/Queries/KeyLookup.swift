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
  /// Which of the others are numbers, so that no value must be made of them.
  private let isNumeric: [Bool]

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
    isNumeric = keys.map { $0.other.node.isNumeric && $0.otherConversion == .none }
  }

  /// What was made of the rows before.
  enum Prefix {
    /// No row can be meant.
    case none
    /// How the keys of all rows meant begin. It may be too wide: the equalities are checked on each row.
    case some
    /// The whole of a unique key.
    case whole
  }

  /// Appends to an empty buffer how the keys of the rows begin.
  func append(_ context: EvaluationContext, to prefix: ByteBuffer) throws(UpkeepError) -> Prefix {
    for number in 0..<keys.count {
      let start = prefix.count
      let part = parts[number].key
      if part.type == .integer, isNumeric[number] {
        let scalar = try keys[number].other.node.scalar(context)
        if scalar.kind == .integer {
          try KeyCodec.append(.integer(scalar.integer), part, to: prefix)
          continue
        }
      }
      let value = keys[number].otherConversion.apply(try keys[number].other.evaluate(context))
      if value == .null { return .none }
      switch KeyConstant(value, for: part.type) {
      case .exact(let exact): try KeyCodec.append(exact, part, to: prefix)
      case .justAbove, .belowAll, .aboveAll: return .none
      case .unusable:
        prefix.truncate(to: start)
        return .some
      }
      // What is too long for a key is in none.
      if prefix.count > KeyCodec.longestKey { return .none }
    }
    return isPoint ? .whole : .some
  }
}
