/// LIKE: `%` is any run of characters, `_` one character; ASCII letters match in either case.
final class LikeNode: ConditionNode, @unchecked Sendable {
  let operand: ExpressionNode
  let pattern: ExpressionNode
  let escape: ExpressionNode?
  let isNegated: Bool
  /// The pattern, if it is constant.
  private let fixed: LikePattern?

  init(
    _ operand: ExpressionNode, _ pattern: ExpressionNode, escape: ExpressionNode?, isNegated: Bool
  ) throws(UpkeepError) {
    self.operand = operand
    self.pattern = pattern
    self.escape = escape
    self.isNegated = isNegated
    let fixedEscape = escape.map { ($0 as? LiteralNode)?.value }
    if let text = (pattern as? LiteralNode)?.value.castText, fixedEscape != .some(nil) {
      fixed = try LikePattern(text, escape: Self.escapeByte(fixedEscape ?? nil))
    } else {
      fixed = nil
    }
  }

  /// The escape character's bytes; nil without one.
  private static func escapeByte(_ value: Value?) throws(UpkeepError) -> [UInt8]? {
    guard let value, let text = value.castText else { return nil }
    guard text.unicodeScalars.count == 1 else {
      throw UpkeepError(.misuse, "ESCAPE takes one character, not \(value.literalText)")
    }
    return Array(text.utf8)
  }

  override func truth(_ context: EvaluationContext) throws(UpkeepError) -> Truth {
    var chosen = fixed
    if chosen == nil {
      guard let text = try pattern.evaluate(context).castText else { return .unknown }
      let escapeValue = try escape?.evaluate(context)
      if let escapeValue, case .null = escapeValue { return .unknown }
      chosen = try LikePattern(text, escape: Self.escapeByte(escapeValue))
    }
    guard let chosen else { return .unknown }
    if let escape = escape as? LiteralNode, case .null = escape.value { return .unknown }
    if let column = (operand as? ColumnNode)?.column, let view = context.view(column.slot)?.pointee,
      column.ordinal < view.width, view.holdsText(column.ordinal)
    {
      return try view.withBytes(column.ordinal) { (text) throws(UpkeepError) in
        text.map { Truth(chosen.matches($0) != isNegated) } ?? .unknown
      }
    }
    guard var text = try operand.evaluate(context).castText else { return .unknown }
    return Truth(text.withUTF8 { chosen.matches(UnsafeRawBufferPointer($0)) } != isNegated)
  }
}

extension RowView {
  /// Whether a column is of a type whose bytes are text.
  func holdsText(_ column: Int) -> Bool { places[column].type == .text || places[column].type == .json }
}

/// A LIKE pattern as steps.
struct LikePattern: Sendable {
  /// A step: a byte to match (in lower case), one character, or any run.
  private enum Step: Sendable {
    case byte(UInt8)
    case one
    case run
  }

  private let steps: [Step]

  init(_ pattern: String, escape: [UInt8]?) throws(UpkeepError) {
    let bytes = Array(pattern.utf8)
    if bytes.count > 50_000 { throw UpkeepError(.limit, "a LIKE pattern is longer than 50000 bytes") }
    var steps: [Step] = []
    steps.reserveCapacity(bytes.count)
    var position = 0
    while position < bytes.count {
      if let escape, bytes[position...].starts(with: escape) {
        position += escape.count
        if position < bytes.count {
          steps.append(.byte(TextBytes.folded(bytes[position])))
          position += 1
        } else {
          // An escape at the end matches nothing, since no text byte is FF.
          steps.append(.byte(0xFF))
        }
        continue
      }
      switch bytes[position] {
      case UInt8(ascii: "%"):
        if case .run? = steps.last { break }
        steps.append(.run)
      case UInt8(ascii: "_"): steps.append(.one)
      case let byte: steps.append(.byte(TextBytes.folded(byte)))
      }
      position += 1
    }
    self.steps = steps
  }

  /// Matches from left to right. On a mismatch the last run takes one byte more: earlier runs never need to.
  func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    var step = 0
    var runStep = -1
    var runAt = 0
    while true {
      if step < steps.count {
        switch steps[step] {
        case .run:
          runStep = step
          runAt = at
          step += 1
          continue
        case .one where at < text.count:
          at += 1
          while at < text.count, text[at] & 0xC0 == 0x80 { at += 1 }
          step += 1
          continue
        case .byte(let byte) where at < text.count && TextBytes.folded(text[at]) == byte:
          at += 1
          step += 1
          continue
        default:
          break
        }
      } else if at == text.count {
        return true
      }
      guard runStep >= 0, runAt < text.count else { return false }
      runAt += 1
      while runAt < text.count, text[runAt] & 0xC0 == 0x80 { runAt += 1 }
      at = runAt
      step = runStep + 1
    }
  }
}
