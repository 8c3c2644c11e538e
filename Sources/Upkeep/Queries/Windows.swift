internal import UpkeepStorage

/// The window functions of a SELECT: the rows are put in the order that a window asks for, then in that of the next, and
/// each time its functions add what they make of them; they are given on in the order of the last window.
///
/// What is sorted leaves memory beyond the statement's budget, and so do the rows of a partition and their results.
struct Windows {
  /// The calls as written, for the scope in which their results are read.
  let calls: [Expression]
  private let functions: [WindowFunction]
  /// The slot of their results.
  private let slot: Int
  /// The columns that are read once the results are there.
  private let kept: [SlotColumn]
  /// Functions that look at the rows in the same order, by their numbers.
  private let sorts: [[Int]]

  /// - Parameter scope: the sources, and the results of aggregates.
  init(_ calls: [Expression], _ named: [NamedWindow], in scope: ExpressionScope) throws(UpkeepError) {
    self.calls = calls
    var functions: [WindowFunction] = []
    for call in calls {
      guard case .window(let window) = call else { continue }
      functions.append(try WindowFunction(window, named, in: scope))
    }
    self.functions = functions
    slot = scope.slots.count
    kept = []
    var sorts: [[Int]] = []
    for (number, function) in functions.enumerated() {
      if let known = sorts.firstIndex(where: { functions[$0[0]].sorting == function.sorting }) {
        sorts[known].append(number)
      } else {
        sorts.append([number])
      }
    }
    self.sorts = sorts
  }

  private init(_ other: Windows, keeping kept: [SlotColumn]) {
    calls = other.calls
    functions = other.functions
    slot = other.slot
    sorts = other.sorts
    self.kept = kept
  }

  /// The same, when it is known what is read of the rows besides.
  func keeping(_ columns: Set<SlotColumn>) -> Windows {
    let columns = columns.filter { $0.slot < slot }
    return Windows(self, keeping: columns.sorted { ($0.slot, $0.ordinal) < ($1.slot, $1.ordinal) })
  }

  /// All that is evaluated on a row.
  var expressions: [CompiledExpression] { functions.flatMap(\.expressions) }

  func begin(_ memory: QueryMemory) -> Found { Found(self, memory) }

  /// How it runs, for people.
  var description: [String] {
    ["sort the rows for \(sorts.count == 1 ? "a window" : "\(sorts.count) windows, one after the other")"]
  }

  /// The rows of one run. A row is what is kept of it, the arguments of each function and whether its FILTER lets the
  /// row in, for each sort its place, and behind them the results as they come.
  final class Found {
    private let windows: Windows
    private let memory: QueryMemory
    private var sorter: RowSorter
    /// For each function where its arguments begin in a row.
    private let firstArgument: [Int]
    /// Where the places begin: a key, how much of it is of PARTITION BY, and the first value of ORDER BY.
    private let firstPlace: Int
    private let firstResult: Int

    init(_ windows: Windows, _ memory: QueryMemory) {
      self.windows = windows
      self.memory = memory
      sorter = RowSorter(most: nil, memory)
      var next = windows.kept.count
      var starts: [Int] = []
      for function in windows.functions {
        starts.append(next)
        next += function.arguments.count + 1
      }
      firstArgument = starts
      firstPlace = next
      firstResult = next + 3 * windows.sorts.count
    }

    /// Takes the row in the context.
    func add(_ context: EvaluationContext) throws(UpkeepError) {
      var row: [Value] = []
      for column in windows.kept { row.append(try context.value(column)) }
      for function in windows.functions {
        for argument in function.arguments { row.append(try argument.evaluate(context)) }
        row.append(.boolean(try function.filter?.isTrue(context) ?? true))
      }
      for numbers in windows.sorts { row += try windows.functions[numbers[0]].place(context) }
      try put(row, sort: 0)
    }

    private func put(_ row: [Value], sort: Int) throws(UpkeepError) {
      guard case .blob(let key) = row[firstPlace + 3 * sort] else { return }
      let sorter = sorter
      let result: Result<Void, UpkeepError> = key.withUnsafeBytes { key in
        do throws(UpkeepError) { return .success(try sorter.add(key, row)) } catch { return .failure(error) }
      }
      try result.get()
    }

    /// Puts each row in the context, with the results beside it.
    func forEach(
      _ context: EvaluationContext, _ statement: StatementContext, _ body: () throws(UpkeepError) -> Bool
    ) throws(UpkeepError) {
      for sort in windows.sorts.indices {
        let rows = try sorter.finish()
        sorter = RowSorter(most: nil, memory)
        let isLast = sort == windows.sorts.count - 1
        var isRow = try rows.next()
        while isRow {
          let partition = IndexedRows(memory)
          var first: [Value]?
          repeat {
            let row: [Value] = try rows.row()
            if let first, !isSamePartition(first, row, sort) { break }
            first = first ?? row
            try partition.append(row)
            try statement.step()
            isRow = try rows.next()
          } while isRow
          try partition.finish()
          let results = try results(partition, sort, context, statement)
          for position in 0..<partition.count {
            try statement.step()
            var row = try partition.row(position)
            for result in results { row.append(try result.value(position)) }
            guard isLast else {
              try put(row, sort: sort + 1)
              continue
            }
            show(row, context)
            guard try body() else { return }
          }
        }
      }
    }

    private func isSamePartition(_ a: [Value], _ b: [Value], _ sort: Int) -> Bool {
      let place = firstPlace + 3 * sort
      guard case .blob(let first) = a[place], case .blob(let second) = b[place],
        case .integer(let count) = a[place + 1], a[place + 1] == b[place + 1]
      else { return false }
      return first.prefix(Int(count)) == second.prefix(Int(count))
    }

    /// The results of a sort's functions for the rows of a partition.
    private func results(
      _ rows: IndexedRows, _ sort: Int, _ context: EvaluationContext, _ statement: StatementContext
    ) throws(UpkeepError) -> [WindowResults] {
      let numbers = windows.sorts[sort]
      let partition = try WindowPartition(
        rows, place: firstPlace + 3 * sort, statement,
        needsPeers: numbers.contains { windows.functions[$0].needsPeers })
      var list: [WindowResults] = []
      for number in numbers {
        let run = WindowRun(
          function: windows.functions[number], partition: partition, firstArgument: firstArgument[number],
          context: context, statement: statement)
        let results = WindowResults(IndexedRows(memory), isBackward: run.goesBackward)
        try run.forEach(results.append)
        try results.finish()
        list.append(results)
      }
      return list
    }

    private func show(_ values: [Value], _ context: EvaluationContext) {
      var place = 0
      var rest = windows.kept[...]
      for slot in 0..<windows.slot {
        let columns = rest.prefix { $0.slot == slot }
        rest = rest.dropFirst(columns.count)
        var row = [Value](repeating: .null, count: (columns.last?.ordinal ?? -1) + 1)
        for column in columns {
          row[column.ordinal] = values[place]
          place += 1
        }
        context.set(slot: slot, row: row)
      }
      // Results stand in the order in which the sorts gave them.
      var results = [Value](repeating: .null, count: windows.functions.count)
      for (position, number) in windows.sorts.joined().enumerated() {
        results[number] = values[firstResult + position]
      }
      context.set(slot: windows.slot, row: results)
    }
  }
}

extension WindowFunction {
  /// Where the row in the context lies in the function's order: a key, how many bytes of it are of PARTITION BY, and what
  /// the first term of ORDER BY gave, which distances are counted from.
  fileprivate func place(_ context: EvaluationContext) throws(UpkeepError) -> [Value] {
    let buffer = ByteBuffer(capacity: 64)
    for expression in partition {
      let part = KeyPart(.any, collation: expression.collation ?? .binary)
      try KeyCodec.append(try expression.evaluate(context), part, to: buffer)
    }
    let count = buffer.count
    var first: Value?
    for term in order {
      let value = try term.value(context)
      first = first ?? value
      try term.append(value, to: buffer)
    }
    return [.blob(Array(buffer.bytes)), .integer(Int64(count)), first ?? .null]
  }
}
