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
  func matches(_ text: [UInt8]) -> Bool {
    let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    var at = 0
    var step = 0
    var runStep = -1
    var runAt = 0
    while true {
      if step == steps.count {
        if at == scalars.count { return true }
      } else if case .run = steps[step] {
        runStep = step
        runAt = at
        step += 1
        continue
      } else if at < scalars.count, takes(steps[step], scalars[at].value) {
        at += 1
        step += 1
        continue
      }
      guard runStep >= 0, runAt < scalars.count else { return false }
      runAt += 1
      at = runAt
      step = runStep + 1
    }
  }

  private func takes(_ step: Step, _ scalar: UInt32) -> Bool {
    switch step {
    case .scalar(let wanted): scalar == wanted
    case .one: true
    case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    case .run, .nothing: false
    }
  }
}
