/// One window function over one partition.
struct WindowRun {
  let function: WindowFunction
  let partition: WindowPartition
  /// Where in a row the function's arguments lie.
  let firstArgument: Int
  let context: EvaluationContext
  let statement: StatementContext

  private var count: Int { partition.count }

  private func argument(_ number: Int, _ position: Int) throws(UpkeepError) -> Value {
    try partition.row(position)[firstArgument + number]
  }

  /// Whether the results come from the last row to the first.
  ///
  /// Frames of an aggregate that begin later and later and all end with the partition are taken from its end.
  var goesBackward: Bool {
    guard case .aggregate(let aggregate) = function.kind else { return false }
    let frame = function.frame
    return frame.exclusion == .nothing && frame.end == .unboundedFollowing
      && frame.start != .unboundedPreceding && !aggregate.function.asksForOrder
  }

  /// Hands over the result of each row.
  func forEach(_ result: (Value) throws(UpkeepError) -> Void) throws(UpkeepError) {
    if case .aggregate(let aggregate) = function.kind { return try aggregated(aggregate, result) }
    let frames: WindowFrames? =
      switch function.kind {
      case .first, .last, .nth: try WindowFrames(function, partition, context)
      default: nil
      }
    for position in 0..<count {
      try statement.step()
      try result(try value(position, frames))
    }
  }

  private func value(_ position: Int, _ frames: WindowFrames?) throws(UpkeepError) -> Value {
    switch function.kind {
    case .rowNumber: return .integer(Int64(position + 1))
    case .rank: return .integer(Int64(partition.peers(of: position).lowerBound + 1))
    case .denseRank: return .integer(Int64(partition.group(of: position) + 1))
    case .percentRank:
      let before = partition.peers(of: position).lowerBound
      return .real(count < 2 ? 0 : Double(before) / Double(count - 1))
    case .cumulativeDistance: return .real(Double(partition.peers(of: position).upperBound) / Double(count))
    case .tile: return .integer(try tile(position))
    case .lag: return try neighbour(position, -1)
    case .lead: return try neighbour(position, 1)
    case .first, .last, .nth:
      guard let frames else { return .null }
      let frame = try frames.frame(position)
      switch function.kind {
      case .first: return try value(at: frame.first { frames.includes($0, position) })
      case .last: return try value(at: frame.last { frames.includes($0, position) })
      default: return try nth(frame, frames, position)
      }
    case .aggregate: return .null
    }
  }

  private func value(at place: Int?) throws(UpkeepError) -> Value {
    guard let place else { return .null }
    return try argument(0, place)
  }

  private func tile(_ position: Int) throws(UpkeepError) -> Int64 {
    let argument = try argument(0, 0)
    guard case .integer(let wanted) = argument, wanted > 0 else {
      throw UpkeepError(.misuse, "ntile() takes a whole number above 0, not \(argument.literalText)")
    }
    // The first `rest` tiles have one row more.
    let tiles = Int(clamping: min(wanted, Int64(count)))
    let (size, rest) = count.quotientAndRemainder(dividingBy: tiles)
    let inLarger = rest * (size + 1)
    if position < inLarger { return Int64(position / (size + 1) + 1) }
    return Int64(rest + (position - inLarger) / max(1, size) + 1)
  }

  private func neighbour(_ position: Int, _ direction: Int64) throws(UpkeepError) -> Value {
    let distance = function.arguments.count > 1 ? Arithmetic.integer(try argument(1, position)) : 1
    guard let distance else { return .null }
    let (step, overflow) = distance.multipliedReportingOverflow(by: direction)
    let (place, overflowAgain) = step.addingReportingOverflow(Int64(position))
    if !overflow, !overflowAgain, place >= 0, place < count { return try argument(0, Int(place)) }
    return function.arguments.count > 2 ? try argument(2, position) : .null
  }

  private func nth(_ frame: Range<Int>, _ frames: WindowFrames, _ position: Int) throws(UpkeepError) -> Value
  {
    let argument = try argument(1, position)
    guard case .integer(let wanted) = argument, wanted > 0 else {
      throw UpkeepError(
        .misuse, "nth_value() takes a whole number above 0, not \(argument.literalText)")
    }
    var left = wanted
    for place in frame where frames.includes(place, position) {
      left -= 1
      if left == 0 { return try self.argument(0, place) }
    }
    return .null
  }

  // MARK: Aggregates

  private func aggregated(
    _ aggregate: Aggregate, _ result: (Value) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let frames = try WindowFrames(function, partition, context)
    if goesBackward { return try growingBackward(aggregate, frames, result) }
    var state = AggregateState(aggregate)
    var taken = 0..<0
    var last: Value?
    for position in 0..<count {
      try statement.step()
      let frame = try frames.frame(position)
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
      try result(value)
    }
  }

  /// Where frames begin later and later and all end with the partition, rows are taken from its end.
  private func growingBackward(
    _ aggregate: Aggregate, _ frames: WindowFrames, _ result: (Value) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    var state = AggregateState(aggregate)
    var start = count
    for position in (0..<count).reversed() {
      try statement.step()
      let frame = try frames.frame(position)
      while start > frame.lowerBound {
        start -= 1
        try take(start, aggregate, &state)
      }
      try result(try state.result())
    }
  }

  private func take(_ position: Int, _ aggregate: Aggregate, _ state: inout AggregateState)
    throws(UpkeepError)
  {
    if function.filter != nil, try argument(function.arguments.count, position) == .boolean(false) { return }
    guard !function.arguments.isEmpty else { return state.addRows() }
    let second = function.arguments.count > 1 ? try argument(1, position) : nil
    _ = try state.take(try argument(0, position), second: second, key: nil, nil, group: 0)
  }
}
