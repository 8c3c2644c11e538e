public import Upkeep

/// Expressions, with the parentheses that they need and no others.
extension SQLPrinter {
  /// An expression as text.
  public static func expression(_ expression: Expression) -> String {
    var text = ""
    write(expression, atLeast: Precedence.or, to: &text)
    return text
  }

  /// Writes an expression, in parentheses if it binds less tightly than its place asks for.
  private static func write(_ expression: Expression, atLeast minimum: Int, to text: inout String) {
    let needsParentheses = precedence(of: expression) < minimum
    if needsParentheses { text += "(" }
    writeBare(expression, to: &text)
    if needsParentheses { text += ")" }
  }

  private static func precedence(of expression: Expression) -> Int {
    switch expression {
    case .function("->", _), .function("->>", _): Precedence.concatenation
    case .unary(.not, _): Precedence.not
    case .unary: Precedence.unary
    case .binary(let operation, _, _): symbol(of: operation).precedence
    case .isNull, .inList, .inQuery, .between, .like: Precedence.equality
    case .collate: Precedence.collate
    case .literal, .column, .parameter, .cases, .cast, .function, .aggregate, .window, .subquery,
      .exists, .row:
      Precedence.primary
    }
  }

  private static func symbol(of operation: BinaryOperator) -> (text: String, precedence: Int) {
    switch operation {
    case .or: ("OR", Precedence.or)
    case .and: ("AND", Precedence.and)
    case .equal: ("=", Precedence.equality)
    case .notEqual: ("<>", Precedence.equality)
    case .identical: ("IS", Precedence.equality)
    case .notIdentical: ("IS NOT", Precedence.equality)
    case .less: ("<", Precedence.comparison)
    case .lessOrEqual: ("<=", Precedence.comparison)
    case .greater: (">", Precedence.comparison)
    case .greaterOrEqual: (">=", Precedence.comparison)
    case .bitAnd: ("&", Precedence.bits)
    case .bitOr: ("|", Precedence.bits)
    case .shiftLeft: ("<<", Precedence.bits)
    case .shiftRight: (">>", Precedence.bits)
    case .add: ("+", Precedence.sum)
    case .subtract: ("-", Precedence.sum)
    case .multiply: ("*", Precedence.product)
    case .divide: ("/", Precedence.product)
    case .remainder: ("%", Precedence.product)
    case .concatenate: ("||", Precedence.concatenation)
    }
  }

  private static func writeBare(_ expression: Expression, to text: inout String) {
    switch expression {
    case .literal(let value): text += literal(value)
    case .column(let column): text += qualified(column.qualifier, column.name)
    case .parameter(let number): text += "?\(number)"
    case .unary(let operation, let operand): writeUnary(operation, operand, to: &text)
    case .binary(let operation, let left, let right):
      let (symbol, precedence) = symbol(of: operation)
      write(left, atLeast: precedence, to: &text)
      text += " \(symbol) "
      if operation == .identical || operation == .notIdentical, beginsWithTest(right) {
        text += "("
        writeBare(right, to: &text)
        text += ")"
      } else {
        write(right, atLeast: precedence + 1, to: &text)
      }
    case .isNull(let operand, let negated):
      write(operand, atLeast: Precedence.equality, to: &text)
      text += negated ? " IS NOT NULL" : " IS NULL"
    case .inList(let operand, let list, let negated):
      write(operand, atLeast: Precedence.equality, to: &text)
      text += negated ? " NOT IN (" : " IN ("
      writeList(list, to: &text)
    case .between(let operand, let low, let high, let negated):
      write(operand, atLeast: Precedence.equality, to: &text)
      text += negated ? " NOT BETWEEN " : " BETWEEN "
      write(low, atLeast: Precedence.equality + 1, to: &text)
      text += " AND "
      write(high, atLeast: Precedence.equality + 1, to: &text)
    case .like(let operand, let pattern, let escape, let negated):
      write(operand, atLeast: Precedence.equality, to: &text)
      text += negated ? " NOT LIKE " : " LIKE "
      write(pattern, atLeast: Precedence.equality + 1, to: &text)
      if let escape {
        text += " ESCAPE "
        write(escape, atLeast: Precedence.equality + 1, to: &text)
      }
    case .cases(let operand, let branches, let otherwise):
      writeCases(operand, branches, otherwise, to: &text)
    case .cast(let operand, let type):
      text += "CAST("
      write(operand, atLeast: Precedence.or, to: &text)
      text += " AS \(TypeNames.name(of: type)))"
    case .function(let function, let arguments) where arguments.count == 2 && function.hasPrefix("->"):
      write(arguments[0], atLeast: Precedence.concatenation, to: &text)
      text += " \(function) "
      write(arguments[1], atLeast: Precedence.concatenation + 1, to: &text)
    case .function(let function, let arguments):
      text += "\(functionName(function))("
      writeList(arguments, to: &text)
    case .aggregate(let function, let arguments, let isDistinct, let filter, let order):
      text += "\(functionName(function))("
      if arguments.isEmpty { text += "*" }
      if isDistinct { text += "DISTINCT " }
      writeList(arguments, ending: order.isEmpty ? ")" : " ORDER BY \(orderTerms(order)))", to: &text)
      if let filter { text += " FILTER (WHERE \(self.expression(filter)))" }
    case .window(let call):
      text += "\(functionName(call.name))("
      if call.arguments.isEmpty, call.name == "count" { text += "*" }
      writeList(call.arguments, to: &text)
      if let filter = call.filter { text += " FILTER (WHERE \(self.expression(filter)))" }
      text += " OVER \(window(call.window))"
    case .collate(let operand, let collation):
      write(operand, atLeast: Precedence.collate, to: &text)
      text += " COLLATE \(name(of: collation))"
    case .row(let parts):
      text += "("
      writeList(parts, to: &text)
    case .subquery(let query, let column, let count) where count > 1:
      // One of several columns, which no other notation picks out.
      let names = (1...count).map { "c\($0)" }
      text += "(SELECT c\(column + 1) FROM (\(self.query(query))) AS r (\(names.joined(separator: ", "))))"
    case .subquery(let query, _, _): text += "(\(self.query(query)))"
    case .exists(let query): text += "EXISTS (\(self.query(query)))"
    case .inQuery(let operand, let query, let negated):
      write(operand, atLeast: Precedence.equality, to: &text)
      text += "\(negated ? " NOT IN" : " IN") (\(self.query(query)))"
    }
  }

  /// `x IS NULL` and `x IS TRUE` are other expressions: what begins with such a word stands in parentheses.
  private static func beginsWithTest(_ expression: Expression) -> Bool {
    switch expression {
    case .literal(let value): value == .null || value == .boolean(true) || value == .boolean(false)
    case .binary(_, let left, _), .isNull(let left, _), .inList(let left, _, _), .inQuery(let left, _, _),
      .between(let left, _, _, _),
      .like(let left, _, _, _), .collate(let left, _):
      beginsWithTest(left)
    default: false
    }
  }

  private static func functionName(_ function: String) -> String {
    let known = [
      "coalesce", "nullif", "length", "lower", "upper", "abs", "typeof", "count", "sum", "min", "max",
    ]
    return known.contains(function) ? function : name(function)
  }

  static func name(of collation: Collation) -> String { collation == .nocase ? "NOCASE" : "BINARY" }

  private static func writeUnary(_ operation: UnaryOperator, _ operand: Expression, to text: inout String) {
    switch operation {
    case .not:
      text += "NOT "
      write(operand, atLeast: Precedence.not, to: &text)
      return
    case .minus: text += "-"
    case .plus: text += "+"
    case .bitNot: text += "~"
    }
    // `-5` is a number and `--` begins a comment: what stands under a sign is in parentheses unless it
    // cannot be taken for either.
    switch operand {
    case .function(let function, _) where function.hasPrefix("->"):
      text += "("
      writeBare(operand, to: &text)
      text += ")"
    case .column, .function, .aggregate, .window, .cases, .cast, .parameter, .subquery, .exists:
      writeBare(operand, to: &text)
    default:
      text += "("
      writeBare(operand, to: &text)
      text += ")"
    }
  }

  private static func writeList(_ list: [Expression], ending: String = ")", to text: inout String) {
    for (index, item) in list.enumerated() {
      if index > 0 { text += ", " }
      write(item, atLeast: Precedence.or, to: &text)
    }
    text += ending
  }

  private static func writeCases(
    _ operand: Expression?, _ branches: [CaseBranch], _ otherwise: Expression?, to text: inout String
  ) {
    text += "CASE"
    if let operand {
      text += " "
      write(operand, atLeast: Precedence.or, to: &text)
    }
    for branch in branches {
      text += " WHEN "
      write(branch.when, atLeast: Precedence.or, to: &text)
      text += " THEN "
      write(branch.then, atLeast: Precedence.or, to: &text)
    }
    if let otherwise {
      text += " ELSE "
      write(otherwise, atLeast: Precedence.or, to: &text)
    }
    text += " END"
  }
}
