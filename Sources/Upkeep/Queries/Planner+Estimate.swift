/// How many rows meet conditions, for choosing the order of joins: counted where a key leads to them, guessed where none
/// does, as if no condition had to do with another.
extension Planner {
  func estimate(_ path: AccessPath) throws(UpkeepError) -> Double {
    var rows = path.isPoint ? 1 : Double(path.rowCount)
    var open = Set(path.remaining)
    if open.isEmpty || rows < 2 { return rows }
    let reader = RowReader(scope)
    let schema = request.schema
    let total = max(1, Double(try reader.count(schema)))
    for index in [nil] + schema.indexes.map(Optional.some) where index?.predicateExpression == nil {
      if open.isEmpty { break }
      let parts = index.map { schema.searchParts(of: $0) } ?? schema.searchParts
      guard let first = parts.first?.subject, open.contains(where: { conjuncts[$0].term?.subject == first })
      else { continue }
      let left = conjuncts.enumerated().map { number, conjunct in
        open.contains(number) ? conjunct : Conjunct(expression: conjunct.expression, term: nil)
      }
      let search = KeySearch(parts, left) { _ in "" }
      guard !search.settled.isEmpty, search.ranges.count <= 64 else { continue }
      var found: UInt64 = 0
      for range in search.ranges {
        if let index {
          found += try reader.count(index, in: range)
        } else {
          found += try reader.count(schema, in: range)
        }
      }
      rows *= Double(found) / total
      open.subtract(search.settled)
    }
    for number in open { rows *= conjuncts[number].guessedShare }
    return rows
  }
}

extension Conjunct {
  /// The share of rows for which a condition holds that no key is about.
  fileprivate var guessedShare: Double {
    switch term?.test {
    case .oneOf(let values): min(0.5, 0.1 * Double(values.count))
    case .above, .below: 0.4
    case .notNull: 0.9
    case nil: 0.25
    }
  }
}
