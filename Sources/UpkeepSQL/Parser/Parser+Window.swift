import Upkeep

/// OVER and WINDOW: the rows around a row.
extension Parser {
  /// Functions that have a meaning with OVER only.
  static let windowFunctions: Set<String> = [
    "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
    "last_value", "nth_value",
  ]

  /// How many windows WINDOW may name.
  private static let mostWindows = 100

  /// `OVER name` or `OVER (…)` behind a call; nil where no window follows: OVER is a name too.
  mutating func over() throws(SyntaxError) -> WindowDefinition? {
    guard at(.over) else { return nil }
    let next = try peek()
    guard next.kind == .leftParen || isName(next) else { return nil }
    try advance()
    if at(.leftParen) { return try window() }
    return WindowDefinition(base: try name("the name of a window"))
  }

  /// `WINDOW name AS (…), …`
  mutating func namedWindows() throws(SyntaxError) -> [NamedWindow] {
    try expect(.window)
    var windows: [NamedWindow] = []
    var seen: Set<String> = []
    repeat {
      let start = token.start
      let name = try name("a name for a window")
      guard seen.insert(Names.folded(name)).inserted else {
        throw source.error(.misuse, "WINDOW names \(name) twice", at: start)
      }
      guard seen.count <= Self.mostWindows else {
        throw source.error(.limit, "WINDOW names at most \(Self.mostWindows) windows", at: start)
      }
      try expect(.as)
      windows.append(NamedWindow(name, try window()))
    } while try accept(.comma)
    return windows
  }

  /// `([name] [PARTITION BY …] [ORDER BY …] [frame])`
  private mutating func window() throws(SyntaxError) -> WindowDefinition {
    try expect(.leftParen)
    var window = WindowDefinition()
    switch token.keyword {
    case .partition?, .order?, .rows?, .range?, .groups?: break
    default: if atName { window.base = try name("the name of a window") }
    }
    if try accept(.partition) {
      try expect(.by)
      repeat { window.partition.append(try expression()) } while try accept(.comma)
    }
    if try accept(.order) {
      try expect(.by)
      window.order = try orderTerms()
    }
    if try accept(.rows) {
      window.frame = try frame(.rows)
    } else if try accept(.range) {
      window.frame = try frame(.range)
    } else if try accept(.groups) {
      window.frame = try frame(.groups)
    }
    try expect(.rightParen)
    return window
  }

  private mutating func frame(_ unit: FrameUnit) throws(SyntaxError) -> WindowFrame {
    let start = token.start
    var frame = WindowFrame(unit, from: .currentRow)
    if try accept(.between) {
      frame.start = try bound()
      try expect(.and)
      frame.end = try bound()
    } else {
      frame.start = try bound()
    }
    guard frame.start.rank <= frame.end.rank, frame.start != .unboundedFollowing,
      frame.end != .unboundedPreceding
    else {
      throw source.error(.misuse, "this frame ends before it begins", at: start)
    }
    if try accept(.exclude) { frame.exclusion = try exclusion() }
    return frame
  }

  private mutating func bound() throws(SyntaxError) -> FrameBound {
    if try accept(.current) {
      try expect(.row)
      return .currentRow
    }
    if try accept(.unbounded) {
      if try accept(.preceding) { return .unboundedPreceding }
      try expect(.following)
      return .unboundedFollowing
    }
    let distance = try parse(Precedence.equality).value
    if try accept(.preceding) { return .preceding(distance) }
    try expect(.following)
    return .following(distance)
  }

  private mutating func exclusion() throws(SyntaxError) -> FrameExclusion {
    if try accept(.no) {
      try expect(.others)
      return .nothing
    }
    if try accept(.current) {
      try expect(.row)
      return .currentRow
    }
    if try accept(.group) { return .group }
    try expect(.ties)
    return .ties
  }
}

extension FrameBound {
  /// Which of two bounds can come first.
  fileprivate var rank: Int {
    switch self {
    case .unboundedPreceding: 0
    case .preceding: 1
    case .currentRow: 2
    case .following: 3
    case .unboundedFollowing: 4
    }
  }
}
