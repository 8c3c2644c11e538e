extension Expression {
  /// Whether the expression or one within it is such. Queries within it are left alone.
  func contains(_ isSuch: (Expression) -> Bool) -> Bool {
    var found = false
    _ = replacing { part in
      if isSuch(part) { found = true }
      return nil
    }
    return found
  }

  /// Whether an aggregate is anywhere in the expression.
  var hasAggregate: Bool { contains { if case .aggregate = $0 { true } else { false } } }

  /// The expression with parts replaced: where `change` gives one, it stands instead of that part, else the
  /// part's own parts are looked at. Queries within it are left alone.
  package func replacing(_ change: (Expression) -> Expression?) -> Expression {
    if let changed = change(self) { return changed }
    switch self {
    case .literal, .column, .parameter: return self
    case .unary(let operation, let a): return .unary(operation, a.replacing(change))
    case .binary(let operation, let a, let b):
      return .binary(operation, a.replacing(change), b.replacing(change))
    case .isNull(let a, let negated): return .isNull(a.replacing(change), negated: negated)
    case .inList(let a, let items, let negated):
      return .inList(a.replacing(change), items.map { $0.replacing(change) }, negated: negated)
    case .between(let a, let low, let high, let negated):
      return .between(
        a.replacing(change), low.replacing(change), high.replacing(change), negated: negated)
    case .like(let a, let pattern, let escape, let negated):
      return .like(
        a.replacing(change), pattern: pattern.replacing(change), escape: escape?.replacing(change),
        negated: negated)
    case .cases(let operand, let branches, let otherwise):
      return .cases(
        operand: operand?.replacing(change),
        branches: branches.map {
          CaseBranch(when: $0.when.replacing(change), then: $0.then.replacing(change))
        },
        otherwise: otherwise?.replacing(change))
    case .cast(let a, let type): return .cast(a.replacing(change), type)
    case .function(let name, let arguments): return .function(name, arguments.map { $0.replacing(change) })
    case .aggregate(let name, let arguments, let isDistinct, let filter, let order):
      return .aggregate(
        name, arguments.map { $0.replacing(change) }, isDistinct: isDistinct,
        filter: filter?.replacing(change), order: order.replacing(change))
    case .window(let call): return .window(call.replacing(change))
    case .collate(let a, let collation): return .collate(a.replacing(change), collation)
    case .subquery, .exists: return self
    case .inQuery(let a, let query, let negated):
      return .inQuery(a.replacing(change), query, negated: negated)
    case .row(let parts): return .row(parts.map { $0.replacing(change) })
    }
  }
}
