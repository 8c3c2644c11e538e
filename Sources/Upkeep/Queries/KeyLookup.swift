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
  /// What the table's own conditions leave of the parts behind those: ranges, each as bytes after theirs.
  let tails: KeySearch
  /// Whether a parameter is part of what was found out of the table's own conditions.
  let readsParameters: Bool
  /// Which of the others are numbers, so that no value must be made of them.
  private let isNumeric: [Bool]

  init(
    schema: TableSchema, path: AccessPath, filter: RowFilter, parts: [SearchPart], keys: [JoinKey],
    isPoint: Bool, tails: KeySearch, readsParameters: Bool
  ) {
    self.schema = schema
    self.path = path
    self.filter = filter
    self.parts = parts
    self.keys = keys
    self.isPoint = isPoint
    self.tails = tails
    self.readsParameters = readsParameters
    isNumeric = keys.map { $0.other.node.isNumeric && $0.otherConversion == .none }
  }

  /// What was made of the rows before.
  enum Prefix {
    /// No row can be meant.
    case none
    /// How the keys of all rows meant begin. It may be too wide: the equalities are checked on each row.
    case some
    /// The same, of fewer parts than are known: one of them has no bytes.
    case few
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
        return .few
      }
      // What is too long for a key is in none.
      if prefix.count > KeyCodec.longestKey { return .none }
    }
    return isPoint ? .whole : .some
  }

  /// Where the rows lie, in key order; none if no row can be meant.
  ///
  /// - Parameter buffer: is used for the keys.
  func ranges(_ context: EvaluationContext, _ buffer: ByteBuffer) throws(UpkeepError) -> [KeyBounds] {
    buffer.removeAll()
    let found = try append(context, to: buffer)
    if case .none = found { return [] }
    let prefix = Array(buffer.bytes)
    let whole = KeyBounds.beginning(with: prefix)
    if case .few = found { return [whole] }
    return tails.ranges.map { tail in
      KeyBounds(
        lower: tail.lower.map { prefix + $0 } ?? whole.lower,
        upper: tail.upper.map { prefix + $0 } ?? whole.upper)
    }
  }

  /// By what rows are found, for people.
  var description: String {
    let tree = path.index.map { "index \($0.name)" } ?? "primary key"
    let bound = parts.prefix(keys.count).map { schema.subjectName($0.subject) } + tails.notes
    return "by \(tree) (\(bound.joined(separator: ", ")))"
  }
}
