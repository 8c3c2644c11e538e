/// A GLOB pattern: `*` is any run of characters, `?` one character, `[a-z]` one of these and `[^a-z]` none of them.
/// Letters match in their own case only.
struct GlobPattern {
  private enum Step {
    case scalar(UInt32)
    case one
    case run
    case set([ClosedRange<UInt32>], isNegated: Bool)
    /// A set without an end matches nothing.
    case nothing
  }

  private let steps: [Step]

  init(_ pattern: [UInt8]) {
    let scalars = Array(String(decoding: pattern, as: UTF8.self).unicodeScalars)
    var steps: [Step] = []
    var position = 0
    while position < scalars.count {
      let scalar = scalars[position]
      position += 1
      switch scalar {
      case "*":
        if case .run? = steps.last { break }
        steps.append(.run)
      case "?": steps.append(.one)
      case "[": steps.append(Self.set(scalars, &position))
      default: steps.append(.scalar(scalar.value))
      }
    }
    self.steps = steps
  }

  /// What stands between `[` and `]`. A `]` that comes first is one of the characters, a `-` makes a range.
  private static func set(_ scalars: [Unicode.Scalar], _ position: inout Int) -> Step {
    var isNegated = false
    if position < scalars.count, scalars[position] == "^" {
      isNegated = true
      position += 1
    }
    var ranges: [ClosedRange<UInt32>] = []
    var isFirst = true
    while position < scalars.count {
      let scalar = scalars[position]
      if scalar == "]", !isFirst {
        position += 1
        return .set(ranges, isNegated: isNegated)
      }
      isFirst = false
      position += 1
      if position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] != "]" {
        let last = scalars[position + 1].value
        if scalar.value <= last { ranges.append(scalar.value...last) }
        position += 2
      } else {
        ranges.append(scalar.value...scalar.value)
      }
    }
    return .nothing
  }

  /// Matches from left to right. On a mismatch the last run takes one character more: earlier runs never need to.
  ///
  /// - Throws: `limit` if that happens too often.
  func matches(_ text: String) throws(UpkeepError) -> Bool {
    var text = text
    let result = text.withUTF8 { matched(UnsafeRawBufferPointer($0)) }
    guard let result else { throw MatchLimit.exceeded("GLOB") }
    return result
  }

  /// - Returns: nil if it takes too many steps.
  private func matched(_ text: UnsafeRawBufferPointer) -> Bool? {
    var again = 0
    var at = 0
    var step = 0
    var runStep = -1
    var runAt = 0
    while true {
      if step == steps.count {
        if at == text.count { return true }
      } else if case .run = steps[step] {
        runStep = step
        runAt = at
        step += 1
        if step == steps.count { return true }
        continue
      } else if at < text.count {
        let (scalar, length) = Self.scalar(text, at)
        if takes(steps[step], scalar, &again) {
          at += length
          step += 1
          continue
        }
      }
      guard runStep >= 0, runAt < text.count else { return false }
      again += at - runAt
      if again > MatchLimit.steps { return nil }
      runAt += Self.scalar(text, runAt).length
      if case .scalar(let wanted) = steps[runStep + 1], wanted < 0x80 {
        // Nothing begins before the next of these.
        while runAt < text.count, text[runAt] != UInt8(truncatingIfNeeded: wanted) { runAt += 1 }
        if runAt == text.count { return false }
      }
      at = runAt
      step = runStep + 1
    }
  }

  /// The character at a place of a text, which is UTF-8, and its bytes.
  @inline(__always)
  private static func scalar(_ text: UnsafeRawBufferPointer, _ place: Int) -> (scalar: UInt32, length: Int) {
    let first = UInt32(text[place])
    if first < 0x80 { return (first, 1) }
    let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    var scalar = first & (0x7F >> UInt32(length))
    for offset in 1..<length { scalar = scalar << 6 | UInt32(text[place + offset]) & 0x3F }
    return (scalar, length)
  }

  private func takes(_ step: Step, _ scalar: UInt32, _ looked: inout Int) -> Bool {
    switch step {
    case .scalar(let wanted): return scalar == wanted
    case .one: return true
    case .set(let ranges, let isNegated):
      looked += ranges.count
      return ranges.contains { $0.contains(scalar) } != isNegated
    case .run, .nothing: return false
    }
  }
}
