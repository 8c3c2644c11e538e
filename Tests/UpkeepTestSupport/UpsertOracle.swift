package import Upkeep

/// What an upsert means, over arrays: no trees, no sorting, no chunks, one row after the other. The engine
/// must agree with it in the table, in what became of every row, and in the row that an error names.
///
/// A row of the table is an object, so that it keeps its identity while its keys move. `before` is its state
/// when the statement began, `now` the state in which the rows so far have left it.
package struct UpsertOracle {
  package struct Key {
    package var name: String
    package var columns: [Int]
    package var predicate: Expression?
    /// NULLS NOT DISTINCT.
    package var nullsAreEqual: Bool
    /// How its text compares; nil: as its columns do.
    package var collation: Collation?
    /// What is indexed instead of the columns, which it reads, and how results name it.
    package var expression: (value: Expression, text: String)?

    package init(
      _ name: String, _ columns: [Int], nullsAreEqual: Bool = false, where predicate: Expression? = nil,
      collation: Collation? = nil, expression: (value: Expression, text: String)? = nil
    ) {
      self.name = name
      self.columns = columns
      self.nullsAreEqual = nullsAreEqual
      self.predicate = predicate
      self.collation = collation
      self.expression = expression
    }
  }

  package struct Column {
    package var name: String
    package var type = ValueType.integer
    package var isNullable: Bool
    package var defaultValue: Value
    package var collation: Collation
    /// The greatest value that its CHECK lets pass.
    package var greatest: Int64?
    package var merge: MergeRule?

    package init(
      _ name: String, isNullable: Bool = true, default defaultValue: Value = .null,
      collation: Collation = .binary, greatest: Int64? = nil
    ) {
      self.name = name
      self.isNullable = isNullable
      self.defaultValue = defaultValue
      self.collation = collation
      self.greatest = greatest
    }
  }

  package enum Mode {
    case upsert
    case sync
  }

  package struct Step: Equatable, CustomStringConvertible {
    package var action: String
    package var old: [Value]?
    package var new: [Value]?
    package var key: String?

    package init(_ action: String, old: [Value]? = nil, new: [Value]? = nil, key: String? = nil) {
      self.action = action
      self.old = old
      self.new = new
      self.key = key
    }

    package var description: String {
      "\(action) \(old.map { "\($0)" } ?? "-") → \(new.map { "\($0)" } ?? "-") \(key ?? "")"
    }
  }

  package struct Outcome {
    package var steps: [Step]
    package var displaced: [[Value]]
    package var deleted: Int
    package var rows: [[Value]]
    /// What is wrong with the rows that were set aside, but for those that OR IGNORE passes over.
    package var errors: [Int: UpkeepError.Code]
  }

  package struct Failure: Error, Equatable {
    package var number: Int
    package var code: UpkeepError.Code
    /// The rows that stay nevertheless (OR FAIL).
    package var rows: [[Value]]?
  }

  package var columns: [Column]
  /// The primary key first.
  package var keys: [Key]
  package var hasAutomaticID: Bool

  package init(columns: [Column], keys: [Key], hasAutomaticID: Bool) {
    self.columns = columns
    self.keys = keys
    self.hasAutomaticID = hasAutomaticID
  }

  /// Runs a statement over the rows of a table.
  ///
  /// - Parameter input: rows with a value for each column; nil where none is given.
  package func run(
    _ statement: UpsertStatement, mode: Mode = .upsert, on table: [[Value]], rows input: [[Value?]]
  ) -> Result<Outcome, Failure> {
    guard statement.clauses.contains(where: { $0.action == .mergeNonNull }) else {
      return OracleRun(self, statement, mode, table).all(input)
    }
    // NULL is not given, and beyond that it is a merge.
    var plain = statement
    for place in plain.clauses.indices { plain.clauses[place].action = .merge(columns: nil) }
    return OracleRun(self, plain, mode, table).all(input.map { $0.map { $0 == .some(.null) ? nil : $0 } })
  }

  /// The key that a row holds; nil where a part is NULL or the row is outside the predicate.
  package func value(of key: Key, in row: [Value]) -> [Value]? {
    if let predicate = key.predicate, truth(evaluate(predicate, row, row)) != true { return nil }
    if let expression = key.expression {
      let value = evaluate(expression.value, row, row)
      return value == .null && !key.nullsAreEqual ? nil : [value]
    }
    var parts: [Value] = []
    for column in key.columns {
      if row[column] == .null, !key.nullsAreEqual || !columns[column].isNullable { return nil }
      let collation = key.collation ?? columns[column].collation
      parts.append(collation == .nocase ? folded(row[column]) : row[column])
    }
    return parts
  }

  private func folded(_ value: Value) -> Value {
    guard case .text(let text) = value else { return value }
    return .text(String(decoding: text.utf8.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, as: UTF8.self))
  }

  private func isFolded(_ expression: Expression) -> Bool {
    guard case .column(let reference) = expression else { return false }
    return columns[ordinal(reference.name)].collation == .nocase
  }

  private func conjunction(_ a: Bool?, _ b: Bool?) -> Value {
    if a == false || b == false { return .integer(0) }
    return a == nil || b == nil ? .null : .integer(1)
  }

  func ordinal(_ name: String) -> Int { columns.firstIndex { $0.name == name } ?? 0 }

  /// Just enough of expressions for the tests.
  func evaluate(_ expression: Expression, _ existing: [Value], _ excluded: [Value]) -> Value {
    switch expression {
    case .literal(let value): return value
    case .column(let reference):
      return (reference.qualifier == "excluded" ? excluded : existing)[ordinal(reference.name)]
    case .isNull(let operand, let negated):
      return .integer((evaluate(operand, existing, excluded) == .null) != negated ? 1 : 0)
    case .binary(let operation, let left, let right):
      let a = evaluate(left, existing, excluded)
      let b = evaluate(right, existing, excluded)
      if operation == .and { return conjunction(truth(a), truth(b)) }
      if a == .null || b == .null { return .null }
      switch operation {
      case .equal:
        let isFolded = isFolded(left) || isFolded(right)
        return .integer((isFolded ? folded(a) == folded(b) : a == b) ? 1 : 0)
      case .notEqual: return .integer(a == b ? 0 : 1)
      case .add:
        let (a, b) = (number(a), number(b))
        if case .integer(let x) = a, case .integer(let y) = b {
          // What no integer holds is a REAL, which no column here takes.
          return x.addingReportingOverflow(y).overflow ? .real(Double(x) + Double(y)) : .integer(x + y)
        }
        return .null
      case .greater:
        if case .integer(let x) = a, case .integer(let y) = b { return .integer(x > y ? 1 : 0) }
        return .null
      default: return .null
      }
    default: return .null
    }
  }

  /// The number that a text begins with, where one is wanted.
  private func number(_ value: Value) -> Value {
    guard case .text(let text) = value else { return value }
    let digits = text.prefix { $0.isNumber }
    return Int64(digits).map { .integer($0) } ?? (digits.isEmpty ? .integer(0) : .real(Double(digits) ?? 0))
  }

  /// A value as a column stores it; nil if it cannot.
  func stored(_ value: Value, _ column: Int) -> Value? {
    guard column < columns.count else { return value }
    return Coercion.coerce(value, to: columns[column].type)
  }

  /// What is wrong with a value that a column cannot store.
  func misfit(_ value: Value, _ column: Int) -> UpkeepError.Code {
    if case .real(let real) = value, columns[column].type == .integer, abs(real) >= 0x1p63 {
      return .overflow
    }
    return .typeMismatch
  }

  func truth(_ value: Value) -> Bool? {
    switch value {
    case .null: nil
    case .integer(let number): number != 0
    default: false
    }
  }

  /// The keys of a conflict target, in order.
  func keys(of target: ConflictTarget) -> [Int] {
    switch target {
    case .primaryKey: return [0]
    case .anyUnique: return Array(keys.indices)
    case .index(let name): return [keys.firstIndex { $0.name == name } ?? 0]
    case .columns(let expressions, let condition):
      return [
        keys.firstIndex { key in
          isOver(key, expressions) && (key.predicate == nil || key.predicate == condition)
        } ?? 0
      ]
    }
  }

  /// Whether a key is over a target's columns, in any order, with their collation or the one said.
  private func isOver(_ key: Key, _ parts: [Expression]) -> Bool {
    if let own = key.expression { return parts == [own.value] }
    var wanted: Set<Int> = []
    for part in parts {
      switch part {
      case .column(let reference):
        let ordinal = ordinal(reference.name)
        if let collation = key.collation, collation != columns[ordinal].collation { return false }
        wanted.insert(ordinal)
      case .collate(.column(let reference), let collation):
        let ordinal = ordinal(reference.name)
        if collation != key.collation ?? columns[ordinal].collation { return false }
        wanted.insert(ordinal)
      default: return false
      }
    }
    return wanted == Set(key.columns)
  }

  /// How results name a key.
  package func name(of key: Key) -> String {
    "(\(key.expression?.text ?? key.columns.map { columns[$0].name }.joined(separator: ", ")))"
  }
}
