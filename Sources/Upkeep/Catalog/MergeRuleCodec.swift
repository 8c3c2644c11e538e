internal import UpkeepStorage

/// Merge rules as bytes of the catalog: a byte for the rule, and behind it what it takes.
///
///     LATEST BY   the name of a column, UTF-8
///     USING       an expression
///     others      nothing
enum MergeRuleCodec {
  enum Code {
    static let set: UInt8 = 1
    static let keep: UInt8 = 2
    static let coalesce: UInt8 = 3
    static let ifNull: UInt8 = 4
    static let sum: UInt8 = 5
    static let min: UInt8 = 6
    static let max: UInt8 = 7
    static let append: UInt8 = 8
    static let json: UInt8 = 9
    static let latest: UInt8 = 10
    static let touch: UInt8 = 11
    static let using: UInt8 = 12
  }

  static func append(_ rule: MergeRule, to buffer: ByteBuffer) throws(UpkeepError) {
    buffer.append(code(rule))
    switch rule {
    case .latest(let column): for byte in column.utf8 { buffer.append(byte) }
    case .using(let expression): try ExpressionCodec.append(expression, to: buffer)
    default: break
    }
  }

  static func decode(_ bytes: UnsafeRawBufferPointer, of place: String) throws(UpkeepError) -> MergeRule {
    guard let code = bytes.first else { throw .corrupt(place, "a merge rule has no bytes") }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[1...])
    switch code {
    case Code.latest:
      guard let column = String(validating: rest, as: UTF8.self) else {
        throw .corrupt(place, "the column of a merge rule is not UTF-8")
      }
      return .latest(by: column)
    case Code.using: return .using(try ExpressionCodec.decode(rest, of: place))
    default: break
    }
    let plain: [MergeRule] = [.set, .keep, .coalesce, .ifNull, .sum, .min, .max, .append, .json, .touch]
    guard rest.isEmpty, let rule = plain.first(where: { Self.code($0) == code }) else {
      throw .corrupt(place, "\(code) with \(rest.count) bytes is no merge rule")
    }
    return rule
  }

  static func code(_ rule: MergeRule) -> UInt8 {
    switch rule {
    case .set: Code.set
    case .keep: Code.keep
    case .coalesce: Code.coalesce
    case .ifNull: Code.ifNull
    case .sum: Code.sum
    case .min: Code.min
    case .max: Code.max
    case .append: Code.append
    case .json: Code.json
    case .latest: Code.latest
    case .touch: Code.touch
    case .using: Code.using
    }
  }
}
