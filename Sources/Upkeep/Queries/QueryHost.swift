/// Where a query stands: what it can name besides its own sources.
struct QueryPlace {
  unowned let host: QueryHost
  /// The tables of WITH clauses around.
  var commonTables: CommonTableScope?
  /// The rows of the query around.
  var outer: OuterScope?
  /// How deep it stands in the expressions of others.
  var depth = 0
  /// How many queries it stands in.
  var nesting = 0
  /// The views whose queries it stands in, by folded name.
  var views: [String] = []

  /// The most queries in one another.
  static let deepest = 50

  /// How many queries are around.
  var outerCount: Int {
    var count = 0
    var next = outer
    while let scope = next {
      count += 1
      next = scope.scope.outer
    }
    return count
  }

  /// The place of a query in FROM: what stands within a source of an UPDATE or DELETE is not beside its sources.
  func innerSource() throws(UpkeepError) -> QueryPlace {
    var place = try inner()
    if var scope = outer?.scope, scope.isBesideSources {
      scope.isBesideSources = false
      place.outer = OuterScope(scope)
    }
    return place
  }

  /// The place of a query in WITH or an expression of the one here.
  func inner() throws(UpkeepError) -> QueryPlace {
    var place = self
    place.nesting += 1
    guard place.nesting <= Self.deepest else {
      throw UpkeepError(.limit, "queries stand at most \(Self.deepest) deep in one another")
    }
    return place
  }
}

/// What the queries of one statement share.
///
/// They see the transaction as it was when the first of them was made ready, before the statement wrote anything: in a
/// transaction that writes, that state is frozen. Those that read nothing of the queries around run once.
final class QueryHost: @unchecked Sendable {
  unowned let statement: StatementContext
  private var given: TransactionScope?
  private var frozen: TransactionScope?
  /// Queries that read nothing around them.
  private var independent: [Key: CompiledQuery] = [:]
  private var viewCount = 0
  private static let mostViews = 1_000
  /// How many common tables are being made ready, each for the one before.
  var commonTableDepth = 0
  /// Keeps the scopes of WITH clauses while the statement runs.
  private var commonTables: [CommonTableScope] = []

  private struct Key: Hashable {
    var query: Query
    var commonTables: ObjectIdentifier?
  }

  init(_ scope: TransactionScope, _ statement: StatementContext) {
    given = scope
    self.statement = statement
    memory = statement.memory(scope)
  }

  /// What the queries read.
  var scope: TransactionScope {
    get throws(UpkeepError) {
      guard let given else { throw UpkeepError(.misuse, "the statement does not run") }
      if given.write == nil { return given }
      if let frozen { return frozen }
      let made = try given.frozen()
      frozen = made
      return made
    }
  }

  /// Counts a place where a view is read: views that read views several times each come to very many.
  func countView() throws(UpkeepError) {
    viewCount += 1
    if viewCount > Self.mostViews {
      throw UpkeepError(
        .limit, "the statement reads views in more than \(Self.mostViews) places, those within views counted")
    }
  }

  /// What its queries may keep.
  let memory: QueryMemory

  /// Between two runs of a plan that is kept.
  func rest() {
    release()
    given = nil
  }

  func rebind(_ scope: TransactionScope) { given = scope }

  func release() {
    independent = [:]
    commonTables = []
    frozen?.rollback()
    frozen = nil
  }

  func keep(_ scope: CommonTableScope) { commonTables.append(scope) }

  /// The query made ready, if it was before and reads nothing around it.
  func known(_ query: Query, _ commonTables: CommonTableScope?) -> CompiledQuery? {
    independent.isEmpty
      ? nil : independent[Key(query: query, commonTables: commonTables.map { ObjectIdentifier($0) })]
  }

  func note(_ compiled: CompiledQuery, _ query: Query, _ commonTables: CommonTableScope?) {
    independent[Key(query: query, commonTables: commonTables.map { ObjectIdentifier($0) })] = compiled
  }

  /// Whether what a query names is the same wherever it stands in the statement: tables of a WITH are not, unless that is the
  /// statement's own, which all see but views.
  private var namesMeanOne: Bool {
    commonTables.isEmpty || (viewCount == 0 && commonTables.allSatisfy { $0 === statement.commonTables })
  }

  /// The value of a query in parentheses that reads nothing around it; nil if it does, or fails.
  func constant(_ query: Query) -> ConstantOperand? {
    guard namesMeanOne else { return nil }
    let scope = SubqueryScope(self, statement.commonTables)
    guard let compiled = try? scope.compile(query, in: ExpressionScope()), compiled.columns.count == 1,
      let row = try? compiled.firstRow(statement.makeEvaluationContext(slotCount: 1))
    else { return nil }
    return ConstantOperand(value: row.first ?? .null, type: compiled.columns[0].type)
  }

  /// The values of a query on the right of IN that reads nothing around it, without NULL; nil if it does, fails, or gives
  /// more than so many.
  func list(_ query: Query, most: Int) -> ConstantList? {
    guard namesMeanOne else { return nil }
    let scope = SubqueryScope(self, statement.commonTables)
    guard let compiled = try? scope.compile(query, in: ExpressionScope()), compiled.columns.count == 1,
      let compiled = compiled as? CompiledQuery, let values = try? compiled.values(most: most)
    else { return nil }
    return ConstantList(values: values, type: compiled.columns[0].type)
  }

  /// Whether the query was made ready and reads nothing around it.
  func isIndependent(_ query: Query, _ commonTables: CommonTableScope?) -> Bool {
    known(query, commonTables) != nil
  }
}
