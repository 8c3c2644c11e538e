/// Finds the unique keys that a conflict target means.
struct ConflictTargets {
  let schema: TableSchema
  let uniqueIndexes: [IndexSchema]
  /// The words in which errors advise.
  let words: AdviceWords

  init(_ schema: TableSchema, _ uniqueIndexes: [IndexSchema], _ words: AdviceWords = .statement) {
    self.words = words
    self.schema = schema
    self.uniqueIndexes = uniqueIndexes
  }

  /// The numbers of the keys: 0 the primary key, then the unique indexes.
  func keys(of target: ConflictTarget) throws(UpkeepError) -> [Int] {
    switch target {
    case .primaryKey:
      if schema.hasHiddenRowid { throw noPrimaryKey }
      return [0]
    case .anyUnique:
      return Array(0...uniqueIndexes.count)
    case .index(let name):
      if let index = uniqueIndexes.firstIndex(where: { Names.equal($0.name, name) }) { return [index + 1] }
      if !schema.hasHiddenRowid, primaryKeyNames.contains(where: { Names.equal($0, name) }) { return [0] }
      throw noIndex(named: name)
    case .columns(let parts, let condition):
      return [try key(over: parts, where: condition)]
    }
  }

  private var primaryKeyNames: [String] {
    ["primary key", schema.definition.primaryKeyName ?? "\(schema.name)_pkey"]
  }

  /// `(iata)`, or `any key`.
  func description(_ keys: [Int]) -> String {
    keys.count == 1 ? description(keys[0]) : "any key"
  }

  /// A target that means the key, as a statement writes it.
  func spelling(_ key: Int) -> String {
    guard key > 0 else { return description(0) }
    let index = uniqueIndexes[key - 1]
    let isPlain = index.columnOrdinals != nil && index.predicateExpression == nil
    return isPlain ? description(key) : "ON CONSTRAINT \(index.name)"
  }

  func description(_ key: Int) -> String {
    if key > 0 { return uniqueIndexes[key - 1].columnsDescription(schema) }
    if schema.hasHiddenRowid { return "(rowid)" }
    return "(" + schema.primaryKey.map { schema.columns[$0].name }.joined(separator: ", ") + ")"
  }

  // MARK: By columns

  private func key(over parts: [Expression], where condition: Expression?) throws(UpkeepError) -> Int {
    for part in parts {
      guard case .column(let reference) = plain(part) else { continue }
      let ordinal = try schema.requiredOrdinal(of: reference.name)
      // The hidden rowid is the key of a table without a primary key.
      if parts.count == 1, ordinal == schema.columns.count { return 0 }
    }
    // A column without COLLATE means its own collation where there is such a key, and else any.
    for isStrict in [true, false] {
      if !schema.hasHiddenRowid {
        let own = zip(schema.primaryKey, schema.keyParts).map {
          Part(expression: .column(ColumnReference(schema.columns[$0].name)), collation: $1.collation)
        }
        if areSame(parts, own, isStrict: isStrict) { return 0 }
      }
      for (number, index) in uniqueIndexes.enumerated()
      where areSame(parts, index.parts.map(Part.init), isStrict: isStrict) {
        guard let predicate = index.predicateExpression else { return number + 1 }
        if let condition, PredicateImplication.implies(condition, predicate, columns: schema.columnList) {
          return number + 1
        }
      }
    }
    throw noKey(over: parts, where: condition)
  }

  /// A part of a key, and how its text compares.
  private struct Part {
    var expression: Expression
    var collation: Collation

    init(expression: Expression, collation: Collation) {
      self.expression = expression
      self.collation = collation
    }

    init(_ part: IndexPartSchema) { self.init(expression: part.expression, collation: part.collation) }
  }

  private func plain(_ expression: Expression) -> Expression {
    if case .collate(let inner, _) = expression { return inner }
    return expression
  }

  /// Whether a target's parts are those of a key, in any order.
  ///
  /// - Parameter isStrict: whether a column without COLLATE means its own collation, rather than any.
  private func areSame(_ parts: [Expression], _ key: [Part], isStrict: Bool) -> Bool {
    guard parts.count == key.count else { return false }
    var rest = key
    for part in parts {
      let wanted = collation(of: part, isStrict: isStrict)
      let match = rest.firstIndex {
        isSame(plain(part), plain($0.expression)) && (wanted == nil || wanted == $0.collation)
      }
      guard let match else { return false }
      rest.remove(at: match)
    }
    return true
  }

  /// The collation that a part of a target asks for; nil: any.
  private func collation(of part: Expression, isStrict: Bool) -> Collation? {
    switch part {
    case .collate(_, let collation): collation
    case .column(let reference) where isStrict:
      schema.columns.first { Names.equal($0.name, reference.name) }?.collation
    default: nil
    }
  }

  /// Whether two expressions over the table's row are the same, however their columns are written.
  private func isSame(_ a: Expression, _ b: Expression) -> Bool {
    switch (a, b) {
    case (.column(let a), .column(let b)): Names.equal(a.name, b.name)
    case (.function(let f, let a), .function(let g, let b)):
      Names.equal(f, g) && a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
    case (.unary(let f, let a), .unary(let g, let b)): f == g && isSame(a, b)
    case (.binary(let f, let a, let b), .binary(let g, let c, let d)): f == g && isSame(a, c) && isSame(b, d)
    default: a == b
    }
  }

  // MARK: Errors that name the nearest key

  private func noKey(over parts: [Expression], where condition: Expression?) -> UpkeepError {
    func name(_ part: Expression) -> String {
      if case .column(let reference) = part { return reference.name }
      return part.shortText
    }
    let wanted = "(" + parts.map(name).joined(separator: ", ") + ")"
    let names = parts.map { name(plain($0)) }
    let advice: String
    if let partial = nearestPartial(to: parts, where: condition) {
      advice =
        "the nearest, \(partial.name), holds only some rows"
        + (condition == nil
          ? ": repeat its WHERE in the target" : ", and the target's WHERE does not imply its own")
        + (partial.predicateExpression.map { "; write \(wanted) WHERE \($0.shortText)" } ?? "")
    } else if let nearest = nearestKey(to: names) {
      advice = "the nearest is \(nearest)"
    } else {
      advice = "create one with CREATE UNIQUE INDEX"
    }
    var error = UpkeepError(.unknownIndex, "\(schema.name) has no unique key over \(wanted); \(advice)")
    error.table = schema.name
    error.name = wanted
    return error
  }

  /// Of the partial indexes over these columns the one whose WHERE has most conditions in common with the target's, and
  /// then most columns.
  private func nearestPartial(to parts: [Expression], where condition: Expression?) -> IndexSchema? {
    let asked = condition.map { conditions(of: $0) } ?? []
    let askedColumns = condition.map { columns(in: $0) } ?? []
    var best: (index: IndexSchema, conditions: Int, columns: Int)?
    for index in uniqueIndexes where areSame(parts, index.parts.map(Part.init), isStrict: false) {
      guard let predicate = index.predicateExpression else { continue }
      let shared = conditions(of: predicate).filter { own in asked.contains { isSame($0, own) } }.count
      let columns = columns(in: predicate).intersection(askedColumns).count
      if let best, (best.conditions, best.columns) >= (shared, columns) { continue }
      best = (index, shared, columns)
    }
    return best?.index
  }

  private func conditions(of condition: Expression) -> [Expression] {
    if case .binary(.and, let a, let b) = condition { return conditions(of: a) + conditions(of: b) }
    return [condition]
  }

  private func columns(in expression: Expression) -> Set<String> {
    var names: Set<String> = []
    _ = expression.replacing { part in
      if case .column(let reference) = part { names.insert(Names.folded(reference.name)) }
      return nil
    }
    return names
  }

  /// The key that shares most columns with those named.
  private func nearestKey(to names: [String]) -> String? {
    var best: (text: String, shared: Int, extra: Int)?
    func consider(_ text: String, _ columns: [String]) {
      let shared = columns.filter { column in names.contains { Names.equal($0, column) } }.count
      let extra = columns.count - shared
      if shared > best?.shared ?? -1 || shared == best?.shared ?? -1 && extra < best?.extra ?? .max {
        best = (text, shared, extra)
      }
    }
    if !schema.hasHiddenRowid {
      consider("the primary key \(description(0))", schema.primaryKey.map { schema.columns[$0].name })
    }
    for (number, index) in uniqueIndexes.enumerated() {
      let columns = (index.columnOrdinals ?? []).map { schema.columns[$0].name }
      consider("\(index.name) \(description(number + 1))", columns)
    }
    return best?.text
  }

  private var noPrimaryKey: UpkeepError {
    let keys = uniqueIndexes.indices.map { spelling($0 + 1) }
    let advice =
      keys.isEmpty
      ? "it has no unique key at all: create one with CREATE UNIQUE INDEX"
      : words.naming(keys, indexes: uniqueIndexes.map(\.name))
    var error = UpkeepError(
      .unknownIndex, "\(schema.name) has no primary key by which rows could meet; \(advice)")
    error.table = schema.name
    return error
  }

  private func noIndex(named name: String) -> UpkeepError {
    var advice = Names.suggestion(for: name, among: uniqueIndexes.map(\.name))
    if schema.indexes.contains(where: { !$0.isUnique && Names.equal($0.name, name) }) {
      advice = "; there is an index of that name, but it is not unique"
    } else if advice.isEmpty {
      let names = (schema.definition.primaryKeyName.map { [$0] } ?? []) + uniqueIndexes.map(\.name)
      advice = names.isEmpty ? "; it has none" : "; it has \(names.joined(separator: ", "))"
    }
    var error = UpkeepError(.unknownIndex, "\(schema.name) has no unique index named \(name)\(advice)")
    error.table = schema.name
    error.name = name
    return error
  }
}
