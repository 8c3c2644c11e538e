import Upkeep
import UpkeepSQL

/// The statements of a text.
func parse(_ text: String, _ parameters: SQLParameters? = nil) throws -> [Statement] {
  var parser = SQLParser(text, parameters: parameters)
  var statements: [Statement] = []
  while let next = try parser.next() { statements.append(next.statement) }
  return statements
}

/// The error of reading a text; nil if it reads well.
func failure(_ text: String) -> UpkeepError? { failure(utf8: Array(text.utf8)) }

func failure(utf8: [UInt8]) -> UpkeepError? {
  var parser = SQLParser(utf8: utf8)
  do throws(UpkeepError) {
    while try parser.next() != nil {}
    return nil
  } catch {
    return error
  }
}

/// The expression of `SELECT …`.
func expression(_ text: String) throws -> Expression {
  guard case .select(let query)? = try parse("SELECT \(text)").first,
    case .expression(let value, _)? = query.columns.first, query.columns.count == 1
  else { throw UpkeepError(.misuse, "\(text) is not one expression") }
  return value
}

/// An expression with all its parentheses, operator first.
func shape(_ text: String) throws -> String { shape(try expression(text)) }

func shape(_ expression: Expression) -> String {
  switch expression {
  case .literal(let value): SQLPrinter.literal(value)
  case .column(let column): (column.qualifier.map { "\($0)." } ?? "") + column.name
  case .parameter(let number): "?\(number)"
  case .unary(let operation, let a): "(\(operation) \(shape(a)))"
  case .binary(let operation, let a, let b): "(\(operation) \(shape(a)) \(shape(b)))"
  case .isNull(let a, let negated): "(\(negated ? "notNull" : "isNull") \(shape(a)))"
  case .inList(let a, let list, let negated): "(\(negated ? "notIn" : "in") \(shapes([a] + list)))"
  case .between(let a, let b, let c, let negated):
    "(\(negated ? "notBetween" : "between") \(shapes([a, b, c])))"
  case .like(let a, let b, let c, let negated):
    "(\(negated ? "notLike" : "like") \(shapes([a, b] + (c.map { [$0] } ?? []))))"
  case .cases(let a, let branches, let b):
    "(case \(shapes((a.map { [$0] } ?? []) + branches.flatMap { [$0.when, $0.then] } + (b.map { [$0] } ?? []))))"
  case .cast(let a, let type): "(cast \(shape(a)) \(type))"
  case .function(let name, let list): "(\(([name] + list.map(shape)).joined(separator: " ")))"
  case .aggregate(let name, let list, let distinct, let filter, let order):
    "(\(([name + (distinct ? "!" : "#")] + (list + order.map(\.expression)).map(shape)).joined(separator: " ")))"
      + (filter.map { " where \(shape($0))" } ?? "")
  case .window(let call): "(\(([call.name] + call.arguments.map(shape)).joined(separator: " ")) over)"
  case .collate(let a, let collation): "(collate \(shape(a)) \(collation))"
  case .subquery(let query, _, _): "(\(SQLPrinter.query(query)))"
  case .exists(let query): "(exists \(SQLPrinter.query(query)))"
  case .inQuery(let a, let query, let negated):
    "(\(negated ? "notIn" : "in") \(shape(a)) \(SQLPrinter.query(query)))"
  case .row(let list): "(row \(shapes(list)))"
  }
}

private func shapes(_ list: [Expression]) -> String { list.map(shape).joined(separator: " ") }

extension Query {
  /// The list of its first SELECT.
  var columns: [ResultColumn] {
    if case .select(let select) = block { select.columns } else { [] }
  }

  /// The table that its first SELECT reads, if it is one only.
  var table: TableReference? {
    guard case .select(let select) = block, select.from.count == 1,
      case .table(let reference) = select.from[0].source
    else { return nil }
    return reference
  }
}
