internal import UpkeepStorage

/// How the one range of a way to rows follows from the parameters of a run, where each is compared with a column alone:
/// then another run needs no conditions taken apart and no ways compared.
///
/// Invariant: what it gives is what `KeySearch` finds for the same parameters. Where it cannot tell it gives nothing, and
/// the long way is gone.
final class KeyRecipe {
  /// A part of the key and what it is compared with.
  private struct Comparison {
    var part: SearchPart
    var operand: PreparedOperand
    var orEqual = true
  }

  /// The leading parts of the key that equal something.
  private var points: [Comparison] = []
  /// The part behind them, if it is bound.
  private var above: Comparison?
  private var below: Comparison?
  private var rangePart: SearchPart?
  /// Where NULL lies in that part, which no comparison is true of.
  private var null: [UInt8]?
  private let key = ByteBuffer(capacity: 64)
  /// Whether it depends on no parameter at all.
  private let isFixed: Bool

  /// - Parameter conjuncts: the conditions of which the path was made.
  /// - Returns: nil if the ranges depend on parameters in another way.
  init?(_ path: AccessPath, _ conjuncts: [Conjunct], _ schema: TableSchema) {
    // What is left to be checked on each row must not hold the values of parameters.
    guard path.cases.isEmpty, path.search.ranges.count == 1,
      !path.remaining.contains(where: { conjuncts[$0].readsParameters })
    else { return nil }
    isFixed = !path.search.settled.contains { conjuncts[$0].readsParameters }
    if isFixed { return }
    var used: Set<Int> = []
    for part in path.index.map({ schema.searchParts(of: $0) }) ?? schema.searchParts {
      let about = conjuncts.indices.filter { conjuncts[$0].term?.subject == part.subject }
      if about.isEmpty { break }
      var comparisons: [(operation: BinaryOperator, comparison: Comparison)] = []
      for number in about {
        guard let comparison = Self.comparison(conjuncts[number], part) else { return nil }
        comparisons.append(comparison)
        used.insert(number)
      }
      if comparisons.count == 1, comparisons[0].operation == .equal {
        points.append(comparisons[0].comparison)
        continue
      }
      for (operation, comparison) in comparisons {
        switch operation {
        case .greater where above == nil, .greaterOrEqual where above == nil: above = comparison
        case .less where below == nil, .lessOrEqual where below == nil: below = comparison
        default: return nil
        }
      }
      rangePart = part
      if part.isNullable {
        guard let bytes = part.encode(.null) else { return nil }
        null = bytes
      }
      break
    }
    guard used == path.search.settled else { return nil }
  }

  /// A condition as a comparison of the part with a constant or parameter, the part on the left.
  private static func comparison(
    _ conjunct: Conjunct, _ part: SearchPart
  ) -> (operation: BinaryOperator, comparison: Comparison)? {
    guard let term = conjunct.term, !part.comparesText || term.collation == part.collation,
      case .binary(let written, let left, let right) = conjunct.expression,
      let mirrored = written.mirroredComparison
    else { return nil }
    var operation = written
    let operand: PreparedOperand
    switch (left, right) {
    case (.column, .parameter(let number)): operand = .parameter(number)
    case (.parameter(let number), .column):
      operand = .parameter(number)
      operation = mirrored
    case (.column, .literal):
      guard let known = PreparedOperand(right) else { return nil }
      operand = known
    default: return nil
    }
    var comparison = Comparison(part: part, operand: operand)
    comparison.orEqual = operation == .greaterOrEqual || operation == .lessOrEqual
    switch (operation, term.test) {
    case (.equal, .oneOf), (.greater, _), (.greaterOrEqual, _), (.less, _), (.lessOrEqual, _):
      return (operation, comparison)
    default: return nil
    }
  }

  // MARK: Ranges

  private enum Bytes {
    case some
    /// No row can be meant.
    case none
    /// Only the long way tells.
    case unknown
  }

  /// Fills in the ranges of a run.
  ///
  /// - Returns: false if only the long way tells.
  func fill(_ ranges: inout [KeyBounds], _ parameters: [Value]) -> Bool {
    if isFixed { return true }
    key.removeAll()
    for number in 0..<points.count {
      switch append(points[number], parameters) {
      case .some: continue
      case .none:
        ranges.removeAll()
        return true
      case .unknown: return false
      }
    }
    guard rangePart == nil else { return fillRange(&ranges, parameters) }
    let range = KeyBounds.beginning(with: Array(key.bytes))
    if ranges.count == 1 { ranges[0] = range } else { ranges = [range] }
    return true
  }

  /// Appends the bytes of what a part equals.
  private func append(_ point: Comparison, _ parameters: [Value]) -> Bytes {
    switch Self.constant(point, parameters) {
    case nil, .justAbove, .belowAll, .aboveAll: return .none
    case .unusable: return .unknown
    case .exact(let exact):
      do throws(UpkeepError) {
        try KeyCodec.append(exact, point.part.key, to: key)
        return .some
      } catch {
        return .unknown
      }
    }
  }

  /// Nil for NULL, which nothing compares with.
  private static func constant(_ comparison: Comparison, _ parameters: [Value]) -> KeyConstant? {
    let value = comparison.operand.value(parameters)
    if value == .null { return nil }
    let type = comparison.part.type
    return KeyConstant(Conversion.of(nil, against: type).apply(value), for: type)
  }

  private func fillRange(_ ranges: inout [KeyBounds], _ parameters: [Value]) -> Bool {
    let prefix = Array(key.bytes)
    var range = KeyBounds.beginning(with: prefix)
    if let null, let rangePart {
      if rangePart.isDescending {
        range.upper = prefix + null
      } else if let least = KeyBounds.successor(of: null) {
        range.lower = prefix + least
      }
    }
    for (comparison, isLower) in [(above, true), (below, false)] {
      guard let comparison else { continue }
      switch bound(comparison, isLower: isLower, after: prefix, of: &range, parameters) {
      case .some: continue
      case .none:
        ranges.removeAll()
        return true
      case .unknown: return false
      }
    }
    ranges.removeAll()
    if !range.isEmpty { ranges.append(range) }
    return true
  }

  private func bound(
    _ comparison: Comparison, isLower: Bool, after prefix: [UInt8], of range: inout KeyBounds,
    _ parameters: [Value]
  ) -> Bytes {
    var orEqual = comparison.orEqual
    let value: Value
    switch Self.constant(comparison, parameters) {
    case nil: return .none
    case .unusable: return .unknown
    case .belowAll: return isLower ? .some : .none
    case .aboveAll: return isLower ? .none : .some
    case .exact(let exact): value = exact
    case .justAbove(let below):
      // c > 2.5 is c > 2; c < 2.5 is c <= 2.
      value = below
      orEqual = !isLower
    }
    guard let own = comparison.part.encode(value) else { return .unknown }
    let isBelowInKeys = isLower != comparison.part.isDescending
    let takesNext = isBelowInKeys != orEqual
    guard let bytes = takesNext ? KeyBounds.successor(of: own) : own else { return .unknown }
    if isBelowInKeys { range.lower = prefix + bytes } else { range.upper = prefix + bytes }
    return .some
  }
}
