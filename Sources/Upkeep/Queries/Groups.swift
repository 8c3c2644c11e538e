internal import UpkeepStorage

/// GROUP BY and aggregates: what is kept of each group while the rows go by.
///
/// Groups are found by the bytes of their keys, and given in the keys' order. Columns outside aggregates show a row of
/// the group: that of the least or greatest value if there is one `min()` or `max()`, else its first.
///
/// When there are more groups than memory holds, those that are there stay, and what belongs to others is put aside by
/// key: it makes groups, one after the other, when all rows went by.
struct Groups {
  private let keys: [CompiledExpression]
  private let maker: KeyMaker
  private let calls: [Aggregate]
  private let condition: CompiledExpression?
  /// The columns of the sources that are shown.
  private let shown: [SlotColumn]
  /// The slot of the aggregates' results.
  private let slot: Int
  /// The aggregate that says which row is shown.
  private let leader: Int?
  /// Whether what is kept of a group grows with its rows.
  private let growsWithRows: Bool
  private let feeds: [Feed]
  /// Which of the feeds are numbers of each row.
  private let isNumber: [Bool]

  /// How rows reach an aggregate, with the common cases told apart once.
  private enum Feed {
    case rows
    /// A number of each row.
    case number(ExpressionNode)
    case value

    init(_ call: Aggregate) {
      self = .value
      if call.filter != nil || call.isDistinct || call.second != nil || !call.order.isEmpty { return }
      guard let argument = call.argument else {
        self = .rows
        return
      }
      switch call.function {
      case .count, .sum, .total, .avg, .min, .max:
        if argument.node.isNumeric { self = .number(argument.node) }
      default: break
      }
    }
  }

  init(
    keys: [CompiledExpression], calls: [Aggregate], condition: CompiledExpression?, shown: Set<SlotColumn>,
    slot: Int
  ) {
    self.keys = keys
    maker = KeyMaker(keys, keys.map { KeyPart(.any, collation: $0.collation ?? .binary) })
    let feeds = calls.map { Feed($0) }
    self.feeds = feeds
    isNumber = feeds.map { feed in
      if case .number = feed { return true }
      return false
    }
    self.calls = calls
    self.condition = condition
    self.shown = shown.sorted { ($0.slot, $0.ordinal) < ($1.slot, $1.ordinal) }
    self.slot = slot
    let extremes = calls.indices.filter { calls[$0].isExtreme }
    leader = extremes.count == 1 ? extremes.first : nil
    growsWithRows = calls.contains(where: \.growsWithRows)
  }

  /// Whether it can take rows of slot 0 a batch at a time: then nothing but numbers is asked of them for aggregates.
  var takesBatches: Bool {
    feeds.allSatisfy { feed in
      if case .value = feed { return false }
      return true
    }
  }

  func begin(_ memory: QueryMemory) -> Found { Found(self, memory) }

  /// Whether all rows are one group.
  var areAll: Bool { keys.isEmpty }

  /// Whether nothing is asked of a group but its key and the number of its rows.
  var countRows: Bool {
    feeds.allSatisfy { feed in
      if case .rows = feed { return true }
      return false
    }
  }

  /// Whether their order is that of ORDER BY.
  func areOrdered(by terms: [SortTerm], _ order: [OrderTerm]) -> Bool {
    guard terms.count <= keys.count else { return false }
    return zip(terms, order).enumerated().allSatisfy { number, term in
      let key = keys[number]
      guard let expression = term.0.expression, let column = key.plainColumn,
        expression.plainColumn == column, expression.collation ?? .binary == key.collation ?? .binary
      else { return false }
      return !term.1.isDescending && term.1.nullsFirst != false
    }
  }

  /// How it runs, for people.
  func description(inOrder: Bool) -> [String] {
    var lines = [keys.isEmpty ? "aggregate" : "group by \(keys.count == 1 ? "a key" : "\(keys.count) keys")"]
    if inOrder { lines[0] += ", one group after the other" }
    if condition != nil { lines.append("check HAVING on each group") }
    return lines
  }

  /// The groups of one run.
  final class Found {
    private let groups: Groups
    private let memory: QueryMemory
    private let table = ByteKeyTable()
    /// For each group its aggregates, one group behind the other.
    @exclusivity(unchecked) private var states: [AggregateState] = []
    /// For each group the values shown of its row, likewise.
    @exclusivity(unchecked) private var values: [Value] = []
    /// For each aggregate what its groups have seen, where that is asked for.
    private var seen: [DistinctValues?]
    private let key = ByteBuffer(capacity: 64)
    @exclusivity(unchecked) private var count = 0
    /// What belongs to groups that are not here.
    @exclusivity(unchecked) private var aside: RowSorter?
    /// What is counted in `memory`.
    @exclusivity(unchecked) private var counted = 0
    /// For rows that come in batches: where the numbers of one are put, and which groups integers belong to.
    private var columns: [ScalarColumn] = []
    private var known: IntegerGroups?

    init(_ groups: Groups, _ memory: QueryMemory) {
      self.groups = groups
      self.memory = memory
      seen = groups.calls.map { $0.isDistinct ? DistinctValues($0, memory) : nil }
    }

    deinit { memory.give(counted) }

    /// Takes the row in the context, where the groups come one after the other; false if it is of the next one, for which
    /// this one must be given and forgotten first.
    func addInOrder(_ context: EvaluationContext) throws(UpkeepError) -> Bool {
      key.removeAll()
      try groups.maker.appendWhole(context, to: key)
      if count == 0 {
        _ = table.insert(key.bytes)
        try open(context)
      } else if !Bytes.equal(key.bytes, table.bytes(0)) {
        return false
      }
      if aside != nil && groups.growsWithRows { try putAside(context) } else { try add(context, to: 0) }
      return true
    }

    /// Counts more rows that are as the one that was taken.
    func add(alike more: UInt64) {
      for position in 0..<groups.calls.count { states[position].addRows(Int64(clamping: more)) }
    }

    /// Forgets all groups, for another run.
    ///
    /// - Returns: whether that is worth while: what was large is better let go.
    func forgetAll() -> Bool {
      if aside != nil || counted > 1 << 16 { return false }
      forget()
      (known, passing) = (nil, 0)
      return true
    }

    /// Forgets the group that was given.
    func forget() {
      memory.give(counted)
      (counted, count) = (0, 0)
      states.removeAll(keepingCapacity: true)
      values.removeAll(keepingCapacity: true)
      table.removeAll()
      aside = nil
      if seen.contains(where: { $0 != nil }) {
        seen = groups.calls.map { $0.isDistinct ? DistinctValues($0, memory) : nil }
      }
    }

    /// Takes the row in the context.
    func add(_ context: EvaluationContext) throws(UpkeepError) {
      guard let number = try number(context) else { return try putAside(context) }
      try add(context, to: number)
    }

    private func add(_ context: EvaluationContext, to number: Int) throws(UpkeepError) {
      let first = number * groups.calls.count
      var isLeading = false
      for position in 0..<groups.feeds.count {
        let improved: Bool
        switch groups.feeds[position] {
        case .rows:
          states[first + position].addRows()
          continue
        case .number(let node):
          let scalar = try node.scalar(context)
          improved =
            scalar.kind == .other
            ? try feed(position, first, context, number) : states[first + position].add(scalar)
        case .value: improved = try feed(position, first, context, number)
        }
        if improved && position == groups.leader { isLeading = true }
      }
      if isLeading { try showRow(context, in: number) }
    }

    /// Lets the row in the context be the one that is shown of a group.
    private func showRow(_ context: EvaluationContext, in number: Int) throws(UpkeepError) {
      let place = number * groups.shown.count
      for (position, column) in groups.shown.enumerated() {
        values[place + position] = try context.value(column)
      }
    }

    /// Takes the rows of a batch, which are of slot 0.
    func add(_ batch: RowBatch, _ context: EvaluationContext) throws(UpkeepError) {
      if columns.isEmpty { columns = (0...groups.feeds.count).map { _ in ScalarColumn() } }
      // Few rows are not worth the room.
      if known == nil, batch.count >= 64, groups.keys.count == 1, groups.keys[0].node.isNumeric {
        known = IntegerGroups()
      }
      let known = known
      let keys = columns[groups.feeds.count].values
      if known != nil { try groups.keys[0].node.scalars(batch, context, into: keys) }
      for position in 0..<groups.feeds.count {
        guard case .number(let node) = groups.feeds[position] else { continue }
        try node.scalars(batch, context, into: columns[position].values)
      }
      for row in 0..<batch.count {
        var number: Int?
        if let known, keys[row].kind == .integer { number = known.find(keys[row].integer) }
        if number == nil {
          context.set(slot: 0, view: batch.view(row))
          number = try self.number(context)
          guard let number else {
            try putAside(context)
            continue
          }
          if let known, keys[row].kind == .integer { known.set(keys[row].integer, number) }
        }
        if let number { try add(row, of: batch, to: number, context) }
      }
    }

    @inline(__always)
    private func add(
      _ row: Int, of batch: RowBatch, to number: Int, _ context: EvaluationContext
    ) throws(UpkeepError) {
      let first = number &* groups.calls.count
      var isLeading = false
      for position in 0..<columns.count &- 1 {
        guard groups.isNumber[position] else {
          states[first + position].addRows()
          continue
        }
        let scalar = columns[position].values[row]
        let improved: Bool
        if scalar.kind == .other {
          context.set(slot: 0, view: batch.view(row))
          improved = try feed(position, first, context, number)
        } else {
          improved = states[first + position].add(scalar)
        }
        if improved && position == groups.leader { isLeading = true }
      }
      guard isLeading, !groups.shown.isEmpty else { return }
      context.set(slot: 0, view: batch.view(row))
      try showRow(context, in: number)
    }

    private func feed(
      _ position: Int, _ first: Int, _ context: EvaluationContext, _ number: Int
    ) throws(UpkeepError) -> Bool {
      let before = groups.growsWithRows ? states[first + position].heldByteCount : 0
      let improved = try states[first + position].feed(
        groups.calls[position], context, seen[position], group: number)
      if groups.growsWithRows { count(states[first + position].heldByteCount - before) }
      return improved
    }

    /// The number of the group of the row in the context; nil if it is not here.
    private func number(_ context: EvaluationContext) throws(UpkeepError) -> Int? {
      if groups.keys.isEmpty {
        if count == 0 { try open(context) }
        return 0
      }
      key.removeAll()
      try groups.maker.appendWhole(context, to: key)
      // A group that grows goes on growing aside: what is here stays as large as it is.
      if aside != nil { return groups.growsWithRows ? nil : table.find(key.bytes) }
      let number = table.insert(key.bytes)
      if number == count { try open(context) }
      return number
    }

    private func open(_ context: EvaluationContext) throws(UpkeepError) {
      let place = values.count
      for column in groups.shown { values.append(try context.value(column)) }
      openStates()
      let own = values[place...].reduce(0) { $0 + 24 + $1.ownByteCount }
      count(own + 48 + key.count + groups.calls.count * MemoryLayout<AggregateState>.stride)
    }

    private func openStates() {
      count += 1
      for call in groups.calls { states.append(AggregateState(call)) }
    }

    private func count(_ byteCount: Int) {
      counted += byteCount
      memory.take(byteCount)
      if aside == nil, !groups.keys.isEmpty, memory.isFull(counted) || memory.isTooMuch(counted) {
        aside = RowSorter(most: nil, memory)
      }
    }

    // MARK: Aside

    /// Puts aside what the row in the context gives to its group, whose key is in the buffer: for each aggregate its
    /// argument, nil where the row does not count, its second one and its place in the order; then what is shown.
    private func putAside(_ context: EvaluationContext) throws(UpkeepError) {
      var row: [Value?] = []
      for call in groups.calls {
        var counts = true
        if let filter = call.filter { counts = try filter.isTrue(context) }
        row.append(counts ? try call.argument?.evaluate(context) ?? .integer(1) : nil)
        if let second = call.second { row.append(counts ? try second.evaluate(context) : nil) }
        if !call.order.isEmpty { row.append(counts ? try call.orderKey(context) : nil) }
      }
      for column in groups.shown { row.append(try context.value(column)) }
      try aside?.add(key.bytes, row)
    }

    /// Gives a group a row that was put aside.
    ///
    /// - Parameter distinct: the number under which the group's values are told apart.
    private func feed(
      _ row: [Value?], _ number: Int, distinct: Int, isFirst: Bool
    ) throws(UpkeepError) {
      let first = number * groups.calls.count
      var isLeading = isFirst
      var place = 0
      for (position, call) in groups.calls.enumerated() {
        let value = row[place]
        place += 1
        var second: Value?
        if call.second != nil {
          second = row[place]
          place += 1
        }
        var key: Value?
        if !call.order.isEmpty {
          key = row[place]
          place += 1
        }
        guard let value else { continue }
        if call.argument == nil {
          states[first + position].addRows()
          continue
        }
        let improved = try states[first + position].take(
          value, second: second, key: key, seen[position], group: distinct)
        if improved && position == groups.leader { isLeading = true }
      }
      guard isLeading else { return }
      let shown = number * groups.shown.count
      for position in groups.shown.indices { values[shown + position] = (row[place + position]) ?? .null }
    }

    // MARK: The end

    /// Puts each group in the context, in the order of the keys.
    func forEach(
      _ context: EvaluationContext, _ statement: StatementContext, _ row: () throws(UpkeepError) -> Bool
    ) throws(UpkeepError) {
      if groups.keys.isEmpty, count == 0 {
        // Without GROUP BY there is one group, also of no rows.
        for slot in 0..<groups.slot { context.clear(slot: slot) }
        openStates()
        values = Array(repeating: .null, count: groups.shown.count)
      }
      let order = groups.keys.isEmpty ? [0] : table.sortedKeys().map { Int($0.number) }
      func give(_ number: Int) throws(UpkeepError) -> Bool {
        try statement.step()
        try show(number, context)
        if let condition = groups.condition, try !condition.isTrue(context) { return true }
        return try row()
      }
      guard let aside else {
        for number in order { guard try give(number) else { return } }
        return
      }
      let rows = try aside.finish()
      let own = count
      var next = 0
      var isRow = try rows.next()
      while isRow || next < order.count {
        var number: Int?
        if next < order.count {
          let distance = isRow ? Bytes.compare(table.bytes(order[next]), rows.key) : -1
          if distance <= 0 {
            number = order[next]
            next += 1
          }
          if distance < 0 {
            guard try give(order[next - 1]) else { return }
            continue
          }
        }
        isRow = try gather(rows, into: number ?? own, isNew: number == nil, statement)
        guard try give(number ?? own) else { return }
      }
    }

    /// Gives the rows with the next key to a group, which is made for them if it is new.
    ///
    /// - Returns: whether there are more rows.
    private func gather(
      _ rows: SortedRows, into number: Int, isNew: Bool, _ statement: StatementContext
    ) throws(UpkeepError) -> Bool {
      key.removeAll()
      key.append(rows.key)
      if isNew {
        states.removeSubrange((number * groups.calls.count)...)
        for call in groups.calls { states.append(AggregateState(call)) }
        values.removeSubrange((number * groups.shown.count)...)
        for _ in groups.shown { values.append(.null) }
        passing += 1
      }
      var isFirst = isNew
      while true {
        try statement.step()
        try feed(try rows.row(), number, distinct: isNew ? count + passing : number, isFirst: isFirst)
        isFirst = false
        guard try rows.next() else { return false }
        if !Bytes.equal(rows.key, key.bytes) { return true }
      }
    }

    /// How many groups were made of what was put aside.
    private var passing = 0

    private func show(_ number: Int, _ context: EvaluationContext) throws(UpkeepError) {
      var place = number * groups.shown.count
      var rest = groups.shown[...]
      for slot in 0..<groups.slot {
        let columns = rest.prefix { $0.slot == slot }
        rest = rest.dropFirst(columns.count)
        var row = [Value](repeating: .null, count: (columns.last?.ordinal ?? -1) + 1)
        for column in columns {
          row[column.ordinal] = values[place]
          place += 1
        }
        context.set(slot: slot, row: row)
      }
      let first = number * groups.calls.count
      var results: [Value] = []
      results.reserveCapacity(groups.calls.count)
      for position in groups.calls.indices { results.append(try states[first + position].result()) }
      context.set(slot: groups.slot, row: results)
    }
  }
}
