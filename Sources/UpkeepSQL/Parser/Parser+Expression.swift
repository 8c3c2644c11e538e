import Upkeep

/// How tightly operators bind, as in SQLite; a greater number binds tighter.
enum Precedence {
  static let or = 1
  static let and = 2
  static let not = 3
  /// `=`, IS, IN, LIKE, BETWEEN, ISNULL
  static let equality = 4
  static let comparison = 5
  static let bits = 6
  static let sum = 7
  static let product = 8
  static let concatenation = 9
  static let collate = 10
  static let unary = 11
  /// Literals, names, calls, and what stands in parentheses.
  static let primary = 12
}

/// An expression and how deep its tree is, which bounds every walk over it.
struct Parsed {
  var value: Expression
  var depth: Int
  /// The values of a row, which has a place in comparisons only.
  var row: [Parsed]?
}

extension Parser {
  /// The deepest recursion of the reader.
  static let deepestNesting = 200
  /// The deepest tree of an expression; a chain `a + b + c + …` is as deep as it is long.
  static let deepestExpression = 1_000

  /// An expression.
  mutating func expression() throws(SyntaxError) -> Expression { try parse(Precedence.or).value }

  /// `(a, b, …)` without the parentheses; may be empty where `)` follows.
  mutating func expressionList() throws(SyntaxError) -> [Parsed] {
    var list: [Parsed] = []
    if at(.rightParen) { return list }
    repeat { list.append(try parse(Precedence.or)) } while try accept(.comma)
    return list
  }

  /// A tree one deeper than its deepest child.
  func node(_ value: Expression, over children: Parsed...) throws(SyntaxError) -> Parsed {
    try node(value, over: children)
  }

  func node(_ value: Expression, over children: [Parsed]) throws(SyntaxError) -> Parsed {
    if children.contains(where: { $0.row != nil }) { throw misplacedRow(at: token.start) }
    let depth = 1 + (children.lazy.map(\.depth).max() ?? 0)
    guard depth <= Self.deepestExpression else {
      throw source.error(
        .limit, "an expression is at most \(Self.deepestExpression) operators deep; split this one",
        at: token.start)
    }
    return Parsed(value: value, depth: depth)
  }

  /// An expression of operators that bind at least so tightly.
  mutating func parse(_ minimum: Int, allowsRow: Bool = false) throws(SyntaxError) -> Parsed {
    let start = token.start
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Self.deepestNesting else {
      throw source.error(
        .limit, "expressions nest at most \(Self.deepestNesting) levels deep here", at: token.start)
    }
    var left = try operand()
    while true {
      if let (operation, precedence) = binaryOperator(token) {
        guard precedence >= minimum else { break }
        try advance()
        let right = try parse(precedence + 1, allowsRow: true)
        left =
          left.row != nil || right.row != nil
          ? try rowComparison(operation, left, right, at: start)
          : try node(.binary(operation, left.value, right.value), over: left, right)
      } else if at(.arrow), Precedence.concatenation >= minimum {
        // The arrows of JSON are functions of that name.
        let function = source.text(try advance().range)
        let right = try parse(Precedence.concatenation + 1)
        left = try node(.function(function, [left.value, right.value]), over: left, right)
      } else if let next = try wordOperator(left, minimum, at: start) {
        left = next
      } else {
        break
      }
    }
    if left.row != nil, !allowsRow { throw misplacedRow(at: start) }
    expected.afterOperand = true
    deepestSeen = max(deepestSeen, left.depth)
    return left
  }

  /// Operators that are one token between two operands.
  private func binaryOperator(_ token: Token) -> (BinaryOperator, Int)? {
    switch token.kind {
    case .word:
      switch token.keyword {
      case .and: (.and, Precedence.and)
      case .or: (.or, Precedence.or)
      default: nil
      }
    case .equal: (.equal, Precedence.equality)
    case .notEqual: (.notEqual, Precedence.equality)
    case .less: (.less, Precedence.comparison)
    case .lessOrEqual: (.lessOrEqual, Precedence.comparison)
    case .greater: (.greater, Precedence.comparison)
    case .greaterOrEqual: (.greaterOrEqual, Precedence.comparison)
    case .ampersand: (.bitAnd, Precedence.bits)
    case .pipe: (.bitOr, Precedence.bits)
    case .shiftLeft: (.shiftLeft, Precedence.bits)
    case .shiftRight: (.shiftRight, Precedence.bits)
    case .plus: (.add, Precedence.sum)
    case .minus: (.subtract, Precedence.sum)
    case .star: (.multiply, Precedence.product)
    case .slash: (.divide, Precedence.product)
    case .percent: (.remainder, Precedence.product)
    case .concatenate: (.concatenate, Precedence.concatenation)
    default: nil
    }
  }

  /// Operators of words: IS, IN, LIKE, BETWEEN, COLLATE and the forms with NOT.
  private mutating func wordOperator(
    _ left: Parsed, _ minimum: Int, at start: Int
  ) throws(SyntaxError) -> Parsed? {
    guard token.kind == .word, let keyword = token.keyword else { return nil }
    if keyword == .collate {
      guard Precedence.collate >= minimum else { return nil }
      try advance()
      return try node(.collate(left.value, collation()), over: left)
    }
    guard Precedence.equality >= minimum else { return nil }
    switch keyword {
    case .is: return try identity(left, at: start)
    case .isnull:
      try advance()
      return try node(.isNull(left.value, negated: false), over: left)
    case .notnull:
      try advance()
      return try node(.isNull(left.value, negated: true), over: left)
    case .in, .like, .between:
      return try membership(left, negated: false, at: start)
    case .glob, .regexp, .match:
      // These are names too: `SELECT a match` calls a column so.
      let next = try peek()
      guard next.kind != .endOfText, next.kind != .semicolon, next.kind != .comma, next.kind != .rightParen,
        next.keyword?.isReserved != true || next.keyword == .case || next.keyword == .null
      else { return nil }
      if keyword == .glob { return try membership(left, negated: false, at: start) }
      throw unsupported("the operator \(keyword.text)", hint: "LIKE and GLOB are")
    case .not:
      switch try peek().keyword {
      case .null?:
        try advance()
        try advance()
        return try node(.isNull(left.value, negated: true), over: left)
      case .in?, .like?, .between?, .glob?:
        try advance()
        return try membership(left, negated: true, at: start)
      case .regexp?, .match?:
        throw unsupported("the operator \(describe(try peek()))")
      default: return nil
      }
    default: return nil
    }
  }

  /// `IS NULL`, `IS [NOT] x`, `IS [NOT] DISTINCT FROM x`, `IS [NOT] TRUE`
  private mutating func identity(_ left: Parsed, at start: Int) throws(SyntaxError) -> Parsed {
    try advance()
    var negated = try accept(.not)
    if try accept(.null) { return try node(.isNull(left.value, negated: negated), over: left) }
    if try accept(.distinct) {
      try expect(.from)
      negated.toggle()
    } else if at(.true) || at(.false) {
      if left.row != nil { throw misplacedRow(at: start) }
      // A truth test, which NULL fails: not a comparison with 1 or 0.
      let wanted = try advance().keyword == .true
      let condition = wanted ? left.value : .unary(.not, left.value)
      return try node(
        .cases(
          operand: nil,
          branches: [CaseBranch(when: condition, then: .literal(.integer(negated ? 0 : 1)))],
          otherwise: .literal(.integer(negated ? 1 : 0))),
        over: Parsed(value: condition, depth: left.depth + 1))
    }
    let right = try parse(Precedence.equality + 1, allowsRow: true)
    if left.row != nil || right.row != nil {
      return try rowComparison(negated ? .notIdentical : .identical, left, right, at: start)
    }
    return try node(.binary(negated ? .notIdentical : .identical, left.value, right.value), over: left, right)
  }

  /// IN, LIKE and BETWEEN.
  private mutating func membership(
    _ left: Parsed, negated: Bool, at start: Int
  ) throws(SyntaxError) -> Parsed {
    // A row on the left has a place in IN and BETWEEN; the depth of its parts counts.
    let isRow = left.row != nil
    let subject = Parsed(value: left.value, depth: left.depth)
    switch try advance().keyword {
    case .in:
      guard at(.leftParen) else {
        guard atName else {
          expected.insert(.leftParen)
          throw unexpected()
        }
        // IN over all rows of a table.
        let all = Query(all: .table(TableReference(try tableName())))
        return try node(.inQuery(left.value, all, negated: negated), over: subject)
      }
      try advance()
      if try atQuery {
        let inner = try subquery()
        try expect(.rightParen)
        return try node(
          .inQuery(left.value, inner.query, negated: negated), over: subject,
          Parsed(value: left.value, depth: inner.depth))
      }
      if isRow { return try rowList(left, negated: negated, at: start) }
      // The list may be very long: it is kept once.
      var list: [Expression] = []
      var deepest = left.depth
      if !at(.rightParen) {
        repeat {
          let item = try parse(Precedence.or)
          list.append(item.value)
          deepest = max(deepest, item.depth)
        } while try accept(.comma)
      }
      try expect(.rightParen)
      return try node(
        .inList(left.value, list, negated: negated), over: Parsed(value: left.value, depth: deepest))
    case .like:
      let pattern = try parse(Precedence.equality + 1)
      guard try accept(.escape) else {
        return try node(
          .like(left.value, pattern: pattern.value, escape: nil, negated: negated), over: left, pattern)
      }
      let escape = try parse(Precedence.equality + 1)
      return try node(
        .like(left.value, pattern: pattern.value, escape: escape.value, negated: negated),
        over: left, pattern, escape)
    case .glob:
      let pattern = try parse(Precedence.equality + 1)
      if at(.escape) { throw unsupported("ESCAPE behind GLOB", hint: "write [*] for a star") }
      let matches = try node(.function("glob", [pattern.value, left.value]), over: left, pattern)
      return negated ? try node(.unary(.not, matches.value), over: matches) : matches
    default:
      let low = try parse(Precedence.equality, allowsRow: true)
      try expect(.and)
      let high = try parse(Precedence.equality + 1, allowsRow: true)
      if isRow || low.row != nil || high.row != nil {
        return try rowBetween(left, low, high, negated: negated, at: start)
      }
      return try node(.between(left.value, low.value, high.value, negated: negated), over: left, low, high)
    }
  }

  /// A query within an expression, and the depth of its deepest one.
  mutating func subquery() throws(SyntaxError) -> (query: Query, depth: Int) {
    let outside = deepestSeen
    deepestSeen = 0
    let query = try query()
    let depth = deepestSeen
    deepestSeen = max(outside, depth)
    return (query, depth)
  }

  /// The name of a collation.
  mutating func collation() throws(SyntaxError) -> Collation {
    let start = token.start
    switch try name("the name of a collation").lowercased() {
    case "binary": return .binary
    case "nocase": return .nocase
    case let other:
      throw source.error(
        .unsupported, "there is no collation \(other); BINARY and NOCASE are supported", at: start)
    }
  }
}
