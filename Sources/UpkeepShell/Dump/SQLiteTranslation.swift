import Upkeep
import UpkeepSQL

/// Definitions and values as SQLite 3.40 understands them, and what is lost thereby.
struct SQLiteTranslation {
  /// What SQLite has no word for, in sentences.
  private(set) var losses: [String] = []

  // MARK: - Values

  /// A value as SQLite stores the like: a BOOLEAN as 1 or 0, a TIMESTAMP, UUID or JSON as text.
  static func literal(_ value: Value) -> String {
    switch value {
    case .boolean(let boolean): return boolean ? "1" : "0"
    case .timestamp, .uuid: return SQLPrinter.literal(.text(value.description))
    case .json(let text): return literal(.text(text))
    case .text(let text) where text.utf8.contains(where: { $0 == 0 || $0 == 13 }):
      // SQLite's statements end at a NUL, and its shell loses carriage returns before line ends.
      return "CAST(\(SQLPrinter.literal(.blob(Array(text.utf8)))) AS TEXT)"
    default: return SQLPrinter.literal(value)
    }
  }

  private static func value(_ value: Value) -> Value {
    switch value {
    case .boolean(let boolean): .integer(boolean ? 1 : 0)
    case .timestamp, .uuid: .text(value.description)
    case .json(let text): .text(text)
    default: value
    }
  }

  // MARK: - Definitions

  mutating func table(_ definition: TableDefinition) -> TableDefinition {
    var table = definition
    for place in table.columns.indices { column(&table.columns[place], of: table.name) }
    table.checks = table.checks.compactMap { check in
      guard let condition = Self.expression(check.condition) else {
        losses.append(
          "\(table.name): CHECK (\(check.text ?? SQLPrinter.expression(check.condition))) is left out, SQLite lacks what it uses"
        )
        return nil
      }
      return CheckDefinition(check.name, condition)
    }
    table.uniqueKeys = table.uniqueKeys.compactMap { index($0) }
    return table
  }

  private mutating func column(_ column: inout ColumnDefinition, of table: String) {
    let name = "\(table).\(column.name)"
    column.declaredType = Self.declaredType(column)
    // A column without a type stands for any.
    column.type = .any
    if column.merge != nil {
      losses.append("\(name): its merge rule is left out, SQLite has none")
      if column.merge == .touch, column.defaultValue == nil { column.defaultValue = .function("now", []) }
      column.merge = nil
    }
    guard let value = column.defaultValue else { return }
    column.defaultValue = value == .function("now", []) ? value : Self.expression(value)
    if column.defaultValue == nil {
      losses.append(
        "\(name): its default \(SQLPrinter.expression(value)) is left out, SQLite lacks what it uses")
    }
  }

  /// An index, or nil if SQLite lacks what it uses.
  mutating func index(_ definition: IndexDefinition) -> IndexDefinition? {
    var index = definition
    let name = index.name ?? "a unique key"
    var parts: [IndexPart] = []
    for part in index.parts {
      guard let expression = Self.expression(part.expression) else {
        losses.append("\(index.table): \(name) is left out, SQLite lacks what it uses")
        return nil
      }
      parts.append(IndexPart(expression, isDescending: part.isDescending, collation: part.collation))
    }
    index.parts = parts
    if let predicate = index.predicate {
      guard let translated = Self.expression(predicate) else {
        losses.append("\(index.table): \(name) is left out, SQLite lacks what its condition uses")
        return nil
      }
      index.predicate = translated
    }
    if index.nullsAreEqual {
      losses.append("\(index.table): NULLs are not equal in \(name), SQLite has no NULLS NOT DISTINCT")
      index.nullsAreEqual = false
    }
    return index
  }

  /// The type as it was declared, where SQLite then stores values of the column as they are; else one under which it
  /// does.
  private static func declaredType(_ column: ColumnDefinition) -> String? {
    let canonical: String? =
      switch column.type {
      case .integer: "INTEGER"
      case .real: "REAL"
      case .text, .timestamp, .uuid, .json: "TEXT"
      case .blob: "BLOB"
      case .boolean: "BOOLEAN"
      case .any: nil
      }
    guard let declared = column.declaredType, let canonical else { return canonical }
    return SQLiteAffinity(declaredType: declared) == SQLiteAffinity(declaredType: canonical)
      ? declared : canonical
  }

  // MARK: - Expressions

  /// Functions that SQLite has under the same names, and that mean the same.
  private static let functions: Set<String> = [
    "abs", "coalesce", "char", "hex", "ifnull", "iif", "instr", "length", "lower", "ltrim", "max", "min",
    "nullif",
    "printf", "format", "quote", "replace", "round", "rtrim", "sign", "substr", "substring", "trim", "typeof",
    "unicode",
    "upper",
  ]

  /// An expression with SQLite's literals; nil if SQLite lacks a part of it.
  static func expression(_ expression: Expression) -> Expression? {
    switch expression {
    case .literal(let value): return .literal(Self.value(value))
    case .column: return expression
    case .unary(let operation, let operand):
      return self.expression(operand).map { .unary(operation, $0) }
    case .binary(let operation, let left, let right):
      guard let left = self.expression(left), let right = self.expression(right) else { return nil }
      return .binary(operation, left, right)
    case .isNull(let operand, let negated):
      return self.expression(operand).map { .isNull($0, negated: negated) }
    case .inList(let operand, let list, let negated):
      guard let operand = self.expression(operand), let list = expressions(list) else { return nil }
      return .inList(operand, list, negated: negated)
    case .between(let operand, let low, let high, let negated):
      guard let parts = expressions([operand, low, high]) else { return nil }
      return .between(parts[0], parts[1], parts[2], negated: negated)
    case .like(let operand, let pattern, let escape, let negated):
      guard let parts = expressions([operand, pattern] + (escape.map { [$0] } ?? [])) else { return nil }
      return .like(parts[0], pattern: parts[1], escape: parts.count > 2 ? parts[2] : nil, negated: negated)
    case .cases(let operand, let branches, let otherwise):
      let flat = branches.flatMap { [$0.when, $0.then] } + [operand, otherwise].compactMap { $0 }
      guard var parts = expressions(flat) else { return nil }
      let translatedOtherwise = otherwise == nil ? nil : parts.removeLast()
      let translatedOperand = operand == nil ? nil : parts.removeLast()
      let pairs = stride(from: 0, to: parts.count, by: 2).map {
        CaseBranch(when: parts[$0], then: parts[$0 + 1])
      }
      return .cases(operand: translatedOperand, branches: pairs, otherwise: translatedOtherwise)
    case .cast(let operand, let type):
      guard [.integer, .real, .text, .blob].contains(type) else { return nil }
      return self.expression(operand).map { .cast($0, type) }
    case .collate(let operand, let collation):
      return self.expression(operand).map { .collate($0, collation) }
    case .function(let name, let arguments):
      guard functions.contains(name), let arguments = expressions(arguments) else { return nil }
      return .function(name, arguments)
    default: return nil
    }
  }

  private static func expressions(_ list: [Expression]) -> [Expression]? {
    var result: [Expression] = []
    for item in list {
      guard let translated = expression(item) else { return nil }
      result.append(translated)
    }
    return result
  }
}

/// What a declared type makes SQLite prefer to store (the rules of its documentation, in their order).
enum SQLiteAffinity {
  case integer
  case text
  case blob
  case real
  case numeric

  init(declaredType: String) {
    let type = declaredType.uppercased()
    if type.contains("INT") {
      self = .integer
    } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
      self = .text
    } else if type.isEmpty || type.contains("BLOB") {
      self = .blob
    } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
      self = .real
    } else {
      self = .numeric
    }
  }
}
