/// A conversation with a store, statement by statement, with transactions that span statements.
///
/// ```swift
/// let session = Session(store)
/// try session.execute(.begin(immediate: false))
/// try session.execute(.delete(DeleteStatement(TableReference("airport"))))
/// try session.execute(.rollback)
/// ```
///
/// Outside BEGIN … COMMIT each statement is a transaction of its own, and is durable, as the store promises, when
/// `execute` returns. Within, each statement happens whole or not at all, and a failed one leaves the transaction
/// usable. BEGIN takes the writer's turn at the first statement that writes, BEGIN IMMEDIATE at once.
///
/// A session is for one thread at a time; `cancellation` may be used from any.
public final class Session {
  /// The store.
  public let store: Store
  /// Stops the running statement, from any thread.
  public var cancellation: Cancellation { watch.cancellation }
  /// Who looks on while a statement runs.
  package let watch = StatementWatch()
  /// What `changes()` gives: the number of rows that the last statement which writes changed.
  public internal(set) var changes = 0
  var transaction: SessionTransaction?
  private var isRunning = false
  /// Reads the queries of views; set by what runs SQL.
  package var viewReader: (any ViewReading)?
  /// Opens the files that statements name as sources of rows. Without it none can be named: whoever has SQL text run need
  /// not fear that it reads files.
  package var openFile: ((String) throws(UpkeepError) -> OpenFile)?
  /// What this session is called as the owner of temporary tables; nil before it made one.
  var owner: UInt64?

  /// A conversation with a store.
  public init(_ store: Store) { self.store = store }

  deinit {
    transaction?.rollback()
    if let owner { store.temporaryOwners.leave(owner) }
  }

  /// Ends the session: the open transaction, if there is one, without its changes, and its temporary tables. It may go
  /// on as a new one.
  ///
  /// Without this they are out of sight when the session is gone, and their space is free again when another one makes a
  /// temporary table.
  public func close() throws(UpkeepError) {
    rollback()
    guard let owner else { return }
    self.owner = nil
    store.temporaryOwners.leave(owner)
    try change { scope throws(UpkeepError) in
      try SchemaChange(scope).dropTemporaries(but: store.temporaryOwners.all)
    }
  }

  /// Whether BEGIN or SAVEPOINT opened a transaction that has not ended.
  public var isInTransaction: Bool { transaction != nil }

  /// Runs a statement.
  ///
  /// - Parameters:
  ///   - parameters: the values of the statement's parameters; the first is parameter 1.
  ///   - sink: takes the result's rows. A query's come while it runs; those of RETURNING when the statement is whole
  ///     and, outside a transaction, committed.
  /// - Throws: the statement's error; then it has changed nothing (`INSERT OR FAIL` and its like aside). `sink` for
  ///   an error of the sink, which undoes no commit.
  @discardableResult
  public func execute(
    _ statement: Statement, parameters: [Value] = [], into sink: (any RowSink)? = nil
  ) throws(UpkeepError) -> StatementSummary {
    try alone { () throws(UpkeepError) in
      let context = makeContext(parameters)
      defer { context.release() }
      return try run(statement, context, RowDelivery(sink))
    }
  }

  /// Ends the transaction, if one is open, without its changes.
  public func rollback() {
    transaction?.rollback()
    transaction = nil
  }

  /// Runs `body` as one statement that writes: within the open transaction, or in one of its own that is committed
  /// when `body` returns. If `body` throws, nothing of it stays.
  package func change<T>(_ body: (TransactionScope) throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    try alone { () throws(UpkeepError) in
      try writing { scope throws(UpkeepError) in
        try scope.statement { () throws(UpkeepError) in try body(scope) }
      }
    }
  }

  /// Runs `body` on what the next statement would see.
  package func look<T>(_ body: (TransactionScope) throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    try alone { () throws(UpkeepError) in try reading(body) }
  }

  /// To be called before a text is read whose statements will run: a press of the button from now on means them.
  package func beginText() throws(UpkeepError) {
    if isRunning {
      throw UpkeepError(
        .misuse, "a statement of this session is still running; use another session beside it")
    }
    cancellation.reset()
  }

  /// One statement at a time: a sink that calls back is told so.
  private func alone<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    try beginText()
    isRunning = true
    defer { isRunning = false }
    do throws(UpkeepError) { return try body() } catch { throw error.naming(store.path) }
  }

  private func makeContext(_ parameters: [Value]) -> StatementContext {
    let context = StatementContext(parameters: parameters, changes: changes, cancellation: cancellation)
    context.viewReader = viewReader
    context.openFile = openFile.map { open in { path in FeedFile(path, open) } }
    return context
  }
}

@available(*, unavailable)
extension Session: Sendable {}

// MARK: - Statements

extension Session {
  private func run(
    _ statement: Statement, _ context: StatementContext, _ delivery: RowDelivery
  ) throws(UpkeepError) -> StatementSummary {
    switch statement {
    case .select(let query):
      try reading { scope throws(UpkeepError) in
        try QueryExecutor(scope, context).run(
          query, begin: { names throws(UpkeepError) in try delivery.begin(names) },
          row: { values throws(UpkeepError) in try delivery.row(values) })
      }
    case .values(let rows):
      try reading { scope throws(UpkeepError) in
        try QueryExecutor(scope, context).run(
          values: rows, begin: { names throws(UpkeepError) in try delivery.begin(names) },
          row: { values throws(UpkeepError) in try delivery.row(values) })
      }
    case .with(let tables, .statement(let inner)):
      context.declarations = tables
      return try run(inner, context, delivery)
    case .explain(.statement(let explained)):
      let lines = try reading { scope throws(UpkeepError) in
        try Explainer(scope: scope, statement: context).lines(explained)
      }
      try delivery.deliver(["plan"], lines.map { [.text($0)] })
    case .upsert(let upsert):
      return try change(delivery, context, resolution: upsert.otherwise) { scope throws(UpkeepError) in
        try UpsertExecutor(scope: scope, statement: context).run(upsert)
      }
    case .sync(let sync):
      return try change(delivery, context, resolution: .abort) { scope throws(UpkeepError) in
        try SyncExecutor(scope: scope, statement: context).run(sync)
      }
    case .merge(let merge):
      return try change(delivery, context, resolution: .abort) { scope throws(UpkeepError) in
        try MergeExecutor(scope: scope, statement: context).run(merge)
      }
    case .preview(.statement(let previewed)):
      return try preview(previewed, context, delivery)
    case .update(let update):
      return try change(delivery, context, resolution: update.otherwise) { scope throws(UpkeepError) in
        try UpdateExecutor(scope: scope, statement: context).run(update)
      }
    case .delete(let delete):
      return try change(delivery, context, resolution: .abort) { scope throws(UpkeepError) in
        try DeleteExecutor(scope: scope, statement: context).run(delete)
      }
    case .createTable, .dropTable, .createIndex, .dropIndex, .dropView, .createBucket, .insertIntoBucket:
      return try changeSchema(statement)
    case .createView(let view, let ifNotExists): return try create(view, ifNotExists, context)
    case .alterTable(let table, let alteration): return try alter(table, alteration, context)
    case .createTableAs(let made): return try make(made, context)
    case .begin, .commit, .rollback, .savepoint, .rollbackTo, .release:
      try control(statement)
    }
    return StatementSummary(changes: changes)
  }
}
