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
    numbers =
      function.frame.unit == .range && (function.offsets.start != nil || function.offsets.end != nil)
      ? try Self.numbers(partition) : 0..<0
  }

  private static func numbers(_ partition: WindowPartition) throws(UpkeepError) -> Range<Int> {
    var first = 0
    while first < partition.count, number(try partition.value(first)) == nil { first += 1 }
    var end = partition.count
    while end > first, number(try partition.value(end - 1)) == nil { end -= 1 }
    return first..<end
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
  func frame(_ position: Int) throws(UpkeepError) -> Range<Int> {
    let from = try edge(function.frame.start, start, position, isEnd: false)
    let to = try edge(function.frame.end, end, position, isEnd: true)
    let first = max(0, min(from, partition.count))
    return first..<max(first, min(to, partition.count))
  }

  /// Where the frame begins, or ends (one behind its last row).
  private func edge(
    _ bound: FrameBound, _ distance: Double, _ position: Int, isEnd: Bool
  ) throws(UpkeepError) -> Int {
    switch bound {
    case .unboundedPreceding: return 0
    case .unboundedFollowing: return partition.count
    case .currentRow:
      if function.frame.unit == .rows { return isEnd ? position + 1 : position }
      let peers = partition.peers(of: position)
      return isEnd ? peers.upperBound : peers.lowerBound
    case .preceding: return try edge(-distance, position, isEnd: isEnd)
    case .following: return try edge(distance, position, isEnd: isEnd)
    }
  }

  private func edge(_ distance: Double, _ position: Int, isEnd: Bool) throws(UpkeepError) -> Int {
    let most = Double(partition.count) + 1
    let steps = Int(max(-most, min(most, distance)))
    switch function.frame.unit {
    case .rows: return position + steps + (isEnd ? 1 : 0)
    case .groups:
      let group = partition.group(of: position) + steps
      if group < 0 { return 0 }
      if group >= partition.groupCount { return partition.count }
      let rows = partition.rows(ofGroup: group)
      return isEnd ? rows.upperBound : rows.lowerBound
    case .range:
      guard let own = Self.number(try partition.value(position)) else {
        // From what is no number no distance is counted: its peers are as near as anything.
        let peers = partition.peers(of: position)
        return isEnd ? peers.upperBound : peers.lowerBound
      }
      return try search(function.isDescending ? own - distance : own + distance, isEnd: isEnd)
    }
  }

  /// The first row at or behind a value, or behind all that are.
  private func search(_ wanted: Double, isEnd: Bool) throws(UpkeepError) -> Int {
    var low = numbers.lowerBound
    var high = numbers.upperBound
    while low < high {
      let middle = (low + high) / 2
      let value = Self.number(try partition.value(middle)) ?? 0
      let isBefore = function.isDescending ? value > wanted : value < wanted
      if isBefore || (isEnd && value == wanted) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
