internal import UpkeepStorage

/// One part of a key as a search sees it: which column it is, and how its values become bytes.
struct SearchPart {
  /// The column; nil for an expression.
  var column: Int?
  /// What conditions are about that bind it: a column, or an expression by its number in the table.
  var subject: Int
  var key: KeyPart

  var type: ValueType { key.type }
  var collation: Collation { key.collation }
  var isDescending: Bool { key.isDescending }
  var isNullable: Bool { key.isNullable }
  /// Whether a collation makes a difference to it.
  var comparesText: Bool { key.type == .text || key.type == .any || key.type == .json }

  /// What it tells apart: under this collation values with the same bytes are equal.
  var equality: Collation { comparesText ? collation : .binary }

  /// The bytes of a value of the part's own type; nil if it has none.
  func encode(_ value: Value) -> [UInt8]? {
    let buffer = ByteBuffer()
    guard (try? KeyCodec.append(value, key, to: buffer)) != nil else { return nil }
    return Array(buffer.bytes)
  }
}

extension TableSchema {
  /// The columns of the primary key in key order; the rowid, one past the last column, without one.
  var keyColumns: [Int] { hasHiddenRowid ? [columns.count] : primaryKey }

  /// The parts of the key of the table's own tree.
  var searchParts: [SearchPart] {
    zip(keyColumns, keyParts).map { SearchPart(column: $0, subject: $0, key: $1) }
  }

  /// The parts of the key of an index's tree, without the primary key that may follow.
  func searchParts(of index: IndexSchema) -> [SearchPart] {
    index.parts.map { part in
      SearchPart(
        column: part.column,
        subject: part.column ?? subject(of: ownNames(part.expression, names: [name])) ?? .max, key: part.key)
    }
  }

  /// Whether a column is part of the table's key or of one of its indexes.
  func isInKeys(_ column: Int) -> Bool {
    keyColumns.contains(column) || indexes.contains { $0.parts.contains { $0.column == column } }
  }

  /// Expressions that are parts of indexes.
  var indexedExpressions: [IndexPartSchema] { indexes.flatMap { $0.parts.filter { $0.column == nil } } }

  /// The number of an indexed expression: those come after the columns and the rowid, equal ones share theirs.
  ///
  /// - Parameter expression: by `ownNames`. A table name that is left in it is that of another row.
  func subject(of expression: Expression) -> Int? {
    indexedExpressions.firstIndex { ownNames($0.expression, names: [name]) == expression }
      .map { columns.count + 1 + $0 }
  }

  /// The expression with its columns called as the table calls them, so that what means the same is equal.
  ///
  /// - Parameter names: the table's names where the expression stands.
  func ownNames(_ expression: Expression, names: [String]) -> Expression {
    expression.replacing { part in
      guard case .column(let reference) = part else { return nil }
      if let qualifier = reference.qualifier, !names.contains(where: { Names.equal($0, qualifier) }) {
        return nil
      }
      guard let ordinal = ordinal(of: reference.name), ordinal < columns.count else { return nil }
      return .column(ColumnReference(columns[ordinal].name))
    }
  }

  /// The name of a column or of the rowid.
  func columnName(_ ordinal: Int) -> String { ordinal < columns.count ? columns[ordinal].name : "rowid" }

  /// A column's name, or an indexed expression as it is written.
  func subjectName(_ subject: Int) -> String {
    let number = subject - columns.count - 1
    let expressions = indexedExpressions
    return expressions.indices.contains(number)
      ? expressions[number].expression.shortText : columnName(subject)
  }

  /// The columns whose values the entries of an index give back exactly.
  func columnsGivenBack(by index: IndexSchema) -> Set<Int> {
    var result = Set<Int>()
    for part in index.parts {
      if let column = part.column, part.key.givesValueBack { result.insert(column) }
    }
    for part in searchParts {
      if let column = part.column, part.key.givesValueBack { result.insert(column) }
    }
    return result
  }
}

/// The ranges of a key's tree in which all rows lie that meet some conditions: leading parts bound to
/// points, then at most one part bound to a range.
struct KeySearch {
  /// In key order, disjoint.
  var ranges: [KeyBounds] = []
  /// The conditions that hold for every row in the ranges, and need no further check.
  var settled: Set<Int> = []
  /// How many leading parts have exactly one value: they are constants in what the search gives.
  var constantParts = 0
  /// How many leading parts are bound to one or more values.
  var pointParts = 0
  /// Whether some part is bound at all.
  var isBound = false
  /// Whether NULL is among the values of the point parts.
  var hasNull = false
  /// How each bound part is bound, for people.
  var notes: [String] = []

  /// The most ranges: where the values of several parts would make more, those of the later one bound a range only,
  /// from the least to the greatest, and are checked row by row.
  static let mostPoints = 4096

  /// - Parameter names: what the subjects are called; nil if nothing is to be noted for people.
  init(_ parts: [SearchPart], _ conjuncts: [Conjunct], names: ((Int) -> String)?) {
    var prefixes: [[UInt8]] = [[]]
    for part in parts {
      let subject = part.subject
      let points = Self.points(part, subject, conjuncts)
      if let points, prefixes.count * points.keys.count <= Self.mostPoints {
        prefixes = prefixes.flatMap { prefix in points.keys.map { prefix + $0 } }
        if points.isExact { settled.insert(points.conjunct) }
        if points.keys.count == 1 && constantParts == pointParts { constantParts += 1 }
        pointParts += 1
        isBound = true
        if points.hasNull { hasNull = true }
        if let names { notes.append(Self.note(names(subject), points.values)) }
        continue
      }
      var bounds = PartBounds(part, subject, conjuncts)
      if let points { bounds.limit(to: points.keys) }
      if bounds.isBound {
        isBound = true
        settled.formUnion(bounds.settled)
        if let names { notes += bounds.notes.map { "\(names(subject)) \($0)" } }
        ranges = prefixes.compactMap { bounds.range(after: $0) }
        sort()
        return
      }
      break
    }
    ranges = prefixes.map { KeyBounds.beginning(with: $0) }
    sort()
  }

  private mutating func sort() {
    ranges.removeAll { $0.isEmpty }
    if ranges.count > 1 {
      ranges.sort { lessThan($0.lower ?? [], $1.lower ?? []) }
    }
  }

  private static func note(_ name: String, _ values: [Value]) -> String {
    if values.count == 1, let only = values.first {
      return only == .null ? "\(name) IS NULL" : "\(name) = \(only.literalText)"
    }
    if values.count > 4 { return "\(name) IN (\(values.count) values)" }
    return "\(name) IN (\(values.map(\.literalText).joined(separator: ", ")))"
  }

  private struct Points {
    var conjunct: Int
    var keys: [[UInt8]]
    var values: [Value]
    var isExact: Bool
    var hasNull: Bool
  }

  /// The condition that leaves the fewest values for a part.
  private static func points(_ part: SearchPart, _ subject: Int, _ conjuncts: [Conjunct]) -> Points? {
    var best: Points?
    for (number, conjunct) in conjuncts.enumerated() {
      guard let term = conjunct.term, term.subject == subject, case .oneOf(let values) = term.test else {
        continue
      }
      if let best, best.values.count <= values.count { continue }
      guard let points = points(part, term, values, number) else { continue }
      best = points
    }
    return best
  }

  private static func points(
    _ part: SearchPart, _ term: ColumnTerm, _ values: [Value], _ number: Int
  ) -> Points? {
    var result = Points(conjunct: number, keys: [], values: [], isExact: true, hasNull: false)
    let known = ByteKeyTable()
    for value in values {
      let key: Value
      if value == .null {
        if !part.isNullable { continue }
        key = value
        result.hasNull = true
      } else {
        switch KeyConstant(value, for: part.type) {
        case .exact(let exact): key = exact
        case .justAbove, .belowAll, .aboveAll: continue
        case .unusable: return nil
        }
        if case .text = key, term.collation != part.collation {
          // Equal bytes are equal without regard to case too; not the other way round.
          if part.collation == .binary { return nil }
          result.isExact = false
        }
      }
      guard let bytes = part.encode(key) else { return nil }
      let before = known.count
      _ = bytes.withUnsafeBytes { known.insert($0) }
      if known.count > before {
        result.keys.append(bytes)
        result.values.append(key)
      }
    }
    return result
  }
}

/// The range that conditions leave to one part of a key, as bytes after the parts before it.
private struct PartBounds {
  var lower: [UInt8]?
  var upper: [UInt8]?
  var isNothing = false
  var settled: Set<Int> = []
  var notes: [String] = []
  var isBound: Bool { !settled.isEmpty || isHull }
  /// Whether it is bound by the ends of a list.
  private var isHull = false

  private let part: SearchPart

  init(_ part: SearchPart, _ subject: Int, _ conjuncts: [Conjunct]) {
    self.part = part
    for (number, conjunct) in conjuncts.enumerated() {
      guard let term = conjunct.term, term.subject == subject else { continue }
      switch term.test {
      case .oneOf: continue
      case .notNull:
        settled.insert(number)
        notes.append("IS NOT NULL")
      case .above(let value, let orEqual): bound(value, orEqual, isLower: true, term, number)
      case .below(let value, let orEqual): bound(value, orEqual, isLower: false, term, number)
      }
    }
    guard isBound, part.isNullable, let null = part.encode(.null) else { return }
    // Every comparison leaves out NULL, which lies at the low end, in a descending part at the high end.
    if part.isDescending { limitAbove(null) } else { limitBelow(KeyBounds.successor(of: null)) }
  }

  private mutating func bound(
    _ value: Value, _ orEqual: Bool, isLower: Bool, _ term: ColumnTerm, _ number: Int
  ) {
    var value = value
    var orEqual = orEqual
    switch KeyConstant(value, for: part.type) {
    case .exact(let exact): value = exact
    case .justAbove(let below):
      // c > 2.5 is c > 2; c < 2.5 is c <= 2.
      value = below
      orEqual = !isLower
    case .belowAll:
      settled.insert(number)
      if !isLower { isNothing = true }
      return
    case .aboveAll:
      settled.insert(number)
      if isLower { isNothing = true }
      return
    case .unusable: return
    }
    if term.collation != part.collation {
      // Text of another collation lies in another order; in an untyped column, texts are among the rest.
      if part.type == .any || part.type == .text { return }
    }
    guard let bytes = part.encode(value) else { return }
    settled.insert(number)
    notes.append("\(isLower ? ">" : "<")\(orEqual ? "=" : "") \(value.literalText)")
    switch (isLower != part.isDescending, orEqual) {
    case (true, true): limitBelow(bytes)
    case (true, false): limitBelow(KeyBounds.successor(of: bytes))
    case (false, true): limitAbove(KeyBounds.successor(of: bytes))
    case (false, false): limitAbove(bytes)
    }
  }

  /// Leaves what lies between the least and the greatest of the keys; the list is not settled by that.
  mutating func limit(to keys: [[UInt8]]) {
    guard let least = keys.min(by: lessThan), let greatest = keys.max(by: lessThan) else { return }
    isHull = true
    limitBelow(least)
    limitAbove(KeyBounds.successor(of: greatest))
    notes.append("within a list of \(keys.count)")
  }

  private mutating func limitBelow(_ bytes: [UInt8]?) {
    guard let bytes else {
      isNothing = true
      return
    }
    if let lower, !lessThan(lower, bytes) { return }
    lower = bytes
  }

  private mutating func limitAbove(_ bytes: [UInt8]?) {
    guard let bytes else { return }
    if let upper, !lessThan(bytes, upper) { return }
    upper = bytes
  }

  func range(after prefix: [UInt8]) -> KeyBounds? {
    if isNothing { return nil }
    let whole = KeyBounds.beginning(with: prefix)
    return KeyBounds(
      lower: lower.map { prefix + $0 } ?? whole.lower, upper: upper.map { prefix + $0 } ?? whole.upper)
  }
}

extension KeyBounds {
  /// All keys that begin with a prefix; of an empty one, all.
  static func beginning(with prefix: [UInt8]) -> KeyBounds {
    prefix.isEmpty ? .all : KeyBounds(prefix: prefix)
  }

  /// Certainly without a key.
  var isEmpty: Bool {
    guard let upper else { return false }
    return upper.isEmpty || (lower.map { !lessThan($0, upper) } ?? false)
  }
}

/// The order of keys.
private func lessThan(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.withUnsafeBytes { Bytes.compare($0, b) < 0 } }
