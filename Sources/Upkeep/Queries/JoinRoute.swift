/// In which order the rows of a join are wanted, and how many of them.
struct JoinGoal {
  /// The terms of the order, if all are columns of one source; none if no order is wanted, or another.
  var order: [SubjectOrder] = []
  /// The source whose columns these are.
  var slot = 0
  /// What a row costs more where they do not come in that order; nil if none is wanted.
  var disorder: Disorder?
  /// The most rows that will be taken, where that is known.
  var most: UInt64?
  /// Of rows that are alike in the order's columns one is enough, with their number.
  var counts = false

  enum Disorder {
    /// They are sorted.
    case sort
    /// Their groups are found by a hash.
    case groups
  }
}

extension JoinGoal {
  /// - Parameter terms: what the rows are wanted in the order of; without a term of ORDER BY from the least to the
  ///   greatest, NULL first.
  init(_ terms: [(expression: CompiledExpression?, term: OrderTerm?)], _ disorder: Disorder) {
    self.disorder = disorder
    for (expression, term) in terms {
      guard let expression, let column = expression.plainColumn, order.isEmpty || slot == column.slot else {
        order = []
        return
      }
      slot = column.slot
      let isDescending = term?.isDescending ?? false
      order.append(
        SubjectOrder(
          subject: column.ordinal, collation: expression.collation ?? .binary, isDescending: isDescending,
          nullsFirst: term?.nullsFirst ?? !isDescending))
    }
  }
}

/// The sources of a join, each in its place.
struct JoinRoute {
  /// One source: how its rows are found.
  struct Move {
    var slot: Int
    /// Its equalities with the sources before it, or with the queries around, and which conditions those are.
    var keys: [(key: JoinKey, condition: Int)]
    /// By a key or index on what they say; nil if by a hash of it, or by looking at every row.
    var lookup: KeyLookup?
    /// The way to the rows of a table without that.
    var selection: RowSelection?
    var price: Double
    /// How many rows there are with it, those before it taken together.
    var rows: Double
  }

  var moves: [Move] = []
  var price = 0.0
  var rows = 1.0
  /// Whether the rows come in the order wanted.
  var isOrdered = false
  /// The first parts of the index that the only source is walked by, if of entries alike in them the first is enough.
  var alike: [KeyPart]?

  mutating func add(_ move: Move) {
    moves.append(move)
    price += move.price
    rows = move.rows
  }
}

extension JoinPlanner {
  /// What things cost beside a row met in the scan of a table, which costs 1 (some 40 ns).
  private enum Price {
    /// The start of a look-up, and a row that it finds; where those before it come in the order of the key, its pages
    /// are at hand.
    static let lookup = 7.0
    static let found = 6.0
    static let lookupInOrder = 2.0
    static let foundInOrder = 2.0
    /// A row that is kept by a hash, and one that asks for it.
    static let keep = 3.5
    static let ask = 1.5
    /// The same where the kept rows are too many for memory and lie in a file.
    static let keepInFile = 25.0
    static let askOfFile = 75.0
    /// A row that is sorted, for each doubling of their number; a row that is put to a group by a hash.
    static let sort = 0.15
    /// From one value in an index to the next.
    static let value = 40.0
    static let group = 1.0
  }

  /// More sources than these begin with the one that has the fewest rows.
  private static let mostTried = 10

  func keepsOwn(_ slot: Int) -> Bool {
    slot > 0 && (sources.list[slot].kind == .right || sources.list[slot].kind == .full)
  }

  /// The cheapest route.
  func route() throws(UpkeepError) -> JoinRoute {
    if sources.list.isEmpty { return JoinRoute() }
    let movable = sources.list.indices.first { isOuter($0) || isCall($0) } ?? sources.list.count
    let firsts = firsts(movable)
    var best = try cheapest(firsts, movable, share: 1)
    let rows = max(1, best.rows)
    let share = min(1, goal.most.map { Double($0) / rows } ?? 1)
    if let disorder = goal.disorder {
      switch disorder {
      case .sort: best.price += rows * Price.sort * max(4, Double((min(rows, rows * share) + 2).exponent))
      case .groups: best.price += rows * Price.group
      }
    } else if share < 1 {
      // Rows are handed on as they are found, until there are enough.
      best = try cheapest(firsts, movable, share: share)
    }
    guard firsts.contains(goal.slot), !sources.list.indices.contains(where: keepsOwn),
      let selection = try selectionInOrder(),
      var ordered = try route(from: goal.slot, movable, share: share, inOrder: selection)
    else { return best }
    if goal.counts, let (parts, values) = try values(selection) {
      let price = values * (Price.value + (selection.path.isCovering ? 0 : Price.found))
      if price < ordered.price { (ordered.price, ordered.rows, ordered.alike) = (price, values, parts) }
    }
    guard ordered.price < best.price else { return best }
    ordered.isOrdered = true
    return ordered
  }

  /// The first parts of an index that the order's columns and constants are, and about how many values these have; nil if
  /// each row must be looked at.
  private func values(_ selection: RowSelection) throws(UpkeepError) -> (parts: [KeyPart], count: Double)? {
    let path = selection.path
    guard sources.list.count == 1, conditions.isEmpty, !selection.isFiltered, !path.isBackward,
      path.cases.isEmpty,
      let index = path.index
    else { return nil }
    let wanted = Set(goal.order.map(\.subject))
    let subjects = selection.schema.searchParts(of: index).map(\.subject)
    guard let last = subjects.lastIndex(where: wanted.contains), wanted.isSubset(of: subjects) else {
      return nil
    }
    let shared = try spread.rowsPerKey(selection.schema, index, parts: last + 1)
    return (index.parts[...last].map(\.key), max(1, Double(path.rowCount) / max(1, shared)))
  }

  private func firsts(_ movable: Int) -> [Int] {
    if movable <= 1 { return [0] }
    if movable <= Self.mostTried { return Array(0..<movable) }
    return [(0..<movable).min { drafts[$0].rows < drafts[$1].rows } ?? 0]
  }

  private func cheapest(
    _ firsts: [Int], _ movable: Int, share: Double
  ) throws(UpkeepError) -> JoinRoute {
    var best: JoinRoute?
    for first in firsts {
      guard let route = try route(from: first, movable, share: share, inOrder: nil) else { continue }
      if let best, best.price <= route.price { continue }
      best = route
    }
    return best ?? JoinRoute()
  }

  /// A route that begins with a source, and goes on with what costs least each time.
  ///
  /// - Parameters:
  ///   - share: the part of the first source's rows that is looked at.
  ///   - inOrder: the way to the first one's rows that gives the order wanted, which all steps must keep; nil if none.
  /// - Returns: nil if the order cannot be kept.
  private func route(
    from first: Int, _ movable: Int, share: Double, inOrder: RowSelection?
  ) throws(UpkeepError) -> JoinRoute? {
    var route = JoinRoute()
    route.add(try opening(first, share, inOrder))
    var before: Set<Int> = [first]
    while route.moves.count < sources.list.count {
      let number = route.moves.count
      var best: JoinRoute.Move?
      for slot in number < movable ? 0..<movable : number..<number + 1 where !before.contains(slot) {
        guard let move = try move(slot, after: before, route.moves[0], route.rows, keepsOrder: inOrder != nil)
        else {
          if number < movable { continue }
          return nil
        }
        if let best, best.price + best.rows <= move.price + move.rows { continue }
        best = move
      }
      guard let best else { return nil }
      route.add(best)
      before.insert(best.slot)
    }
    return route
  }

  private func opening(
    _ slot: Int, _ share: Double, _ inOrder: RowSelection?
  ) throws(UpkeepError) -> JoinRoute.Move {
    let keys = try keys(slot, [])
    let draft = drafts[slot]
    let selection = inOrder ?? draft.selection
    var move = JoinRoute.Move(
      slot: slot, keys: keys, lookup: nil, selection: selection,
      price: (selection?.path.cost ?? draft.rows) * share, rows: draft.rows * share)
    // What is asked of by the queries around is found by a key wherever one is there.
    if inOrder == nil, !keepsOwn(slot), let lookup = try lookup(slot, keys) {
      let found = try found(slot, keys, lookup, 1)
      move.lookup = lookup
      move.price = Price.lookup + Price.found * found.visited
      move.rows = found.matching
    }
    return move
  }

  /// The cheapest way to a source's rows for each of so many before; nil if it must keep their order and cannot.
  ///
  /// - Parameter first: the first of all.
  private func move(
    _ slot: Int, after before: Set<Int>, _ first: JoinRoute.Move, _ rows: Double, keepsOrder: Bool
  ) throws(UpkeepError) -> JoinRoute.Move? {
    let keys = try keys(slot, before)
    let draft = drafts[slot]
    let kind = sources.list[slot].kind
    let read = draft.selection?.path.cost ?? draft.rows
    func move(_ lookup: KeyLookup?, _ price: Double, _ matching: Double) -> JoinRoute.Move {
      let each = kind == .left || kind == .full ? max(1, matching) : matching
      return JoinRoute.Move(
        slot: slot, keys: keys, lookup: lookup, selection: draft.selection, price: price,
        rows: max(1, rows * each))
    }
    if keys.isEmpty {
      if keepsOrder && keepsOwn(slot) { return nil }
      return move(nil, rows * max(1, read), draft.rows)
    }
    let isInFile = isTooMuchToKeep(slot)
    let hashed =
      read + draft.rows * (isInFile ? Price.keepInFile : Price.keep)
      + rows * (isInFile ? Price.askOfFile : Price.ask)
    let lookup = keepsOwn(slot) ? nil : try lookup(slot, keys)
    let found = try found(slot, keys, lookup, rows)
    if let lookup {
      let price =
        isInKeyOrder(lookup, behind: first)
        ? rows * (Price.lookupInOrder + Price.foundInOrder * found.visited)
        : rows * (Price.lookup + Price.found * found.visited)
      if keepsOrder || price <= hashed { return move(lookup, price, found.matching) }
    }
    return keepsOrder ? nil : move(nil, hashed, found.matching)
  }

  /// Whether the rows of a source that a hash keeps go into a file. What little there is goes there quickly.
  private func isTooMuchToKeep(_ slot: Int) -> Bool {
    let memory = place.host.memory
    let width = (needed[slot].max() ?? 0) + 1
    return memory.files != nil
      && drafts[slot].rows * Double(112 + 24 * width) > Double(max(memory.limit, 1 << 16))
  }

  /// Whether look-ups go through the key from its beginning to its end, as the first source's rows come.
  private func isInKeyOrder(_ lookup: KeyLookup, behind first: JoinRoute.Move) -> Bool {
    guard let column = lookup.keys.first?.other.plainColumn, column.slot == first.slot,
      let selection = first.selection, first.lookup == nil, lookup.path.index == nil || lookup.isPoint
    else { return false }
    let index = selection.path.index
    return (index.map { $0.parts.first?.column } ?? selection.schema.keyColumns.first) == column.ordinal
  }

  /// How many rows are visited for each row before, and how many belong to it.
  private func found(
    _ slot: Int, _ keys: [(key: JoinKey, condition: Int)], _ lookup: KeyLookup?, _ rows: Double
  ) throws(UpkeepError) -> (visited: Double, matching: Double) {
    let draft = drafts[slot]
    var visited = 1.0
    // How many values there are of what is equal.
    var values = 0.0
    if let lookup {
      let shared = try spread.rowsPerKey(lookup.schema, lookup.path.index, parts: lookup.keys.count)
      values = draft.total / max(1, shared)
      visited = lookup.isPoint ? 1 : shared * (lookup.tails.isBound ? draft.rows / draft.total : 1)
    }
    for (key, _) in keys {
      values = max(values, try valueCount(key.own) ?? 0, try valueCount(key.other) ?? 0)
    }
    // Where nothing is known, the side with fewer rows has each value once.
    if values == 0 { values = min(draft.rows, rows) }
    return (visited, draft.rows / max(1, values))
  }

  /// How many values a column has, if a key begins with it.
  private func valueCount(_ side: CompiledExpression) throws(UpkeepError) -> Double? {
    guard let column = side.plainColumn, sources.list.indices.contains(column.slot),
      case .table(let schema) = sources.list[column.slot].content
    else { return nil }
    let total = drafts[column.slot].total
    var shared: Double?
    for index in [nil] + schema.indexes.map(Optional.some) where index?.predicateExpression == nil {
      let first = index.map { $0.parts.first?.column } ?? schema.keyColumns.first
      guard first == column.ordinal else { continue }
      let own = try spread.rowsPerKey(schema, index, parts: 1)
      shared = min(shared ?? own, own)
    }
    return shared.map { total / max(1, $0) }
  }
}
