/// A compiled part of an expression, with what the parts above it need to know.
struct CompiledPart {
  let node: ExpressionNode
  /// The type of a column or CAST, which decides how the other side of a comparison is converted.
  var affinity: ValueType?
  /// How text compares: of a column, or of COLLATE, which outranks a column's.
  var collation: Collation?
  var isCollationExplicit = false

  init(_ node: ExpressionNode, affinity: ValueType? = nil) {
    self.node = node
    self.affinity = affinity
  }

  var literal: Value? { (node as? LiteralNode)?.value }
}

/// Turns an expression into nodes: binds names, chooses conversions and collations, folds constants.
struct ExpressionCompiler {
  let scope: ExpressionScope
  var columnsRead = Set<SlotColumn>()
  var outerColumnsRead = Set<OuterColumn>()
  var hasSubquery = false
  var isDeterministic = true
  /// Reads parameters, the time, or what became of a row.
  var readsCircumstances = false
  /// Tells what became of a row.
  var tellsOfRows = false

  init(scope: ExpressionScope) { self.scope = scope }

  mutating func compile(_ expression: Expression, depth: Int) throws(UpkeepError) -> CompiledPart {
    if depth > Expression.maximumDepth {
      throw UpkeepError(
        .limit, "an expression is nested more than \(Expression.maximumDepth) deep; write it in smaller parts"
      )
    }
    let depth = depth + 1
    try scope.subqueries?.step()
    switch expression {
    case .literal(let value):
      return CompiledPart(LiteralNode(Coercion.coerce(value, to: .any) ?? .null))
    case .column(let reference):
      return try column(reference)
    case .parameter(let number):
      readsCircumstances = true
      guard number >= 1 else { throw UpkeepError(.misuse, "parameters count from 1, not \(number)") }
      return CompiledPart(ParameterNode(number))
    case .unary(let op, let operand):
      return try unary(op, operand, depth)
    case .binary(let op, let left, let right):
      return try binary(op, left, right, depth)
    case .isNull(let operand, let negated):
      let part = try compile(operand, depth: depth)
      return folded(NullTestNode(part.node, negated), [part])
    case .inList(let operand, let list, let negated):
      return try inList(operand, list, negated, depth)
    case .between(let operand, let low, let high, let negated):
      let both = try between(
        try compile(operand, depth: depth), try compile(low, depth: depth), try compile(high, depth: depth))
      return negated ? folded(NotNode(both.node), [both]) : both
    case .like(let operand, let pattern, let escape, let negated):
      let parts = [try compile(operand, depth: depth), try compile(pattern, depth: depth)]
      let escapePart: CompiledPart?
      if let escape { escapePart = try compile(escape, depth: depth) } else { escapePart = nil }
      let node = try LikeNode(parts[0].node, parts[1].node, escape: escapePart?.node, isNegated: negated)
      return folded(node, parts + (escapePart.map { [$0] } ?? []))
    case .cases(let operand, let branches, let otherwise):
      return try cases(operand, branches, otherwise, depth)
    case .cast(let operand, let type):
      let part = try compile(operand, depth: depth)
      var cast = folded(CastNode(part.node, type), [part])
      cast.affinity = type == .any ? part.affinity : type
      return cast
    case .function(let name, let arguments):
      return try function(name, arguments, depth)
    case .aggregate(let name, _, _, _, _):
      if let column = scope.aggregates[expression] {
        scope.noteUses(in: expression)
        return self.column(column)
      }
      throw UpkeepError(.misuse, "\(name)() is over many rows and cannot be used here")
    case .window(let call):
      if let column = scope.aggregates[expression] {
        scope.noteUses(in: expression)
        return self.column(column)
      }
      throw UpkeepError(
        .misuse,
        "\(call.name)() OVER is a window function and stands only in the list of SELECT and in ORDER BY")
    case .collate(let operand, let collation):
      var part = try compile(operand, depth: depth)
      part.collation = collation
      part.isCollationExplicit = true
      return part
    case .subquery(let query, let number, let count):
      let subquery = try self.subquery(query, depth)
      try subquery.requireWidth(count)
      // As in SQLite it has the type of its column, and says nothing of how texts compare.
      return CompiledPart(SubqueryNode(subquery, number), affinity: subquery.columns[number].type)
    case .exists(let query):
      return CompiledPart(ExistsNode(try subquery(query, depth)))
    case .inQuery(let operand, let query, let negated):
      return try inQuery(operand, query, negated, depth)
    case .row:
      throw UpkeepError(.misuse, "a row value stands beside comparisons and IN only")
    }
  }

  private mutating func subquery(_ query: Query, _ depth: Int) throws(UpkeepError) -> CompiledSubquery {
    guard let subqueries = scope.subqueries else {
      throw UpkeepError(.misuse, "a subquery cannot be used here")
    }
    var around = scope
    around.depth = depth
    let compiled = try subqueries.compile(query, in: around)
    hasSubquery = true
    // What it gives is not known before the statement runs.
    readsCircumstances = true
    for read in compiled.reads {
      if read.level == 1 {
        columnsRead.insert(read.column)
      } else {
        outerColumnsRead.insert(OuterColumn(level: read.level - 1, column: read.column))
      }
    }
    return compiled
  }

  private mutating func inQuery(
    _ operand: Expression, _ query: Query, _ negated: Bool, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    if case .row(let row) = operand { return try inQuery(row: row, query, negated, depth) }
    let part = try compile(operand, depth: depth)
    let subquery = try subquery(query, depth)
    try subquery.requireWidth(1)
    let (subject, test) = membership(part, subquery.columns[0])
    return CompiledPart(InQueryNode(subject.node, subquery, test, isNegated: negated))
  }

  private mutating func inQuery(
    row: [Expression], _ query: Query, _ negated: Bool, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    var parts: [CompiledPart] = []
    for expression in row { parts.append(try compile(expression, depth: depth)) }
    let subquery = try subquery(query, depth)
    try subquery.requireWidth(row.count)
    var nodes: [ExpressionNode] = []
    var tests: [MembershipTest] = []
    for (part, column) in zip(parts, subquery.columns) {
      let (subject, test) = membership(part, column)
      nodes.append(subject.node)
      tests.append(test)
    }
    return CompiledPart(InRowsNode(nodes, subquery, tests, isNegated: negated))
  }

  /// How a value is compared with those of a column of a query, and what becomes of it first.
  private func membership(
    _ part: CompiledPart, _ column: SubqueryColumn
  ) -> (subject: CompiledPart, test: MembershipTest) {
    let test = MembershipTest(
      collation: part.collation ?? column.collation ?? .binary,
      conversion: Conversion.of(column.type, against: part.affinity))
    return (converted(part, Conversion.of(part.affinity, against: column.type)), test)
  }

  /// The column that a name means, here or in the queries around.
  private mutating func column(_ reference: ColumnReference) throws(UpkeepError) -> CompiledPart {
    var level = 0
    var place: ExpressionScope? = scope
    while let here = place {
      if reference.qualifier == nil, let merged = here.merged[Names.folded(reference.name)] {
        let parts = merged.map { column($0, level, in: here) }
        guard parts.count > 1 else { return parts[0] }
        var part = CompiledPart(FirstPresentNode(parts.map(\.node)), affinity: parts[0].affinity)
        part.collation = parts[0].collation
        return part
      }
      if let found = try here.find(reference) {
        if reference.qualifier == nil, let beside = here.outer?.scope, beside.isBesideSources,
          try beside.find(reference) != nil
        {
          throw here.ambiguous(reference, beside: beside)
        }
        here.uses?.note(reference, here.slots[found.slot].table, found.ordinal)
        return column(found, level, in: here)
      }
      place = here.outer?.scope
      level += 1
    }
    throw scope.unknown(reference)
  }

  private mutating func column(_ column: SlotColumn) -> CompiledPart { self.column(column, 0, in: scope) }

  private mutating func column(
    _ column: SlotColumn, _ level: Int, in place: ExpressionScope
  ) -> CompiledPart {
    let schema = place.column(column)
    let type = place.untyped.contains(column) ? nil : schema?.type ?? .integer
    var part: CompiledPart
    if level == 0 {
      columnsRead.insert(column)
      part = CompiledPart(ColumnNode(column, type ?? .any), affinity: type)
    } else {
      outerColumnsRead.insert(OuterColumn(level: level, column: column))
      part = CompiledPart(OuterColumnNode(level, column), affinity: type)
    }
    part.collation = schema?.collation
    return part
  }

  /// The node, or its value if all that it is made of is constant. What fails to evaluate now fails when it is
  /// evaluated for a row.
  func folded(_ node: ExpressionNode, _ parts: [CompiledPart]) -> CompiledPart {
    guard parts.allSatisfy({ $0.node is LiteralNode }), let value = try? node.evaluate(Self.emptyContext())
    else {
      return CompiledPart(node)
    }
    return CompiledPart(LiteralNode(value))
  }

  private static func emptyContext() -> EvaluationContext { EvaluationContext() }

  private mutating func unary(
    _ op: UnaryOperator, _ operand: Expression, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    let part = try compile(operand, depth: depth)
    switch op {
    case .plus:
      return CompiledPart(part.node is LiteralNode ? part.node : SameNode(part.node))
    case .not: return folded(NotNode(part.node), [part])
    case .minus, .bitNot: return folded(UnaryNode(op, part.node), [part])
    }
  }

  private mutating func binary(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    if op == .and || op == .or { return try chain(op, left, right, depth) }
    let a = try compile(left, depth: depth)
    let b = try compile(right, depth: depth)
    switch op {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .identical, .notIdentical:
      return comparison(op, a, b)
    case .concatenate:
      return folded(ConcatenationNode(a.node, b.node), [a, b])
    case .add, .subtract, .multiply, .divide, .remainder, .bitAnd, .bitOr, .shiftLeft, .shiftRight:
      return folded(ArithmeticNode(op, a.node, b.node), [a, b])
    case .and, .or: return a
    }
  }

  /// A chain of AND or OR is one node, and as deep as its deepest part, however long it is.
  private mutating func chain(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    var parts: [CompiledPart] = []
    var waiting = [right, left]
    while let next = waiting.popLast() {
      if case .binary(op, let a, let b) = next {
        waiting.append(b)
        waiting.append(a)
      } else {
        parts.append(try compile(next, depth: depth))
      }
    }
    let nodes = parts.map(\.node)
    return folded(op == .and ? ConjunctionNode(nodes) : DisjunctionNode(nodes), parts)
  }

  /// COLLATE on the left, then on the right; then the left column's collation, then the right one's.
  private func collation(_ a: CompiledPart, _ b: CompiledPart) -> Collation {
    if a.isCollationExplicit, let collation = a.collation { return collation }
    if b.isCollationExplicit, let collation = b.collation { return collation }
    return a.collation ?? b.collation ?? .binary
  }

  func comparison(_ op: BinaryOperator, _ a: CompiledPart, _ b: CompiledPart) -> CompiledPart {
    let collation = collation(a, b)
    let left = converted(a, Conversion.of(a.affinity, against: b.affinity))
    let right = converted(b, Conversion.of(b.affinity, against: a.affinity))
    if let fast = ColumnComparison.make(op, left, right, collation, scope) { return CompiledPart(fast) }
    if op == .identical || op == .notIdentical {
      return folded(
        IdentityNode(left.node, right.node, collation, isNegated: op == .notIdentical), [left, right])
    }
    return folded(ComparisonNode(op, left.node, right.node, collation), [left, right])
  }

  private func between(
    _ part: CompiledPart, _ low: CompiledPart, _ high: CompiledPart
  ) throws(UpkeepError) -> CompiledPart {
    if !part.node.isAtHand {
      return CompiledPart(
        BetweenNode(part.node, comparand(.greaterOrEqual, part, low), comparand(.lessOrEqual, part, high)))
    }
    let lower = comparison(.greaterOrEqual, part, low)
    let upper = comparison(.lessOrEqual, part, high)
    return folded(ConjunctionNode([lower.node, upper.node]), [lower, upper])
  }

  /// The right side of a comparison whose left side is found once for several.
  private func comparand(_ op: BinaryOperator, _ a: CompiledPart, _ b: CompiledPart) -> Comparand {
    Comparand(
      op: op, conversion: Conversion.of(a.affinity, against: b.affinity),
      other: converted(b, Conversion.of(b.affinity, against: a.affinity)).node, collation: collation(a, b))
  }

  private func converted(_ part: CompiledPart, _ conversion: Conversion) -> CompiledPart {
    if conversion == .none { return part }
    if let value = part.literal {
      var result = part
      result = CompiledPart(LiteralNode(conversion.apply(value)), affinity: part.affinity)
      return result
    }
    return CompiledPart(ConversionNode(part.node, conversion), affinity: part.affinity)
  }

  private mutating func inList(
    _ operand: Expression, _ list: [Expression], _ negated: Bool, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    let part = try compile(operand, depth: depth)
    let collation = part.collation ?? .binary
    // The list's items count as expressions without a type, as in SQLite.
    let conversion = Conversion.of(nil, against: part.affinity)
    var nodes: [ExpressionNode] = []
    nodes.reserveCapacity(list.count)
    var isConstant = part.node is LiteralNode
    for item in list {
      let node = converted(try compile(item, depth: depth), conversion).node
      if isConstant, !(node is LiteralNode) { isConstant = false }
      nodes.append(node)
    }
    let node = InListNode(part.node, nodes, collation, isNegated: negated)
    return isConstant ? folded(node, []) : CompiledPart(node)
  }

  private mutating func cases(
    _ operand: Expression?, _ branches: [CaseBranch], _ otherwise: Expression?, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    var subject: CompiledPart?
    if let operand { subject = try compile(operand, depth: depth) }
    if let found = subject, !found.node.isAtHand {
      return try cases(of: found, branches, otherwise, depth)
    }
    var conditions: [ExpressionNode] = []
    var results: [ExpressionNode] = []
    for branch in branches {
      let when = try compile(branch.when, depth: depth)
      conditions.append(subject.map { comparison(.equal, $0, when).node } ?? when.node)
      results.append(try compile(branch.then, depth: depth).node)
    }
    var last: ExpressionNode = LiteralNode(.null)
    if let otherwise { last = try compile(otherwise, depth: depth).node }
    return CompiledPart(CaseNode(conditions, results, last))
  }

  private mutating func cases(
    of subject: CompiledPart, _ branches: [CaseBranch], _ otherwise: Expression?, _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    var comparands: [Comparand] = []
    var results: [ExpressionNode] = []
    for branch in branches {
      comparands.append(comparand(.equal, subject, try compile(branch.when, depth: depth)))
      results.append(try compile(branch.then, depth: depth).node)
    }
    var last: ExpressionNode = LiteralNode(.null)
    if let otherwise { last = try compile(otherwise, depth: depth).node }
    return CompiledPart(SubjectCaseNode(subject.node, comparands, results, last))
  }

  private mutating func function(
    _ name: String, _ arguments: [Expression], _ depth: Int
  ) throws(UpkeepError) -> CompiledPart {
    var parts: [CompiledPart] = []
    for argument in arguments { parts.append(try compile(argument, depth: depth)) }
    if let function = ValueFunction.all[Names.folded(name)] { return try call(name, function, parts) }
    let function = try ScalarFunction.find(name, argumentCount: parts.count)
    if let wanted = function.asksFor, !scope.tells.contains(wanted.told) {
      var error = UpkeepError(.misuse, "\(name)() tells of a row only in \(wanted.place)")
      error.name = name
      throw error
    }
    if function.asksFor != nil { tellsOfRows = true }
    if function.readsCircumstances { readsCircumstances = true }
    if !function.isDeterministic { isDeterministic = false }
    let collation = parts.first?.collation ?? .binary
    let node = FunctionNode(function, parts.map(\.node), collation)
    return function.readsCircumstances || !function.isDeterministic ? CompiledPart(node) : folded(node, parts)
  }
}

extension ExpressionCompiler {
  private static func asksForZone(_ modifier: String?) -> Bool {
    modifier.map { Names.equal($0, "localtime") || Names.equal($0, "utc") } ?? false
  }

  private mutating func call(
    _ name: String, _ function: ValueFunction, _ parts: [CompiledPart]
  ) throws(UpkeepError) -> CompiledPart {
    try ScalarFunction.requireCount(parts.count, of: name, function.counts)
    // 'now' is looked for where it can be seen, so that what is computed of columns alone stays the same for the same row.
    var readsClock = false
    if function.tellsTime {
      let times = name == "strftime" ? parts.dropFirst() : parts[...]
      readsClock = times.isEmpty
      for part in name == "timediff" ? times : times.prefix(1) {
        if part.node is ParameterNode { readsClock = true }
        if let word = part.literal?.castText, Names.equal(word, "now") { readsClock = true }
      }
      // So is the zone of the system.
      for part in parts where part.node is ParameterNode || Self.asksForZone(part.literal?.castText) {
        readsClock = true
      }
    }
    if readsClock { readsCircumstances = true }
    if function.isRandom { isDeterministic = false }
    let node = ValueCallNode(name, function, parts.map(\.node), readsClock: readsClock)
    return readsClock || function.isRandom ? CompiledPart(node) : folded(node, parts)
  }
}
