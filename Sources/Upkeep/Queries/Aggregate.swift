/// One aggregate of a query, such as `sum(x)`, made ready.
struct Aggregate {
  enum Function: String {
    case count, sum, total, avg, min, max
    case groupConcat = "group_concat"
    case stringAgg = "string_agg"
    case jsonGroupArray = "json_group_array"
    case jsonGroupObject = "json_group_object"
  }

  let function: Function
  /// What is aggregated; nil for `count(*)`.
  let argument: CompiledExpression?
  /// The column, if the argument is one of slot 0.
  let column: Int?
  let isDistinct: Bool
  /// Only rows for which it is true; nil for all.
  let filter: CompiledExpression?
  /// What stands between texts, nil for a comma; the value of a JSON member.
  let second: CompiledExpression?
  /// In which order values come; empty where it does not matter.
  let order: [SortTerm]

  /// Whether what it keeps of a group grows with the group's rows.
  var growsWithRows: Bool {
    switch function {
    case .count, .sum, .total, .avg, .min, .max: false
    case .groupConcat, .stringAgg, .jsonGroupArray, .jsonGroupObject: true
    }
  }

  /// Where the row in the context stands in the order of ORDER BY, as bytes; nil without one.
  func orderKey(_ context: EvaluationContext) throws(UpkeepError) -> Value? {
    if order.isEmpty { return nil }
    let key = ByteBuffer(capacity: 32)
    for term in order { try term.append(try term.value(context), to: key) }
    return .blob(Array(key.bytes))
  }

  /// - Throws: `unknownFunction` or `misuse` for a call that is no aggregate.
  init(_ call: Expression, in scope: ExpressionScope) throws(UpkeepError) {
    guard case .aggregate(let name, let arguments, let isDistinct, let filter, let order) = call else {
      throw UpkeepError(.misuse, "an aggregate is wanted here")
    }
    guard let function = Function(rawValue: name) else {
      var error = UpkeepError(.unknownFunction, "there is no aggregate \(name)()")
      error.name = name
      throw error
    }
    let expected: ClosedRange<Int>
    switch function {
    case .count: expected = isDistinct ? 1...1 : 0...1
    case .groupConcat: expected = isDistinct ? 1...1 : 1...2
    case .stringAgg, .jsonGroupObject: expected = 2...2
    default: expected = 1...1
    }
    guard expected.contains(arguments.count) else {
      let wanted = expected.upperBound == 2 ? "two arguments" : "one argument"
      throw UpkeepError(.misuse, "\(name)() takes \(wanted) here, not \(arguments.count)")
    }
    self.function = function
    // The least of distinct values is the least of all.
    self.isDistinct = isDistinct && function != .min && function != .max
    argument = try arguments.first.map { argument throws(UpkeepError) in
      try CompiledExpression.compile(argument, in: scope)
    }
    self.filter = try filter.map { filter throws(UpkeepError) in
      try CompiledExpression.compile(filter, in: scope)
    }
    second = try arguments.dropFirst().first.map { second throws(UpkeepError) in
      try CompiledExpression.compile(second, in: scope)
    }
    var terms: [SortTerm] = []
    if function.asksForOrder {
      for term in order {
        terms.append(SortTerm(try CompiledExpression.compile(term.expression, in: scope), term))
      }
    }
    self.order = terms
    column = argument?.plainColumn.flatMap { $0.slot == 0 ? $0.ordinal : nil }
  }
}

extension Aggregate {
  /// Whether it may follow from a count of keys, or from the end of an index.
  var mayNeedNoRows: Bool {
    switch function {
    case .count: filter == nil && !isDistinct
    case .min, .max: filter == nil
    case .sum, .total, .avg, .groupConcat, .stringAgg, .jsonGroupArray, .jsonGroupObject: false
    }
  }
}

extension Aggregate.Function {
  /// Whether the order of the values makes a difference.
  var asksForOrder: Bool {
    switch self {
    case .groupConcat, .stringAgg, .jsonGroupArray, .jsonGroupObject: true
    default: false
    }
  }
}
