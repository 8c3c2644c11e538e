@testable import Upkeep

/// Short ways to write expressions.
func val(_ value: Value) -> Expression { .literal(value) }
func ref(_ name: String, of row: String? = nil) -> Expression { .column(ColumnReference(name, of: row)) }
func call(_ name: String, _ arguments: Value...) -> Expression {
  .function(name, arguments.map { .literal($0) })
}

func calc(_ a: Value, _ op: BinaryOperator, _ b: Value) -> Expression {
  .binary(op, .literal(a), .literal(b))
}

/// An expression of constants, evaluated.
func evaluate(_ expression: Expression) throws -> Value {
  try CompiledExpression.compile(expression, in: ExpressionScope()).evaluate(EvaluationContext())
}

/// A scope of one table `t` whose columns are named by their types' initials.
enum TableScope {
  static func columns() throws -> ColumnList {
    let types: [(String, ValueType, Collation)] = [
      ("i", .integer, .binary), ("r", .real, .binary), ("s", .text, .binary), ("n", .text, .nocase),
      ("b", .blob, .binary), ("o", .boolean, .binary), ("m", .timestamp, .binary), ("u", .uuid, .binary),
      ("j", .json, .binary), ("a", .any, .binary),
    ]
    var columns: [ColumnSchema] = []
    for (ordinal, (name, type, collation)) in types.enumerated() {
      columns.append(
        try ColumnSchema(
          ColumnDefinition(name, type, collation: collation), table: "t", ordinal: ordinal,
          isInPrimaryKey: false))
    }
    return ColumnList(columns, hasHiddenRowid: true)
  }
}
