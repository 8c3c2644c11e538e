/// What a statement knows besides the store: its parameters, the time it began, and its stop button.
package final class StatementContext {
  package private(set) var parameters: [Value]
  /// What `changes()` gives: the count of the statement before.
  package private(set) var changes: Int
  /// The statement's time; the same wherever it is asked for.
  package private(set) var now: Timestamp
  package private(set) var cancellation: Cancellation
  /// Opens a file that the statement names; nil where none may be read.
  package var openFile: ((String) throws(UpkeepError) -> any SourceFile)?
  /// WITH before the statement; to be set before anything of it is made ready.
  package var declarations: [CommonTable] = []
  /// The tables of that WITH, once `host` was asked for.
  private(set) var commonTables: CommonTableScope?
  /// Reads the queries of views; nil where nobody knows SQL.
  package var viewReader: (any ViewReading)?
  /// Where the views name a column that gets another name; nil unless that is looked for.
  var columnUses: ColumnUses?
  private var madeHost: QueryHost?
  private var madeMemory: QueryMemory?
  @exclusivity(unchecked) private var steps = 0
  /// While plans are made that run again: the contexts that they keep, which are told of other parameters.
  var isKeepingContexts = false
  private var contexts: [EvaluationContext] = []

  package init(
    parameters: [Value] = [], changes: Int = 0, now: Timestamp = .now(),
    cancellation: Cancellation = Cancellation()
  ) {
    self.parameters = Self.sound(parameters)
    self.changes = changes
    self.now = now
    self.cancellation = cancellation
  }

  /// A NaN is NULL.
  static func sound(_ parameters: [Value]) -> [Value] {
    func isNaN(_ value: Value) -> Bool { if case .real(let real) = value { real.isNaN } else { false } }
    return parameters.contains(where: isNaN) ? parameters.map { isNaN($0) ? .null : $0 } : parameters
  }

  /// The file that the statement names as a source.
  func file(_ path: String) throws(UpkeepError) -> any SourceFile {
    if let openFile { return try openFile(path) }
    throw UpkeepError(
      .misuse,
      "'\(path)' is a file, and this session reads none, so that no text makes a program open files by surprise; "
        + "name it in the shell, or give its rows to sync or merge in Swift")
  }

  /// For evaluating the statement's expressions.
  package func makeEvaluationContext(slotCount: Int = 8) -> EvaluationContext {
    let context = EvaluationContext(slotCount: slotCount)
    context.parameters = parameters
    context.now = now
    context.changes = changes
    if isKeepingContexts { contexts.append(context) }
    return context
  }

  /// Lets it be another run of the statement.
  func rebind(_ parameters: [Value], _ cancellation: Cancellation) {
    self.parameters = Self.sound(parameters)
    self.cancellation = cancellation
    now = .now()
    for context in contexts {
      context.parameters = self.parameters
      context.now = now
    }
  }

  /// Between two runs: no context sees what belongs to the one before.
  func rest() {
    for context in contexts { context.clear() }
  }

  /// Makes the statement's queries ready, which see the transaction as it was when the first of them was.
  func host(_ scope: TransactionScope) -> QueryHost {
    if let madeHost { return madeHost }
    let host = QueryHost(scope, self)
    madeHost = host
    if !declarations.isEmpty { commonTables = CommonTableScope(declarations, QueryPlace(host: host)) }
    return host
  }

  /// What the statement's queries may keep in memory.
  func memory(_ scope: TransactionScope) -> QueryMemory {
    if let madeMemory { return madeMemory }
    let made = QueryMemory(scope.read)
    madeMemory = made
    return made
  }

  /// The tables of the statement's WITH; nil without one.
  func commonTables(_ scope: TransactionScope) -> CommonTableScope? {
    if !declarations.isEmpty { _ = host(scope) }
    return commonTables
  }

  /// A query of the statement, over tables where it is over views that pass their rows on.
  func flattened(_ query: Query, _ scope: TransactionScope) -> Query {
    guard query.isOverViews(scope) else { return query }
    let host = host(scope)
    return query.flattened(QueryPlace(host: host, commonTables: commonTables))
  }

  /// A scope of a change of rows, in whose expressions queries may stand.
  func admittingQueries(_ expressions: ExpressionScope, _ scope: TransactionScope) -> ExpressionScope {
    var expressions = expressions
    expressions.subqueries = SubqueryScope(scope, self)
    return expressions
  }

  /// Ends what was made for the statement's queries. To be called before its transaction goes on.
  package func release() {
    madeHost?.release()
    madeHost = nil
    commonTables = nil
  }

  /// To be called for each row: now and then looks whether the statement shall stop.
  @inline(__always)
  func step() throws(UpkeepError) {
    steps &+= 1
    if steps & 1023 == 0 { try cancellation.check() }
  }

  /// The same for many rows.
  func step(_ count: Int) throws(UpkeepError) {
    let before = steps
    steps &+= count
    if before >> 10 != steps >> 10 { try cancellation.check() }
  }

  /// The value of an expression without columns that is the same throughout the statement; nil if it is no such
  /// expression, or fails.
  func constant(_ expression: Expression) -> ConstantOperand? {
    switch expression {
    case .literal(let value):
      return ConstantOperand(value: Coercion.coerce(value, to: .any) ?? .null, type: nil)
    case .parameter(let number):
      let isGiven = number >= 1 && number <= parameters.count
      return ConstantOperand(value: isGiven ? parameters[number - 1] : .null, type: nil)
    case .column, .aggregate, .window, .exists, .inQuery: return nil
    case .subquery(let query, 0, of: 1): return madeHost?.constant(query)
    default: break
    }
    let bound = parameters.isEmpty ? expression : expression.replacing(parameter)
    guard let compiled = try? CompiledExpression.compile(bound, in: ExpressionScope()),
      compiled.isFixedInStatement
    else { return nil }
    return (try? compiled.evaluate(makeEvaluationContext())).map {
      ConstantOperand(value: $0, type: compiled.type)
    }
  }

  /// The values of a query on the right of IN, if it is the same throughout the statement and gives no more than so many.
  func list(_ query: Query, most: Int) -> ConstantList? { madeHost?.list(query, most: most) }

  private func parameter(_ expression: Expression) -> Expression? {
    guard case .parameter(let number) = expression, number >= 1, number <= parameters.count else {
      return nil
    }
    return .literal(parameters[number - 1])
  }

  /// The value of LIMIT or OFFSET; nil for none.
  func rowCount(_ expression: Expression?, of word: String) throws(UpkeepError) -> UInt64? {
    guard let expression else { return nil }
    if case .literal(.integer(let count)) = expression { return count < 0 ? nil : UInt64(count) }
    let compiled = try CompiledExpression.compile(expression, in: ExpressionScope())
    switch try compiled.evaluate(makeEvaluationContext()) {
    case .null: return nil
    case .integer(let count): return count < 0 ? nil : UInt64(count)
    case .real(let real) where Int64(exactly: real) != nil: return real < 0 ? nil : UInt64(real)
    case let other:
      throw UpkeepError(.typeMismatch, "\(word) takes a whole number, not \(other.literalText)")
    }
  }
}
