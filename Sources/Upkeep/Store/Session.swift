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
  public private(set) var changes = 0
  private var transaction: SessionTransaction?
  private var isRunning = false
  /// Reads the queries of views; set by what runs SQL.
  package var viewReader: (any ViewReading)?
  /// Opens the files that statements name as sources of rows. Without it none can be named: whoever has SQL text run need
  /// not fear that it reads files.
  package var openFile: ((String) throws(UpkeepError) -> OpenFile)?
  /// What this session is called as the owner of temporary tables; nil before it made one.
  private var owner: UInt64?

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

  /// One statement at a time: a sink that calls back is told so.
  private func alone<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    if isRunning {
      throw UpkeepError(
        .misuse, "a statement of this session is still running; use another session beside it")
    }
    isRunning = true
    defer { isRunning = false }
    cancellation.reset()
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

  private func changeSchema(_ statement: Statement) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      let change = SchemaChange(scope)
      switch statement {
      case .createTable(let definition, let ifNotExists):
        var definition = definition
        if definition.isTemporary { definition.owner = try own(scope) }
        try change.createTable(definition, ifNotExists: ifNotExists)
      case .dropTable(let name, let ifExists): try change.dropTable(name, ifExists: ifExists)
      case .createIndex(let definition, let ifNotExists):
        try change.createIndex(definition, ifNotExists: ifNotExists)
      case .dropIndex(let name, let ifExists): try change.dropIndex(name, ifExists: ifExists)
      case .dropView(let name, let ifExists): try change.dropView(name, ifExists: ifExists)
      case .createBucket(let bucket, let ifNotExists):
        try scope.statement { () throws(UpkeepError) in
          try BucketChange(scope: scope).create(bucket, ifNotExists: ifNotExists)
        }
      case .insertIntoBucket(let statement):
        try scope.statement { () throws(UpkeepError) in try BucketChange(scope: scope).insert(statement) }
      default: break
      }
    }
    return StatementSummary(changes: changes)
  }

  private func create(
    _ view: ViewDefinition, _ ifNotExists: Bool, _ context: StatementContext
  ) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      try scope.statement { () throws(UpkeepError) in
        let schema = ViewSchema(name: view.name, columns: view.columns, text: view.text)
        guard try SchemaChange(scope).createView(schema, ifNotExists: ifNotExists) else { return }
        try ViewKeeper(scope, context).check(view.name)
      }
    }
    return StatementSummary(changes: changes)
  }

  private func alter(
    _ table: String, _ alteration: TableAlteration, _ context: StatementContext
  ) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      try scope.statement { () throws(UpkeepError) in
        let views = ViewKeeper(scope, context)
        let readable = try views.readable()
        let name = try scope.catalog.table(table).name
        let isLasting = try scope.catalog.table(table).definition.owner == nil
        if case .renameColumn(let column, _) = alteration {
          try views.rename(column, of: table, alteration, readable)
        } else {
          try SchemaChange(scope).alterTable(table, alteration)
        }
        if case .rename(let new) = alteration, isLasting { try views.follow(from: name, to: new) }
        try views.require(readable)
      }
    }
    return StatementSummary(changes: changes)
  }

  private func make(
    _ made: TableFromQuery, _ context: StatementContext
  ) throws(UpkeepError) -> StatementSummary {
    try writing { scope throws(UpkeepError) in
      try scope.statement { () throws(UpkeepError) in
        let owner: UInt64? = if made.isTemporary { try own(scope) } else { nil }
        guard let result = try TableMaker(scope: scope, statement: context).run(made, owner: owner) else {
          return StatementSummary(changes: changes)
        }
        changes = result.summary.changes
        return result.summary
      }
    }
  }

  /// Makes the session an owner of temporary tables, and lets those go that nobody owns any more.
  private func own(_ scope: TransactionScope) throws(UpkeepError) -> UInt64 {
    let id = owner ?? store.temporaryOwners.join()
    owner = id
    scope.owner = id
    try SchemaChange(scope).dropTemporaries(but: store.temporaryOwners.all)
    return id
  }

  /// Runs a statement that changes rows, and shows what it returns when it is whole.
  private func change(
    _ delivery: RowDelivery, _ context: StatementContext, resolution: ConflictResolution,
    _ run: (TransactionScope) throws(UpkeepError) -> ChangeResult
  ) throws(UpkeepError) -> StatementSummary {
    var kept: UpkeepError?
    let result: ChangeResult?
    // What the statement's queries froze is let go of before the transaction goes on.
    func body(_ scope: TransactionScope) throws(UpkeepError) -> ChangeResult {
      defer { context.release() }
      return try run(scope)
    }
    do throws(UpkeepError) {
      result = try writing { (scope) throws(UpkeepError) -> ChangeResult? in
        // Outside a transaction the whole of it is taken back.
        if transaction == nil && resolution != .fail { return try body(scope) }
        if resolution != .fail { return try scope.statement { () throws(UpkeepError) in try body(scope) } }
        // OR FAIL keeps the rows before the bad one: the transaction goes on, or commits.
        let savepoint = try scope.savepoint()
        defer { scope.release(savepoint) }
        do throws(UpkeepError) {
          return try body(scope)
        } catch {
          if error.isOfRow { kept = error } else { try scope.rollback(to: savepoint) }
          if kept == nil { throw error }
          return nil
        }
      }
    } catch {
      if resolution == .rollback && error.isOfRow { rollback() }
      throw error
    }
    if let kept { throw kept }
    guard let result else { return StatementSummary(changes: changes) }
    changes = result.summary.changes
    if let columns = result.columns { try delivery.deliver(columns, result.rows) }
    return result.summary
  }
}

// MARK: - Previews

extension Session {
  /// Runs a change, tells what it did with each row, and takes it back.
  private func preview(
    _ statement: Statement, _ context: StatementContext, _ delivery: RowDelivery
  ) throws(UpkeepError) -> StatementSummary {
    if case .with(let tables, .statement(let inner)) = statement {
      context.declarations = tables
      return try preview(inner, context, delivery)
    }
    let result = try takingBack { scope throws(UpkeepError) in
      defer { context.release() }
      return switch statement.returningAll {
      case .upsert(let upsert): try UpsertExecutor(scope: scope, statement: context).run(upsert)
      case .sync(let sync): try SyncExecutor(scope: scope, statement: context).run(sync)
      case .merge(let merge): try MergeExecutor(scope: scope, statement: context).run(merge)
      case .update(let update): try UpdateExecutor(scope: scope, statement: context).run(update)
      case .delete(let delete): try DeleteExecutor(scope: scope, statement: context).run(delete)
      default: throw UpkeepError(.misuse, "PREVIEW takes a change of rows")
      }
    }
    if let columns = result.columns { try delivery.deliver(columns, result.rows) }
    var summary = result.summary
    summary.changes = changes
    summary.notices.append("this was a preview: nothing was changed")
    return summary
  }

  /// Runs `body` as a statement that writes, of which nothing stays.
  private func takingBack<T>(
    _ body: (TransactionScope) throws(UpkeepError) -> T
  ) throws(UpkeepError) -> T {
    if transaction != nil, let scope = try transaction?.writing(store, owner) {
      scope.watch = watch
      let savepoint = try scope.savepoint()
      defer { scope.release(savepoint) }
      let result: T
      do throws(UpkeepError) {
        result = try body(scope)
      } catch {
        try scope.rollback(to: savepoint)
        throw error
      }
      try scope.rollback(to: savepoint)
      return result
    }
    let scope = try store.beginWrite()
    scope.owner = owner
    scope.watch = watch
    defer { scope.rollback() }
    return try body(scope)
  }
}

// MARK: - Transactions

extension Session {
  private func reading<T>(_ body: (TransactionScope) throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    if transaction != nil, let scope = try transaction?.reading(store, owner) {
      scope.watch = watch
      return try body(scope)
    }
    let scope = try store.beginRead()
    scope.owner = owner
    scope.watch = watch
    defer { scope.rollback() }
    return try body(scope)
  }

  private func writing<T>(_ body: (TransactionScope) throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    if transaction != nil, let scope = try transaction?.writing(store, owner) {
      scope.watch = watch
      return try body(scope)
    }
    let scope = try store.beginWrite()
    scope.owner = owner
    scope.watch = watch
    let result: T
    do throws(UpkeepError) {
      result = try body(scope)
    } catch {
      try scope.abandon()
      throw error
    }
    try scope.commit()
    return result
  }

  private func control(_ statement: Statement) throws(UpkeepError) {
    switch statement {
    case .begin(let immediate):
      if transaction != nil {
        throw UpkeepError(
          .misuse, "a transaction is open already; COMMIT or ROLLBACK it, or use SAVEPOINT within it")
      }
      var begun = SessionTransaction()
      if immediate { _ = try begun.writing(store, owner) }
      transaction = begun
    case .commit:
      try requireTransaction("COMMIT")
      try commit()
    case .rollback:
      try requireTransaction("ROLLBACK")
      rollback()
    case .savepoint(let name):
      if transaction == nil { transaction = SessionTransaction(beganWithSavepoint: true) }
      try transaction?.addSavepoint(name)
    case .rollbackTo(let name):
      try requireTransaction("ROLLBACK TO")
      try transaction?.rollback(to: name)
    case .release(let name):
      try requireTransaction("RELEASE")
      if try transaction?.release(name) == true { try commit() }
    default: break
    }
  }

  /// Ends the transaction, whether or not its changes could be made to last.
  private func commit() throws(UpkeepError) {
    var ending = transaction
    transaction = nil
    try ending?.commit()
  }

  private func requireTransaction(_ word: String) throws(UpkeepError) {
    if transaction == nil {
      throw UpkeepError(.misuse, "\(word) without a transaction; BEGIN opens one")
    }
  }
}
