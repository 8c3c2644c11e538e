extension Expression {
  /// The expression as a person reads it, in messages and names of keys. What a key cannot have is an ellipsis.
  var shortText: String {
    switch self {
    case .literal(let value): value.literalText
    case .column(let reference): reference.qualifier.map { "\($0).\(reference.name)" } ?? reference.name
    case .parameter(let number): "?\(number)"
    case .unary(let op, let operand): "\(op.text)\(operand.operandText)"
    case .binary(let op, let left, let right): "\(left.operandText) \(op.text) \(right.operandText)"
    case .isNull(let operand, let negated): "\(operand.operandText) IS \(negated ? "NOT " : "")NULL"
    case .cast(let operand, let type): "CAST(\(operand.shortText) AS \(type.name))"
    case .function(let name, let arguments) where arguments.count == 2 && (name == "->" || name == "->>"):
      "\(arguments[0].operandText) \(name) \(arguments[1].operandText)"
    case .function(let name, let arguments):
      "\(name)(\(arguments.map(\.shortText).joined(separator: ", ")))"
    case .collate(let operand, let collation):
      "\(operand.operandText) COLLATE \(collation == .nocase ? "NOCASE" : "BINARY")"
    default: "…"
    }
  }

  private var operandText: String {
    switch self {
    case .unary, .binary, .isNull: "(\(shortText))"
    default: shortText
    }
  }
}

extension UnaryOperator {
  fileprivate var text: String {
    switch self {
    case .minus: "-"
    case .plus: "+"
    case .not: "NOT "
    case .bitNot: "~"
    }
  }
}

extension BinaryOperator {
  fileprivate var text: String {
    switch self {
    case .and: "AND"
    case .or: "OR"
    case .equal: "="
    case .notEqual: "<>"
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .identical: "IS"
    case .notIdentical: "IS NOT"
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .remainder: "%"
    case .concatenate: "||"
    case .bitAnd: "&"
    case .bitOr: "|"
    case .shiftLeft: "<<"
    case .shiftRight: ">>"
    }
  }
}
