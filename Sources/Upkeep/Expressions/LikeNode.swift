/// LIKE: `%` is any run of characters, `_` one character; ASCII letters match in either case.
final class LikeNode: ConditionNode, @unchecked Sendable {
  let operand: ExpressionNode
  let pattern: ExpressionNode
  let escape: ExpressionNode?
  let isNegated: Bool
  /// The pattern, if it is constant.
  private let fixed: LikePattern?
  /// The column, if the operand is one.
  private let column: SlotColumn?
  /// Whether ESCAPE is NULL, always.
  private let isEscapeNull: Bool

  init(
    _ operand: ExpressionNode, _ pattern: ExpressionNode, escape: ExpressionNode?, isNegated: Bool
  ) throws(UpkeepError) {
    self.operand = operand
    self.pattern = pattern
    self.escape = escape
    self.isNegated = isNegated
    column = (operand as? ColumnNode)?.column
    isEscapeNull = (escape as? LiteralNode).map { $0.value == .null } ?? false
    let fixedEscape = escape.map { ($0 as? LiteralNode)?.value }
    if let text = (pattern as? LiteralNode)?.value.castText, fixedEscape != .some(nil) {
      fixed = try LikePattern(text, escape: Self.escapeByte(fixedEscape ?? nil))
    } else {
      fixed = nil
    }
  }

  /// What it asks of one column's text, if it is that.
  var ofColumn: (column: SlotColumn, pattern: LikePattern, isNegated: Bool)? {
    guard let column, let fixed, !isEscapeNull else { return nil }
    return (column, fixed, isNegated)
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
    if isEscapeNull { return .unknown }
    guard let fixed else { return try truth(by: varying(context), context) }
    if let column, let view = context.view(column.slot), column.ordinal < view.pointee.width {
      switch try view.pointee.lentBytes(column.ordinal) {
      case .null: return .unknown
      case .bytes(let bytes) where view.pointee.holdsText(column.ordinal):
        return Truth(try fixed.matches(bytes) != isNegated)
      default: break
      }
    }
    return try truth(by: fixed, context)
  }

  /// The pattern as it is on this row; nil if it, or its escape, is NULL.
  private func varying(_ context: EvaluationContext) throws(UpkeepError) -> LikePattern? {
    guard let text = try pattern.evaluate(context).castText else { return nil }
    let escapeValue = try escape?.evaluate(context)
    if let escapeValue, case .null = escapeValue { return nil }
    return try LikePattern(text, escape: Self.escapeByte(escapeValue))
  }

  private func truth(by chosen: LikePattern?, _ context: EvaluationContext) throws(UpkeepError) -> Truth {
    guard let chosen else { return .unknown }
    guard let text = try operand.evaluate(context).castText else { return .unknown }
    return Truth(try chosen.matches(text) != isNegated)
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
  /// The pattern, if there is no `_` in it.
  private let pieces: LiteralPieces?

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
    pieces = Self.texts(steps).map { LiteralPieces($0) }
  }

  /// The texts before, between and behind the runs; nil where single characters are left open.
  private static func texts(_ steps: [Step]) -> [[UInt8]]? {
    var texts: [[UInt8]] = [[]]
    for step in steps {
      switch step {
      case .byte(let byte): texts[texts.count - 1].append(byte)
      case .run: texts.append([])
      case .one: return nil
      }
    }
    return texts
  }

  /// - Throws: `limit` if it takes too many steps.
  @inline(__always)
  func matches(_ text: UnsafeRawBufferPointer) throws(UpkeepError) -> Bool { try checked(matched(text)) }

  @inline(__always)
  private func checked(_ result: Bool?) throws(UpkeepError) -> Bool {
    guard let result else { throw MatchLimit.exceeded("LIKE") }
    return result
  }

  @inline(__always)
  private func matched(_ text: UnsafeRawBufferPointer) -> Bool? {
    if let pieces { return pieces.matched(text) }
    return matchedByStep(text)
  }

  func matches(_ text: String) throws(UpkeepError) -> Bool {
    var text = text
    return try checked(text.withUTF8 { bytes in matched(UnsafeRawBufferPointer(bytes)) })
  }

  /// Matches from left to right. On a mismatch the last run takes one byte more: earlier runs never need to.
  ///
  /// - Returns: nil if that happens too often.
  func matchedByStep(_ text: UnsafeRawBufferPointer) -> Bool? {
    steps.withUnsafeBufferPointer { Self.matches(text, $0) }
  }

  /// - Returns: nil if it takes too many steps.
  private static func matches(_ text: UnsafeRawBufferPointer, _ steps: UnsafeBufferPointer<Step>) -> Bool? {
    var again = 0
    var at = 0
    var step = 0
    var runStep = -1
    var runAt = 0
    while true {
      if step < steps.count {
        switch steps[step] {
        case .run:
          // What follows a run at the end is as good as any.
          if step + 1 == steps.count { return true }
          step += 1
          if case .byte(let byte) = steps[step] {
            while at < text.count, TextBytes.folded(text[at]) != byte { at += 1 }
            if at == text.count { return false }
          }
          runStep = step - 1
          runAt = at
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
      again += at - runAt
      if again > MatchLimit.steps { return nil }
      runAt += 1
      while runAt < text.count, text[runAt] & 0xC0 == 0x80 { runAt += 1 }
      step = runStep + 1
      if case .byte(let byte) = steps[step] {
        while runAt < text.count, TextBytes.folded(text[runAt]) != byte { runAt += 1 }
        if runAt == text.count { return false }
      }
      at = runAt
    }
  }
}
