/// A function of values.
struct ScalarFunction: Sendable {
  enum Name: String, Sendable, CaseIterable {
    case abs, changes, coalesce, ifnull, iif, instr, length, lower, ltrim, max, min, now, nullif, replace
    case round, rtrim, substr, substring, trim, typeof, unhex, upper
    case conflictKey = "conflict_key"
    case mergeAction = "merge_action"
    case rowOrdinal = "row_ordinal"
    case upsertAction = "upsert_action"

    /// Whether it tells of the statement that is run, or of the one before.
    var tellsOfStatement: Bool {
      switch self {
      case .changes, .conflictKey, .mergeAction, .rowOrdinal, .upsertAction: true
      default: false
      }
    }
  }

  let name: Name

  /// Whether the result depends on more than the arguments.
  var readsCircumstances: Bool {
    name == .now || name.tellsOfStatement
  }

  var isDeterministic: Bool { true }

  /// What a statement must be able to tell of its rows for the function to make sense, and where that is so.
  var asksFor: (told: ToldOfRows, place: String)? {
    switch name {
    case .upsertAction: (.action, "RETURNING")
    case .rowOrdinal: (.ordinal, "RETURNING")
    case .conflictKey: (.key, "RETURNING of an INSERT, UPSERT or SYNC")
    case .mergeAction: (.mergeAction, "RETURNING of a MERGE")
    default: nil
    }
  }

  private var argumentCounts: ClosedRange<Int> {
    switch name {
    case .changes, .conflictKey, .mergeAction, .now, .rowOrdinal, .upsertAction: 0...0
    case .abs, .length, .lower, .typeof, .unhex, .upper: 1...1
    case .ifnull, .instr, .nullif: 2...2
    case .iif: 2...3
    case .replace: 3...3
    case .substr, .substring: 2...3
    case .round, .trim, .ltrim, .rtrim: 1...2
    case .coalesce, .max, .min: 2...127
    }
  }

  /// What functions of other databases are here.
  private static let otherNames: [String: String] = [
    "last_insert_rowid": "RETURNING gives the ids of new rows",
    "lastval": "RETURNING gives the ids of new rows",
    "total_changes": "changes() tells of the statement before",
    "last_insert_id": "RETURNING gives the ids of new rows",
    "sqlite_version": "this is not SQLite; upkeep --version tells what it is",
    "sqlite_source_id": "this is not SQLite; upkeep --version tells what it is",
    "load_extension": "there are no extensions", "readfile": "SQL reads no files here",
    "writefile": "SQL writes no files here", "edit": "SQL starts no programs here",
    "regexp": "regular expressions are not supported; LIKE and GLOB are",
    "median": "it is not supported", "curdate": "write CURRENT_DATE",
    "datediff": "write julianday(x) - julianday(y)", "dateadd": "write date(x, '+1 day') and its like",
    "json_error_position": "it is not supported; json_valid(x) says whether it is JSON",
    "gen_random_uuid": "write uuid()", "newid": "write uuid()",
    "getdate": "write now()", "sysdate": "write now()",
    "date_trunc": "write date(x, 'start of month') and its like",
    "to_char": "write strftime(format, x)", "date_format": "write strftime(format, x)",
    "extract": "write strftime('%Y', x) and its like",
    "greatest": "write max(x, y, …)", "least": "write min(x, y, …)",
    "strpos": "write instr(x, y)", "charindex": "write instr(y, x)",
    "nvl": "write ifnull(x, y)", "isnull": "write ifnull(x, y)",
    "len": "write length(x)", "char_length": "write length(x)",
    "array_agg": "write json_group_array(x)", "json_agg": "write json_group_array(x)",
    "json_build_object": "write json_object(name, x, …)",
    "regexp_replace": "regular expressions are not supported", "soundex": "it is not supported",
  ]

  static func find(_ name: String, argumentCount: Int) throws(UpkeepError) -> ScalarFunction {
    guard let known = Name(rawValue: Names.folded(name)) else {
      let known = Name.allCases.map(\.rawValue) + ValueFunction.all.keys.sorted()
      let hint =
        otherNames[Names.folded(name)].map { "; \($0)" } ?? Names.suggestion(for: name, among: known)
      var error = UpkeepError(.unknownFunction, "there is no function \(name)\(hint)")
      error.name = name
      throw error
    }
    let function = ScalarFunction(name: known)
    try requireCount(argumentCount, of: name, function.argumentCounts)
    return function
  }

  static func requireCount(_ count: Int, of name: String, _ counts: ClosedRange<Int>) throws(UpkeepError) {
    if counts.contains(count) { return }
    let wanted =
      counts.count == 1
      ? "\(counts.lowerBound)"
      : counts.upperBound == 127
        ? "at least \(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
    var error = UpkeepError(.misuse, "\(name)() takes \(wanted) arguments, not \(count)")
    error.name = name
    throw error
  }
}

final class FunctionNode: ExpressionNode, @unchecked Sendable {
  let function: ScalarFunction
  let arguments: [ExpressionNode]
  let collation: Collation
  init(_ function: ScalarFunction, _ arguments: [ExpressionNode], _ collation: Collation) {
    self.function = function
    self.arguments = arguments
    self.collation = collation
  }

  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    switch function.name {
    case .changes: return .integer(Int64(context.changes))
    case .now: return .timestamp(context.now)
    case .upsertAction: return context.action.map { .text($0) } ?? .null
    case .mergeAction: return context.mergeAction.map { .text($0) } ?? .null
    case .conflictKey: return context.conflictKey.map { .text($0) } ?? .null
    case .rowOrdinal: return context.rowOrdinal.map { .integer(Int64($0)) } ?? .null
    case .coalesce, .ifnull:
      for argument in arguments {
        let value = try argument.evaluate(context)
        if value != .null { return value }
      }
      return .null
    case .iif:
      if try arguments[0].truth(context) == .true { return try arguments[1].evaluate(context) }
      return arguments.count > 2 ? try arguments[2].evaluate(context) : .null
    default:
      var values: [Value] = []
      values.reserveCapacity(arguments.count)
      for argument in arguments { values.append(try argument.evaluate(context)) }
      return try apply(values)
    }
  }

  private func apply(_ values: [Value]) throws(UpkeepError) -> Value {
    switch function.name {
    case .nullif:
      if values[0] == .null || values[1] == .null { return values[0] }
      return ValueOrder.equal(values[0], values[1], collation: collation) ? .null : values[0]
    case .typeof: return .text(values[0].typeName)
    case .max, .min: return extreme(values)
    default: break
    }
    // Where nothing is looked for, nothing is put in its place, as in SQLite.
    if function.name == .replace, values[0] != .null, values[1].castText?.isEmpty == true {
      return .text(values[0].castText ?? "")
    }
    // All others give NULL for NULL.
    if values.contains(.null) { return .null }
    switch function.name {
    case .abs: return try absolute(values[0])
    case .length: return length(values[0])
    case .lower: return TextFunctions.mapped(values[0], from: 0x41) { $0 | 0x20 }
    case .upper: return TextFunctions.mapped(values[0], from: 0x61) { $0 & ~0x20 }
    case .unhex: return TextFunctions.unhex(values[0])
    case .round: return TextFunctions.round(values[0], values.count > 1 ? values[1] : .integer(0))
    case .substr, .substring: return TextFunctions.substring(values)
    case .trim: return TextFunctions.trim(values, left: true, right: true)
    case .ltrim: return TextFunctions.trim(values, left: true, right: false)
    case .rtrim: return TextFunctions.trim(values, left: false, right: true)
    case .replace: return try TextFunctions.replace(values)
    case .instr: return TextFunctions.position(values)
    default: return .null
    }
  }

  private func extreme(_ values: [Value]) -> Value {
    if values.contains(.null) { return .null }
    var best = values[0]
    for value in values.dropFirst() {
      let order = ValueOrder.compare(value, best, collation: collation)
      if function.name == .max ? order > 0 : order < 0 { best = value }
    }
    return best
  }

  private func absolute(_ value: Value) throws(UpkeepError) -> Value {
    switch Arithmetic.number(value) {
    case .integer(.min): throw UpkeepError(.overflow, "abs(\(Int64.min)) is more than an INTEGER holds")
    case .integer(let integer): return .integer(Swift.abs(integer))
    case .real(let real): return .real(Swift.abs(real))
    default: return .null
    }
  }

  private func length(_ value: Value) -> Value {
    if case .blob(let bytes) = value { return .integer(Int64(bytes.count)) }
    var text = value.text ?? ""
    return .integer(Int64(text.withUTF8 { TextFunctions.characterCount(UnsafeRawBufferPointer($0)) }))
  }
}

extension Value {
  /// The word that `typeof()` gives.
  package var typeName: String {
    switch self {
    case .null: "null"
    case .integer: "integer"
    case .real: "real"
    case .text: "text"
    case .blob: "blob"
    case .boolean: "boolean"
    case .timestamp: "timestamp"
    case .uuid: "uuid"
    case .json: "json"
    }
  }

  /// The bytes of a blob, or of the value's text.
  var castBytes: [UInt8] {
    if case .blob(let bytes) = self { return bytes }
    return Array((text ?? "").utf8)
  }
}
