import UpkeepTestSupport

/// A column of a table made at random, for both generators of statements.
struct RandomColumn {
  enum Kind { case integer, real, text }

  var name: String
  var kind: Kind
  var isNotNull = false
  var defaultValue: String?
  var isInKey = false

  /// A column of the same name and kind without rules.
  var bare: RandomColumn { RandomColumn(name: name, kind: kind) }

  /// The five columns `a` to `e`: whole numbers, a text, and two that are drawn.
  static func five(_ random: inout SeededGenerator) -> [RandomColumn] {
    let kinds: [Kind] = [
      .integer, .integer, .text, random.pick([.real, .integer]), random.pick([.text, .integer]),
    ]
    return zip(["a", "b", "c", "d", "e"], kinds).map { RandomColumn(name: $0, kind: $1) }
  }
}

extension SeededGenerator {
  /// A literal of few possible ones, so that rows meet.
  mutating func literal(_ kind: RandomColumn.Kind) -> String {
    switch kind {
    case .integer: "\(below(20))"
    case .real: "\(Double(below(16)) / 2)"
    case .text: "'\(pick(["", "a", "b", "B", "ab", "Ab", "abc", "it''s", "10", "z", "größe"]))'"
    }
  }
}
