/// The rows of a window that have the same PARTITION BY, in their order.
struct WindowPartition {
  private let rows: IndexedRows
  /// Where a row holds its place in the order.
  private let place: Int
  /// For each group of peers where it begins, and behind them where the last one ends; nothing if nobody asks.
  private var starts: [UInt32] = []

  var count: Int { rows.count }

  /// - Parameters:
  ///   - place: where the rows hold their place in the order.
  ///   - needsPeers: whether groups of rows that are equal in the order are asked for.
  init(_ rows: IndexedRows, place: Int, _ statement: StatementContext, needsPeers: Bool) throws(UpkeepError) {
    self.rows = rows
    self.place = place
    guard needsPeers else { return }
    guard rows.count <= Int(UInt32.max) else {
      throw UpkeepError(.limit, "a partition of a window has more than \(UInt32.max) rows")
    }
    var before: Value?
    for position in 0..<rows.count {
      try statement.step()
      let own = try rows.row(position)[place]
      if own != before { starts.append(UInt32(truncatingIfNeeded: position)) }
      before = own
    }
    starts.append(UInt32(truncatingIfNeeded: rows.count))
  }

  func row(_ position: Int) throws(UpkeepError) -> [Value] { try rows.row(position) }

  /// What the first term of the order gave for a row.
  func value(_ position: Int) throws(UpkeepError) -> Value { try rows.row(position)[place + 2] }

  // MARK: Peers

  var groupCount: Int { starts.count - 1 }

  /// The number of a row's group of peers.
  func group(of position: Int) -> Int {
    var low = 0
    var high = starts.count - 1
    while low < high {
      let middle = (low + high) / 2
      if Int(starts[middle]) <= position { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }

  /// The rows of a group.
  func rows(ofGroup group: Int) -> Range<Int> { Int(starts[group])..<Int(starts[group + 1]) }

  /// The rows that are equal to one in the order.
  func peers(of position: Int) -> Range<Int> { rows(ofGroup: group(of: position)) }
}

/// What a function gives for each row of a partition, in the rows' order or against it.
struct WindowResults {
  private let rows: IndexedRows
  private let isBackward: Bool

  init(_ rows: IndexedRows, isBackward: Bool) {
    self.rows = rows
    self.isBackward = isBackward
  }

  func append(_ value: Value) throws(UpkeepError) { try rows.append([value]) }

  func finish() throws(UpkeepError) { try rows.finish() }

  func value(_ position: Int) throws(UpkeepError) -> Value {
    try rows.row(isBackward ? rows.count - 1 - position : position).first ?? .null
  }
}

extension WindowFunction {
  /// Whether it asks which rows are equal in the order.
  var needsPeers: Bool {
    switch kind {
    case .rowNumber, .tile, .lag, .lead: false
    case .rank, .denseRank, .percentRank, .cumulativeDistance: true
    case .first, .last, .nth, .aggregate:
      frame.unit != .rows || frame.exclusion == .group || frame.exclusion == .ties
    }
  }
}
