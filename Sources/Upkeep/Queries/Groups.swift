internal import UpkeepStorage

/// GROUP BY and aggregates: what is kept of each group while the rows go by.
///
/// Groups are found by the bytes of their keys, and given in the keys' order. Columns outside aggregates show a row of
/// the group: that of the least or greatest value if there is one `min()` or `max()`, else its first.
struct Groups {
  private let keys: [CompiledExpression]
  private let parts: [KeyPart]
  private let calls: [Aggregate]
  private let condition: CompiledExpression?
  /// The columns of the sources that are shown.
  private let shown: [SlotColumn]
  /// The slot of the aggregates' results.
  private let slot: Int
  /// The aggregate that says which row is shown.
  private let leader: Int?

  init(
    keys: [CompiledExpression], calls: [Aggregate], condition: CompiledExpression?, shown: Set<SlotColumn>,
    slot: Int
  ) {
    self.keys = keys
    parts = keys.map { KeyPart(.any, collation: $0.collation ?? .binary) }
    self.calls = calls
    self.condition = condition
    self.shown = shown.sorted { ($0.slot, $0.ordinal) < ($1.slot, $1.ordinal) }
    self.slot = slot
    let extremes = calls.indices.filter { calls[$0].isExtreme }
    leader = extremes.count == 1 ? extremes.first : nil
  }

  func begin() -> Found { Found(self) }

  /// How it runs, for people.
  var description: [String] {
    var lines = [keys.isEmpty ? "aggregate" : "group by \(keys.count == 1 ? "a key" : "\(keys.count) keys")"]
    if condition != nil { lines.append("check HAVING on each group") }
    return lines
  }

  /// The groups of one run.
  final class Found {
    private let groups: Groups
    private let table = ByteKeyTable()
    /// For each group its aggregates, one group behind the other.
    private var states: [AggregateState] = []
    /// For each group the values shown of its row, likewise.
    private var values: [Value] = []
    private let key = ByteBuffer(capacity: 64)
    private var count = 0

    init(_ groups: Groups) { self.groups = groups }

    /// Takes the row in the context.
    func add(_ context: EvaluationContext) throws(UpkeepError) {
      let number = try number(context)
      let first = number * groups.calls.count
      var isLeading = false
      for (position, call) in groups.calls.enumerated() {
        let improved = try states[first + position].feed(call, context)
        if improved && position == groups.leader { isLeading = true }
      }
      guard isLeading else { return }
      let place = number * groups.shown.count
      for (position, column) in groups.shown.enumerated() {
        values[place + position] = try context.value(column)
      }
    }

    private func number(_ context: EvaluationContext) throws(UpkeepError) -> Int {
      if groups.keys.isEmpty {
        if count == 0 { try open(context) }
        return 0
      }
      key.removeAll()
      for (expression, part) in zip(groups.keys, groups.parts) {
        try KeyCodec.append(try expression.evaluate(context), part, to: key)
      }
      let number = table.insert(key.bytes)
      if number == count { try open(context) }
      return number
    }

    private func open(_ context: EvaluationContext) throws(UpkeepError) {
      count += 1
      for call in groups.calls { states.append(AggregateState(call)) }
      for column in groups.shown { values.append(try context.value(column)) }
    }

    /// Puts each group in the context, in the order of the keys.
    func forEach(
      _ context: EvaluationContext, _ statement: StatementContext, _ row: () throws(UpkeepError) -> Bool
    ) throws(UpkeepError) {
      if groups.keys.isEmpty, count == 0 {
        // Without GROUP BY there is one group, also of no rows.
        for slot in 0..<groups.slot { context.clear(slot: slot) }
        count = 1
        for call in groups.calls { states.append(AggregateState(call)) }
        values = Array(repeating: .null, count: groups.shown.count)
      }
      var order = Array(0..<count)
      if count > 1 {
        let table = table
        order.sort { Bytes.compare(table.bytes($0), table.bytes($1)) < 0 }
      }
      for number in order {
        try statement.step()
        try show(number, context)
        if let condition = groups.condition, try !condition.isTrue(context) { continue }
        guard try row() else { return }
      }
    }

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
