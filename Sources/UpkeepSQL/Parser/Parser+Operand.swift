import Upkeep

/// What stands between operators: literals, names, calls, CASE, CAST, and prefix operators with theirs.
extension Parser {
  mutating func operand() throws(SyntaxError) -> Parsed {
    switch token.kind {
    case .integer, .real: return Parsed(value: .literal(try number(negative: false)), depth: 1)
    case .string: return Parsed(value: .literal(.text(try unquoted(advance()))), depth: 1)
    case .blob: return Parsed(value: .literal(.blob(try blob(advance()))), depth: 1)
    case .parameter: return try parameter()
    case .minus, .plus, .tilde: return try signed()
    case .leftParen: return try parenthesized()
    case .quotedName: return try nameOrCall()
    case .word: return try wordOperand()
    default: throw unexpected("an expression")
    }
  }

  private mutating func wordOperand() throws(SyntaxError) -> Parsed {
    switch token.keyword {
    case .not?:
      try advance()
      let inner = try parse(Precedence.not)
      return try node(.unary(.not, inner.value), over: inner)
    case .null?:
      try advance()
      return Parsed(value: .literal(.null), depth: 1)
    case .true?, .false?:
      return Parsed(value: .literal(.boolean(try advance().keyword == .true)), depth: 1)
    case .case?: return try cases()
    case .cast? where try peek().kind == .leftParen: return try cast()
    case .exists?:
      try advance()
      try expect(.leftParen)
      guard try atQuery else { throw unexpected("a query") }
      let inner = try subquery()
      try expect(.rightParen)
      return try node(.exists(inner.query), over: Parsed(value: .literal(.null), depth: inner.depth))
    case .select?, .values?:
      throw source.error(.syntax, "a query within an expression stands in parentheses", at: token.start)
    case .raise? where try peek().kind == .leftParen: throw unsupported("RAISE")
    case .current_timestamp?:
      guard try peek().kind != .leftParen, try peek().kind != .dot else { return try nameOrCall() }
      try advance()
      return Parsed(value: .function("now", []), depth: 1)
    case .current_date?, .current_time?:
      guard try peek().kind != .leftParen, try peek().kind != .dot else { return try nameOrCall() }
      let function = try advance().keyword == .current_date ? "date" : "time"
      return Parsed(value: .function(function, []), depth: 1)
    case .timestamp?, .uuid?, .json?:
      // `TIMESTAMP '…'`: a literal of that type.
      guard try peek().kind == .string else { return try nameOrCall() }
      return Parsed(value: .literal(try typedLiteral()), depth: 1)
    default:
      guard atName else {
        if let keyword = token.keyword, keyword.isReserved { throw misplaced(keyword) }
        throw unexpected("an expression")
      }
      return try nameOrCall()
    }
  }

  /// A reserved word where an expression should be.
  private func misplaced(_ keyword: Keyword) -> SyntaxError {
    source.error(
      .syntax,
      "found \(source.text(token.range)), expected an expression; "
        + "to use this reserved word as a name, write \"\(source.text(token.range))\"",
      at: token.start)
  }

  private mutating func parenthesized() throws(SyntaxError) -> Parsed {
    try advance()
    if try atQuery {
      let inner = try subquery()
      try expect(.rightParen)
      return try node(.subquery(inner.query), over: Parsed(value: .literal(.null), depth: inner.depth))
    }
    var inner = try parse(Precedence.or, allowsRow: true)
    if at(.comma), inner.row == nil { inner = try rowValue(inner) }
    try expect(.rightParen)
    return inner
  }

  /// `-x`, `+x`, `~x`. A minus right before a number is part of it, so that the least integer can be written.
  private mutating func signed() throws(SyntaxError) -> Parsed {
    let sign = try advance().kind
    if sign == .minus, at(.integer) || at(.real) {
      return Parsed(value: .literal(try number(negative: true)), depth: 1)
    }
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Self.deepestNesting else {
      throw source.error(
        .limit, "expressions nest at most \(Self.deepestNesting) levels deep here", at: token.start)
    }
    let inner = try operand()
    let operation: UnaryOperator = sign == .minus ? .minus : sign == .plus ? .plus : .bitNot
    return try node(.unary(operation, inner.value), over: inner)
  }

  private mutating func parameter() throws(SyntaxError) -> Parsed {
    let written = token
    switch parameters.resolve(source.text(token.range)) {
    case .success(let value):
      try advance()
      return Parsed(value: value, depth: 1)
    case .failure(let error):
      throw source.error(.misuse, error.message, at: written.start)
    }
  }

  // MARK: - Names and calls

  /// `c`, `t.c`, `main.t.c`, `f(…)`. Within a statement a table goes by its bare name.
  private mutating func nameOrCall() throws(SyntaxError) -> Parsed {
    let start = token.start
    let first = try name("a name")
    if at(.leftParen) { return try call(first, start) }
    guard try accept(.dot) else { return column(first, start) }
    if at(.star) {
      throw source.error(
        .syntax,
        "found \(first).*, expected an expression; * stands for columns only "
          + "alone in a list", at: start)
    }
    let secondStart = token.start
    let second = try name("the name of a column")
    guard try accept(.dot) else { return column(second, of: first, secondStart) }
    guard QualifiedName.Database(rawValue: first.lowercased()) != nil else {
      throw noDatabase(first, at: start)
    }
    let thirdStart = token.start
    return column(try name("the name of a column"), of: second, thirdStart)
  }

  private func column(_ name: String, of qualifier: String? = nil, _ start: Int) -> Parsed {
    var reference = ColumnReference(name, of: qualifier)
    reference.place = SourcePlace(start)
    return Parsed(value: .column(reference), depth: 1)
  }

  private mutating func call(_ written: String, _ start: Int) throws(SyntaxError) -> Parsed {
    let function = written.lowercased()
    places.functions.append(start)
    try advance()
    var arguments: [Parsed] = []
    var isDistinct = false
    var isStar = false
    var order: [OrderTerm] = []
    if at(.star) {
      guard function == "count" else {
        throw source.error(.syntax, "found \(written)(*); * is an argument of COUNT only", at: token.start)
      }
      try advance()
      isStar = true
    } else {
      isDistinct = try accept(.distinct)
      arguments = try expressionList()
      if try accept(.order) {
        try expect(.by)
        order = try orderTerms()
      }
    }
    try expect(.rightParen)
    let filter = try filter(function)
    if let window = try over() {
      guard !isDistinct, order.isEmpty else {
        throw source.error(
          .unsupported, "\(isDistinct ? "DISTINCT" : "ORDER BY") in a window function is not supported",
          at: start)
      }
      let call = WindowCall(function, arguments.map(\.value), filter: filter?.value, over: window)
      return try node(.window(call), over: arguments + (filter.map { [$0] } ?? []))
    }
    if Self.windowFunctions.contains(function) {
      throw source.error(
        .misuse, "\(written)() looks at the rows around a row: write \(written)(…) OVER (ORDER BY …)",
        at: start)
    }
    let takesTwo = ["group_concat", "string_agg", "json_group_object"].contains(function)
    let isAggregate =
      switch function {
      case "count", "sum", "avg", "total", "json_group_array": true
      case "min", "max": arguments.count == 1
      default: takesTwo
      }
    if isAggregate {
      guard isStar || !arguments.isEmpty || function == "count" else {
        throw source.error(.syntax, "\(function.uppercased()) takes an argument", at: start)
      }
      guard arguments.count <= (takesTwo ? 2 : 1) else {
        throw source.error(
          .syntax, "\(function.uppercased()) takes \(takesTwo ? "two arguments" : "one argument")", at: start)
      }
      guard !isDistinct || arguments.count == 1 else {
        throw source.error(.syntax, "DISTINCT takes one argument", at: start)
      }
      return try node(
        .aggregate(
          function, arguments.map(\.value), isDistinct: isDistinct, filter: filter?.value, order: order),
        over: arguments + (filter.map { [$0] } ?? []))
    }
    if filter != nil {
      throw source.error(.syntax, "FILTER stands behind aggregates only, and \(written) is none", at: start)
    }
    if !order.isEmpty {
      throw source.error(.syntax, "ORDER BY stands in aggregates only, and \(written) is none", at: start)
    }
    if isDistinct {
      throw source.error(.syntax, "DISTINCT stands in aggregates only, and \(written) is none", at: start)
    }
    return try node(.function(function, arguments.map(\.value)), over: arguments)
  }

  /// `FILTER (WHERE …)` behind a call.
  private mutating func filter(_ function: String) throws(SyntaxError) -> Parsed? {
    guard at(.filter), try peek().kind == .leftParen, try peek(2).keyword == .where else { return nil }
    try advance()
    try advance()
    try advance()
    let condition = try parse(Precedence.or)
    try expect(.rightParen)
    return condition
  }

  private mutating func cases() throws(SyntaxError) -> Parsed {
    try advance()
    var parts: [Parsed] = []
    let operand = at(.when) ? nil : try parse(Precedence.or)
    if let operand { parts.append(operand) }
    var branches: [CaseBranch] = []
    try expect(.when)
    repeat {
      let when = try parse(Precedence.or)
      try expect(.then)
      let then = try parse(Precedence.or)
      branches.append(CaseBranch(when: when.value, then: then.value))
      parts += [when, then]
    } while try accept(.when)
    let otherwise = try accept(.else) ? try parse(Precedence.or) : nil
    if let otherwise { parts.append(otherwise) }
    try expect(.end)
    return try node(
      .cases(operand: operand?.value, branches: branches, otherwise: otherwise?.value), over: parts)
  }

  private mutating func cast() throws(SyntaxError) -> Parsed {
    try advance()
    try expect(.leftParen)
    let inner = try parse(Precedence.or)
    try expect(.as)
    guard let type = try typeName() else { throw unexpected("the name of a type") }
    try expect(.rightParen)
    return try node(.cast(inner.value, type.type), over: inner)
  }
}
