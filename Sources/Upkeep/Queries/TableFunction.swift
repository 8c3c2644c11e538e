/// A function that gives rows, as a source of a query: its arguments may name the sources before it.
struct TableFunction {
  enum Kind: String, CaseIterable {
    case jsonEach = "json_each"
    case jsonTree = "json_tree"
    case series = "generate_series"
  }

  private let kind: Kind
  private let arguments: [CompiledExpression]
  let columns: [SubqueryColumn]

  init(_ name: String, _ arguments: [Expression], in scope: ExpressionScope) throws(UpkeepError) {
    guard let kind = Kind(rawValue: Names.folded(name)) else {
      let known = Kind.allCases.map(\.rawValue)
      var error = UpkeepError(
        .unknownFunction, "there is no table function \(name)\(Names.suggestion(for: name, among: known))")
      error.name = name
      throw error
    }
    self.kind = kind
    try ScalarFunction.requireCount(arguments.count, of: name, kind == .series ? 2...3 : 1...2)
    self.arguments = try CompiledExpression.list(arguments, in: scope)
    let names: [(String, ValueType?)] =
      kind == .series
      ? [("value", .integer)]
      : [
        ("key", nil), ("value", nil), ("type", .text), ("atom", nil), ("id", .integer), ("parent", .integer),
        ("fullkey", .text), ("path", .text),
      ]
    columns = names.map { SubqueryColumn(name: $0.0, type: $0.1, collation: nil) }
  }

  var name: String { kind.rawValue }

  /// What it evaluates.
  var expressions: [CompiledExpression] { arguments }

  /// Gives the rows for what the context holds.
  func run(_ context: EvaluationContext, _ row: RowTaker) throws(UpkeepError) {
    var values: [Value] = []
    for argument in arguments {
      let value = try argument.evaluate(context)
      if value == .null { return }
      values.append(value)
    }
    if kind == .series { return try series(values, row) }
    guard let whole = JSONNode(values[0].castText ?? "") else {
      try JSONNode.requireFewParts(values[0].castText ?? "")
      var error = UpkeepError(.typeMismatch, "malformed JSON in \(name)(): \(values[0].literalText)")
      error.value = values[0].literalText
      throw error
    }
    let path = try JSONFunctions.path(values.count > 1 ? values[1] : .text("$"))
    try JSONWalk(goesDeep: kind == .jsonTree).run(whole, path, row)
  }

  private func series(_ values: [Value], _ row: RowTaker) throws(UpkeepError) {
    guard var next = Arithmetic.integer(values[0]), let last = Arithmetic.integer(values[1]),
      let given = values.count > 2 ? Arithmetic.integer(values[2]) : 1
    else { return }
    let step = given == 0 ? 1 : given
    while step > 0 ? next <= last : next >= last {
      guard try row([.integer(next)]) else { return }
      let (sum, overflow) = next.addingReportingOverflow(step)
      if overflow { return }
      next = sum
    }
  }
}
