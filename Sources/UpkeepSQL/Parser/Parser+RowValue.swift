import Upkeep

/// Row values: `(a, b) = (1, 2)`, `(a, b) < (x, y)`, `(a, b) IN (…)`. Comparisons of rows are written out as those of their
/// parts, so that keys and indexes serve them as they serve those.
extension Parser {
  /// The most values of a row.
  private static let widestRow = 100
  /// How many comparisons of rows stand in one another.
  private static let mostRowLevels = 4

  /// The rest of `(a, b, …)`, behind its first value.
  mutating func rowValue(_ first: Parsed) throws(SyntaxError) -> Parsed {
    let start = token.start
    var parts = [first]
    while try accept(.comma) {
      parts.append(try parse(Precedence.or))
      guard parts.count <= Self.widestRow else {
        throw source.error(.limit, "a row has at most \(Self.widestRow) values", at: start)
      }
    }
    var row = Parsed(value: .row(parts.map(\.value)), depth: 1 + (parts.map(\.depth).max() ?? 0))
    row.row = parts
    return row
  }

  /// The error for a row where one value is wanted.
  func misplacedRow(at offset: Int) -> SyntaxError {
    source.error(
      .misuse, "a row value stands beside =, <>, <, <=, >, >=, IS, IN and BETWEEN only", at: offset)
  }

  /// Notes a comparison of rows that was read. What stands in it is written out several times, so that one in another in
  /// another would soon be too much.
  private mutating func note(from start: Int) throws(SyntaxError) {
    var levels = 1
    while let last = rowComparisons.last, last.start >= start {
      levels = max(levels, last.levels + 1)
      rowComparisons.removeLast()
    }
    guard levels <= Self.mostRowLevels else {
      throw source.error(
        .limit, "comparisons of rows stand at most \(Self.mostRowLevels) deep in one another", at: start)
    }
    rowComparisons.append((start, levels))
  }

  /// A comparison of which at least one side is a row.
  mutating func rowComparison(
    _ operation: BinaryOperator, _ left: Parsed, _ right: Parsed, at offset: Int
  ) throws(SyntaxError) -> Parsed {
    try note(from: offset)
    return try comparison(operation, left, right, at: offset)
  }

  private func comparison(
    _ operation: BinaryOperator, _ left: Parsed, _ right: Parsed, at offset: Int
  ) throws(SyntaxError) -> Parsed {
    let count = left.row?.count ?? right.row?.count ?? 1
    let pairs = zip(try parts(left, count, at: offset), try parts(right, count, at: offset))
    func all(
      _ joint: BinaryOperator, _ test: BinaryOperator
    ) throws(SyntaxError) -> Parsed {
      var result: Parsed?
      for (a, b) in pairs {
        let one = try node(.binary(test, a.value, b.value), over: a, b)
        if let before = result {
          result = try node(.binary(joint, before.value, one.value), over: before, one)
        } else {
          result = one
        }
      }
      return result ?? left
    }
    switch operation {
    case .equal, .identical: return try all(.and, operation)
    case .notEqual, .notIdentical: return try all(.or, operation)
    case .less, .lessOrEqual: return try order(Array(pairs), operation, .less, .lessOrEqual)
    case .greater, .greaterOrEqual: return try order(Array(pairs), operation, .greater, .greaterOrEqual)
    default: throw misplacedRow(at: offset)
    }
  }

  /// `a <= x AND (a < x OR (b, …) < (y, …))`: the first part alone bounds a key.
  private func order(
    _ pairs: [(Parsed, Parsed)], _ last: BinaryOperator, _ strict: BinaryOperator, _ weak: BinaryOperator
  ) throws(SyntaxError) -> Parsed {
    var result: Parsed?
    for (a, b) in pairs.reversed() {
      guard let rest = result else {
        result = try node(.binary(last, a.value, b.value), over: a, b)
        continue
      }
      let bound = try node(.binary(weak, a.value, b.value), over: a, b)
      let decided = try node(.binary(strict, a.value, b.value), over: a, b)
      let either = try node(.binary(.or, decided.value, rest.value), over: decided, rest)
      result = try node(.binary(.and, bound.value, either.value), over: bound, either)
    }
    return result ?? Parsed(value: .literal(.null), depth: 1)
  }

  /// The parts of a row, or of the row that a query in parentheses gives.
  private func parts(_ side: Parsed, _ count: Int, at offset: Int) throws(SyntaxError) -> [Parsed] {
    if let row = side.row {
      guard row.count == count else {
        throw source.error(
          .misuse, "rows of \(count) and \(row.count) values are compared; they must be as many", at: offset)
      }
      return row
    }
    guard case .subquery(let query, _, _) = side.value else {
      throw source.error(.misuse, "a row of \(count) values is compared with a single value", at: offset)
    }
    return (0..<count).map {
      Parsed(value: .subquery(query, column: $0, of: count), depth: side.depth)
    }
  }

  /// `(a, b) IN ((1, 2), (3, 4))` behind the first parenthesis.
  mutating func rowList(_ left: Parsed, negated: Bool, at offset: Int) throws(SyntaxError) -> Parsed {
    var cases: [Parsed] = []
    repeat {
      let start = token.start
      let item = try parse(Precedence.or, allowsRow: true)
      cases.append(try comparison(.equal, left, item, at: start))
    } while try accept(.comma)
    try note(from: offset)
    try expect(.rightParen)
    // In pairs, and pairs of pairs, so that a long list makes no deep tree.
    while cases.count > 1 {
      var joined: [Parsed] = []
      for position in stride(from: 0, to: cases.count, by: 2) {
        let one = cases[position]
        guard position + 1 < cases.count else {
          joined.append(one)
          break
        }
        let other = cases[position + 1]
        joined.append(try node(.binary(.or, one.value, other.value), over: one, other))
      }
      cases = joined
    }
    return negated ? try node(.unary(.not, cases[0].value), over: cases[0]) : cases[0]
  }

  /// `low <= row AND row <= high`
  mutating func rowBetween(
    _ left: Parsed, _ low: Parsed, _ high: Parsed, negated: Bool, at offset: Int
  ) throws(SyntaxError) -> Parsed {
    try note(from: offset)
    let above = try comparison(.greaterOrEqual, left, low, at: offset)
    let below = try comparison(.lessOrEqual, left, high, at: offset)
    let both = try node(.binary(.and, above.value, below.value), over: above, below)
    return negated ? try node(.unary(.not, both.value), over: both) : both
  }
}
