/// A function over the rows around a row: `sum(x) OVER (PARTITION BY a ORDER BY b)`.
public struct WindowCall: Sendable, Hashable {
  /// The function's name in lower case: `row_number`, `lag`, or an aggregate.
  public var name: String
  /// Its arguments; `count(*)` has none.
  public var arguments: [Expression]
  /// FILTER: only rows for which it is true count, in an aggregate.
  public var filter: Expression?
  /// Which rows are around.
  public var window: WindowDefinition

  /// A call.
  public init(
    _ name: String, _ arguments: [Expression] = [], filter: Expression? = nil, over window: WindowDefinition
  ) {
    self.name = name
    self.arguments = arguments
    self.filter = filter
    self.window = window
  }
}

/// Which rows are around a row, and in what order.
public struct WindowDefinition: Sendable, Hashable {
  /// A window of the WINDOW clause that this one adds to; nil for none.
  public var base: String?
  /// What the rows have in common.
  public var partition: [Expression]
  /// Their order.
  public var order: [OrderTerm]
  /// Which of them a function sees; nil: up to the row and its peers with an order, all of them without.
  public var frame: WindowFrame?

  /// A window.
  public init(
    base: String? = nil, partitionBy partition: [Expression] = [], orderBy order: [OrderTerm] = [],
    frame: WindowFrame? = nil
  ) {
    self.base = base
    self.partition = partition
    self.order = order
    self.frame = frame
  }
}

/// A window by name: one item of the WINDOW clause.
public struct NamedWindow: Sendable, Hashable {
  /// Its name.
  public var name: String
  /// What it means.
  public var definition: WindowDefinition

  /// A named window.
  public init(_ name: String, _ definition: WindowDefinition) {
    self.name = name
    self.definition = definition
  }
}

/// Which rows of its partition a function sees from a row.
public struct WindowFrame: Sendable, Hashable {
  /// What the bounds count.
  public var unit: FrameUnit
  /// Where it begins.
  public var start: FrameBound
  /// Where it ends.
  public var end: FrameBound
  /// What is left out.
  public var exclusion: FrameExclusion

  /// A frame.
  public init(
    _ unit: FrameUnit, from start: FrameBound, to end: FrameBound = .currentRow,
    excluding exclusion: FrameExclusion = .nothing
  ) {
    self.unit = unit
    self.start = start
    self.end = end
    self.exclusion = exclusion
  }
}

/// What the bounds of a frame count.
public enum FrameUnit: Sendable, Hashable {
  /// Rows.
  case rows
  /// Distances of the value that the rows are ordered by.
  case range
  /// Groups of rows that are equal in the order.
  case groups
}

/// One end of a frame.
public enum FrameBound: Sendable, Hashable {
  /// The partition's first row.
  case unboundedPreceding
  /// So many before the row.
  case preceding(Expression)
  /// The row; with RANGE and GROUPS also its peers.
  case currentRow
  /// So many behind the row.
  case following(Expression)
  /// The partition's last row.
  case unboundedFollowing
}

/// What a frame leaves out.
public enum FrameExclusion: Sendable, Hashable {
  /// Nothing.
  case nothing
  /// The row itself.
  case currentRow
  /// The row and its peers.
  case group
  /// Its peers.
  case ties
}
