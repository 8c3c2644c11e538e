/// One window function of a SELECT, made ready.
struct WindowFunction {
  enum Kind {
    case rowNumber, rank, denseRank, percentRank, cumulativeDistance, tile, lag, lead, first, last, nth
    case aggregate(Aggregate)
  }

  let name: String
  let kind: Kind
  let arguments: [CompiledExpression]
  let filter: CompiledExpression?
  let partition: [CompiledExpression]
  let order: [SortTerm]
  /// Whether the single term of the order begins with the greatest.
  let isDescending: Bool
  let frame: WindowFrame
  /// How far the bounds of the frame lie, where they are counted.
  let offsets: (start: CompiledExpression?, end: CompiledExpression?)
  /// Tells functions with the same rows in the same order.
  let sorting: Sorting

  /// What rows are sorted by, as it was written.
  struct Sorting: Hashable {
    var partition: [Expression]
    var order: [OrderTerm]
  }

  private static let plain: [String: (kind: Kind, counts: ClosedRange<Int>)] = [
    "row_number": (.rowNumber, 0...0), "rank": (.rank, 0...0), "dense_rank": (.denseRank, 0...0),
    "percent_rank": (.percentRank, 0...0), "cume_dist": (.cumulativeDistance, 0...0), "ntile": (.tile, 1...1),
    "lag": (.lag, 1...3), "lead": (.lead, 1...3), "first_value": (.first, 1...1),
    "last_value": (.last, 1...1),
    "nth_value": (.nth, 2...2),
  ]

  init(_ call: WindowCall, _ named: [NamedWindow], in scope: ExpressionScope) throws(UpkeepError) {
    name = call.name
    if let (kind, counts) = Self.plain[call.name] {
      self.kind = kind
      try ScalarFunction.requireCount(call.arguments.count, of: call.name, counts)
      if call.filter != nil {
        throw UpkeepError(.misuse, "FILTER stands behind aggregates only, and \(call.name)() is none")
      }
    } else {
      let written = Expression.aggregate(call.name, call.arguments, isDistinct: false)
      do throws(UpkeepError) {
        kind = .aggregate(try Aggregate(written, in: scope))
      } catch {
        guard error.code == .unknownFunction else { throw error }
        throw Self.unknown(call.name)
      }
    }
    arguments = try CompiledExpression.list(call.arguments, in: scope)
    filter = try call.filter.map { filter throws(UpkeepError) in
      try CompiledExpression.compile(filter, in: scope)
    }
    let window = try call.window.resolved(named, [])
    sorting = Sorting(partition: window.partition, order: window.order)
    partition = try CompiledExpression.list(window.partition, in: scope)
    var terms: [SortTerm] = []
    for term in window.order {
      terms.append(SortTerm(try CompiledExpression.compile(term.expression, in: scope), term))
    }
    order = terms
    isDescending = window.order.first?.isDescending ?? false
    let frame =
      window.frame
      ?? WindowFrame(
        .range, from: .unboundedPreceding, to: window.order.isEmpty ? .unboundedFollowing : .currentRow)
    self.frame = frame
    offsets = (try Self.offset(frame.start), try Self.offset(frame.end))
    if frame.unit == .range, offsets.start != nil || offsets.end != nil, window.order.count != 1 {
      throw UpkeepError(.misuse, "RANGE with a distance needs ORDER BY with one term in its window")
    }
  }

  private static func unknown(_ name: String) -> UpkeepError {
    let known = plain.keys.sorted() + ["count", "sum", "total", "avg", "min", "max", "group_concat"]
    var error = UpkeepError(
      .unknownFunction,
      "\(name)() is neither a window function nor an aggregate\(Names.suggestion(for: name, among: known))")
    error.name = name
    return error
  }

  private static func offset(_ bound: FrameBound) throws(UpkeepError) -> CompiledExpression? {
    switch bound {
    case .preceding(let distance), .following(let distance):
      try CompiledExpression.compile(distance, in: ExpressionScope())
    default: nil
    }
  }

  /// All that it evaluates on a row.
  var expressions: [CompiledExpression] {
    arguments + (filter.map { [$0] } ?? []) + partition + order.compactMap(\.expression)
  }
}

extension WindowDefinition {
  /// The window with what it takes of a named one.
  fileprivate func resolved(
    _ named: [NamedWindow], _ seen: [String]
  ) throws(UpkeepError) -> WindowDefinition {
    guard let base else { return self }
    if seen.contains(Names.folded(base)) {
      throw UpkeepError(.misuse, "window \(base) is made of itself")
    }
    guard let found = named.first(where: { Names.equal($0.name, base) }) else {
      var error = UpkeepError(
        .misuse, "there is no window \(base)\(Names.suggestion(for: base, among: named.map(\.name)))")
      error.name = base
      throw error
    }
    var window = try found.definition.resolved(named, seen + [Names.folded(base)])
    if !partition.isEmpty { throw UpkeepError(.misuse, "PARTITION BY is the named window's to say: \(base)") }
    if !order.isEmpty {
      guard window.order.isEmpty else { throw UpkeepError(.misuse, "window \(base) has an ORDER BY already") }
      window.order = order
    }
    if let frame { window.frame = frame }
    return window
  }
}

extension Expression {
  /// The calls of window functions in the expression, as written.
  var windowCalls: [Expression] {
    var found: [Expression] = []
    _ = replacing { part in
      guard case .window = part else { return nil }
      found.append(part)
      return part
    }
    return found
  }
}

extension Select {
  /// Whether a window function is in the list.
  var hasWindow: Bool {
    columns.contains { column in
      guard case .expression(let expression, _) = column else { return false }
      switch expression {
      case .column, .literal: return false
      default: return !expression.windowCalls.isEmpty
      }
    }
  }
}

extension WindowCall {
  func replacing(_ change: (Expression) -> Expression?) -> WindowCall {
    var call = self
    call.arguments = arguments.map { $0.replacing(change) }
    call.filter = filter?.replacing(change)
    call.window = window.replacing(change)
    return call
  }
}

extension WindowDefinition {
  func replacing(_ change: (Expression) -> Expression?) -> WindowDefinition {
    var window = self
    window.partition = partition.map { $0.replacing(change) }
    window.order = order.replacing(change)
    return window
  }
}

extension [OrderTerm] {
  func replacing(_ change: (Expression) -> Expression?) -> [OrderTerm] {
    map { term in
      var term = term
      term.expression = term.expression.replacing(change)
      return term
    }
  }
}
