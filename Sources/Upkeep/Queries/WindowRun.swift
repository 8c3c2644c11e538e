/// One window function over one partition.
struct WindowRun {
  let function: WindowFunction
  let partition: WindowPartition
  let rows: [[Value]]
  /// Where in a row the function's arguments lie.
  let firstArgument: Int
  let context: EvaluationContext
  let statement: StatementContext

  private var count: Int { partition.count }

  private func argument(_ number: Int, _ position: Int) -> Value {
    rows[position][firstArgument + number]
  }

  /// Hands over the result of each row.
  func forEach(_ result: (Int, Value) -> Void) throws(UpkeepError) {
    if case .aggregate(let aggregate) = function.kind { return try aggregated(aggregate, result) }
    let frames: WindowFrames? =
      switch function.kind {
      case .first, .last, .nth: try WindowFrames(function, partition, context)
      default: nil
      }
    for position in 0..<count {
      try statement.step()
      result(position, try value(position, frames))
    }
  }

  private func value(_ position: Int, _ frames: WindowFrames?) throws(UpkeepError) -> Value {
    let peers = partition.peers(of: position)
    switch function.kind {
    case .rowNumber: return .integer(Int64(position + 1))
    case .rank: return .integer(Int64(peers.lowerBound + 1))
    case .denseRank: return .integer(Int64(partition.groupOfRow[position] + 1))
    case .percentRank: return .real(count < 2 ? 0 : Double(peers.lowerBound) / Double(count - 1))
    case .cumulativeDistance: return .real(Double(peers.upperBound) / Double(count))
    case .tile: return .integer(try tile(position))
    case .lag: return try neighbour(position, -1)
    case .lead: return try neighbour(position, 1)
    case .first, .last, .nth:
      guard let frames else { return .null }
      let frame = frames.frame(position)
      switch function.kind {
      case .first: return frame.first { frames.includes($0, position) }.map { argument(0, $0) } ?? .null
      case .last: return frame.last { frames.includes($0, position) }.map { argument(0, $0) } ?? .null
      default: return try nth(frame, frames, position)
      }
    case .aggregate: return .null
    }
  }

  private func tile(_ position: Int) throws(UpkeepError) -> Int64 {
    guard case .integer(let wanted) = argument(0, 0), wanted > 0 else {
      throw UpkeepError(.misuse, "ntile() takes a whole number above 0, not \(argument(0, 0).literalText)")
    }
    // The first `rest` tiles have one row more.
    let tiles = Int(clamping: min(wanted, Int64(count)))
    let (size, rest) = count.quotientAndRemainder(dividingBy: tiles)
    let inLarger = rest * (size + 1)
    if position < inLarger { return Int64(position / (size + 1) + 1) }
    return Int64(rest + (position - inLarger) / max(1, size) + 1)
  }

  private func neighbour(_ position: Int, _ direction: Int64) throws(UpkeepError) -> Value {
    let distance = function.arguments.count > 1 ? Arithmetic.integer(argument(1, position)) : 1
    guard let distance else { return .null }
    let (step, overflow) = distance.multipliedReportingOverflow(by: direction)
    let (place, overflowAgain) = step.addingReportingOverflow(Int64(position))
    if !overflow, !overflowAgain, place >= 0, place < count { return argument(0, Int(place)) }
    return function.arguments.count > 2 ? argument(2, position) : .null
  }

  private func nth(_ frame: Range<Int>, _ frames: WindowFrames, _ position: Int) throws(UpkeepError) -> Value
  {
    guard case .integer(let wanted) = argument(1, position), wanted > 0 else {
      throw UpkeepError(
        .misuse, "nth_value() takes a whole number above 0, not \(argument(1, position).literalText)")
    }
    var left = wanted
    for place in frame where frames.includes(place, position) {
      left -= 1
      if left == 0 { return argument(0, place) }
    }
    return .null
  }

  // MARK: Aggregates

  private func aggregated(_ aggregate: Aggregate, _ result: (Int, Value) -> Void) throws(UpkeepError) {
    let frames = try WindowFrames(function, partition, context)
    if frames.excludesNothing, function.frame.end == .unboundedFollowing,
      function.frame.start != .unboundedPreceding,
      !aggregate.function.asksForOrder
    {
      return try growingBackward(aggregate, frames, result)
    }
    var state = AggregateState(aggregate)
    var taken = 0..<0
    var last: Value?
    for position in 0..<count {
      try statement.step()
      let frame = frames.frame(position)
      let grows =
        frames.excludesNothing && frame.lowerBound == taken.lowerBound && frame.upperBound >= taken.upperBound
      if !grows {
        state = AggregateState(aggregate)
        taken = frame.lowerBound..<frame.lowerBound
        last = nil
      }
      for place in taken.upperBound..<max(taken.upperBound, frame.upperBound)
      where frames.excludesNothing || frames.includes(place, position) {
        if frame.count > 64 { try statement.step() }
        try take(place, aggregate, &state)
        last = nil
      }
      taken = frame
      let value: Value
      if let last { value = last } else { value = try state.result() }
      last = frames.excludesNothing ? value : nil
      if !frames.excludesNothing { taken = 0..<0 }
      result(position, value)
    }
  }

  /// Where frames begin later and later and all end with the partition, rows are taken from its end.
  private func growingBackward(
    _ aggregate: Aggregate, _ frames: WindowFrames, _ result: (Int, Value) -> Void
  ) throws(UpkeepError) {
    var state = AggregateState(aggregate)
    var start = count
    for position in (0..<count).reversed() {
      try statement.step()
      let frame = frames.frame(position)
      while start > frame.lowerBound {
        start -= 1
        try take(start, aggregate, &state)
      }
      result(position, try state.result())
    }
  }

  private func take(_ position: Int, _ aggregate: Aggregate, _ state: inout AggregateState)
    throws(UpkeepError)
  {
    if function.filter != nil, argument(function.arguments.count, position) == .boolean(false) { return }
    guard !function.arguments.isEmpty else { return state.addRows() }
    let second = function.arguments.count > 1 ? argument(1, position) : nil
    _ = try state.take(argument(0, position), second: second, key: nil, nil, group: 0)
  }
}

/// Which rows of a partition a function sees from each of them.
struct WindowFrames {
  private let function: WindowFunction
  private let partition: WindowPartition
  private let start: Double
  private let end: Double
  /// The rows whose value can be counted from: those that are numbers lie together.
  private let numbers: Range<Int>

  init(_ function: WindowFunction, _ partition: WindowPartition, _ context: EvaluationContext)
    throws(UpkeepError)
  {
    self.function = function
    self.partition = partition
    start = try Self.distance(function.offsets.start, function.frame.unit, context)
    end = try Self.distance(function.offsets.end, function.frame.unit, context)
    let first = (0..<partition.count).first { Self.number(partition.value($0)) != nil }
    let last = (0..<partition.count).last { Self.number(partition.value($0)) != nil }
    numbers = (first ?? 0)..<(last.map { $0 + 1 } ?? 0)
  }

  private static func distance(
    _ expression: CompiledExpression?, _ unit: FrameUnit, _ context: EvaluationContext
  ) throws(UpkeepError) -> Double {
    guard let expression else { return 0 }
    let value = try expression.evaluate(context)
    let isWhole = if case .integer = value { true } else { false }
    guard let distance = number(value), distance >= 0, unit == .range || isWhole else {
      let wanted = unit == .range ? "a number" : "a whole number"
      throw UpkeepError(.misuse, "a frame's distance is \(wanted) not below 0; this is \(value.literalText)")
    }
    return distance
  }

  private static func number(_ value: Value) -> Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .real(let real): real
    case .timestamp(let moment): Double(moment.microseconds)
    default: nil
    }
  }

  var excludesNothing: Bool { function.frame.exclusion == .nothing }

  /// Whether a row of the frame is not left out.
  func includes(_ place: Int, _ position: Int) -> Bool {
    switch function.frame.exclusion {
    case .nothing: true
    case .currentRow: place != position
    case .group: !partition.peers(of: position).contains(place)
    case .ties: place == position || !partition.peers(of: position).contains(place)
    }
  }

  /// The rows that a function sees from one.
  func frame(_ position: Int) -> Range<Int> {
    let from = edge(function.frame.start, start, position, isEnd: false)
    let to = edge(function.frame.end, end, position, isEnd: true)
    let first = max(0, min(from, partition.count))
    return first..<max(first, min(to, partition.count))
  }

  /// Where the frame begins, or ends (one behind its last row).
  private func edge(_ bound: FrameBound, _ distance: Double, _ position: Int, isEnd: Bool) -> Int {
    switch bound {
    case .unboundedPreceding: return 0
    case .unboundedFollowing: return partition.count
    case .currentRow:
      if function.frame.unit == .rows { return isEnd ? position + 1 : position }
      let peers = partition.peers(of: position)
      return isEnd ? peers.upperBound : peers.lowerBound
    case .preceding: return edge(-distance, position, isEnd: isEnd)
    case .following: return edge(distance, position, isEnd: isEnd)
    }
  }

  private func edge(_ distance: Double, _ position: Int, isEnd: Bool) -> Int {
    let most = Double(partition.count) + 1
    let steps = Int(max(-most, min(most, distance)))
    switch function.frame.unit {
    case .rows: return position + steps + (isEnd ? 1 : 0)
    case .groups:
      let group = partition.groupOfRow[position] + steps
      if group < 0 { return 0 }
      if group >= partition.starts.count - 1 { return partition.count }
      return partition.starts[isEnd ? group + 1 : group]
    case .range:
      guard let own = Self.number(partition.value(position)) else {
        // From what is no number no distance is counted: its peers are as near as anything.
        let peers = partition.peers(of: position)
        return isEnd ? peers.upperBound : peers.lowerBound
      }
      return search(function.isDescending ? own - distance : own + distance, isEnd: isEnd)
    }
  }

  /// The first row at or behind a value, or behind all that are.
  private func search(_ wanted: Double, isEnd: Bool) -> Int {
    var low = numbers.lowerBound
    var high = numbers.upperBound
    while low < high {
      let middle = (low + high) / 2
      let value = Self.number(partition.value(middle)) ?? 0
      let isBefore = function.isDescending ? value > wanted : value < wanted
      if isBefore || (isEnd && value == wanted) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
