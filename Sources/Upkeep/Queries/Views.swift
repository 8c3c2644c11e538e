/// Views as sources of queries.
extension QueryHost {
  /// The view of a name that is no table's.
  func view(_ name: String) throws(UpkeepError) -> ViewSchema? {
    let catalog = try scope.catalog
    if catalog.find(name) != nil { return nil }
    if let view = catalog.view(name) { return view }
    return ViewSchema.isOfCatalog(name) ? statement.viewReader?.view(of: catalog) : nil
  }
}

extension QueryPlan {
  /// The query of a view, made ready where the view is read: it sees nothing of what is around.
  ///
  /// - Parameter narrow: gives the query with what is asked of its rows.
  convenience init(
    _ view: ViewSchema, _ place: QueryPlace, _ narrow: (Query, QueryPlace) -> Query
  ) throws(UpkeepError) {
    guard let reader = place.host.statement.viewReader else {
      throw UpkeepError(
        .unsupported, "\(view.name) is a view, whose query is SQL; read it through execute(sql:) of UpkeepSQL"
      )
    }
    var inside = try place.innerSource()
    inside.commonTables = nil
    inside.outer = nil
    let name = Names.folded(view.name)
    if inside.views.contains(name) { throw UpkeepError(.misuse, "view \(view.name) reads itself") }
    inside.views.append(name)
    try place.host.countView()
    let uses = place.host.statement.columnUses
    uses?.depth += 1
    defer { uses?.depth -= 1 }
    do throws(UpkeepError) {
      try self.init(narrow(try reader.query(view.text), inside), inside)
    } catch {
      throw error.inView(view.name)
    }
  }
}

extension UpkeepError {
  /// The error with the view in whose query it arose. Where that is, is no place of the statement's text.
  fileprivate func inView(_ name: String) -> UpkeepError {
    var error = self
    if !message.hasPrefix("view ") { error.message = "view \(name): \(message)" }
    error.line = nil
    error.textColumn = nil
    error.sourceLine = nil
    error.name = nil
    return error
  }
}

extension TransactionScope {
  /// Whether a name is a view's, and no table's.
  func isView(_ name: String) -> Bool {
    do throws(UpkeepError) {
      _ = try table(name)
      return false
    } catch {
      guard error.code == .unknownTable, let catalog = try? catalog else { return false }
      return catalog.view(name) != nil || ViewSchema.isOfCatalog(name)
    }
  }
}

/// Looks after the views when a table changes under them.
package struct ViewKeeper {
  let scope: TransactionScope
  let statement: StatementContext

  package init(_ scope: TransactionScope, _ statement: StatementContext) {
    self.scope = scope
    self.statement = statement
  }

  /// Makes sure that a new view can be read.
  package func check(_ name: String) throws(UpkeepError) {
    if let error = try failure(name) { throw error }
  }

  /// The names of a view's columns.
  package func columns(_ name: String) throws(UpkeepError) -> [String] {
    defer { statement.release() }
    let query = Query(all: .table(TableReference(name)))
    return try QueryPlan(query, QueryPlace(host: statement.host(scope))).columns.map(\.name)
  }

  /// The views that can be read now.
  package func readable() throws(UpkeepError) -> [String] {
    var names: [String] = []
    for view in try scope.catalog.views where try failure(view.name) == nil { names.append(view.name) }
    return names
  }

  /// Refuses a change after which views cannot be read that could be before.
  package func require(_ names: [String]) throws(UpkeepError) {
    for name in names {
      guard var error = try failure(name) else { continue }
      error.message = "the change is refused, as \(error.message)"
      throw error
    }
  }

  /// Lets the views that read a table read it by its new name.
  package func follow(from old: String, to new: String) throws(UpkeepError) {
    guard let reader = statement.viewReader else { return }
    for view in try scope.catalog.views {
      let query = try reader.query(view.text)
      let renamed = query.renaming(table: old, to: new)
      guard renamed != query else { continue }
      try SchemaChange(scope).changeView(
        ViewSchema(name: view.name, columns: view.columns, text: reader.text(renamed)))
    }
  }

  /// Why a view cannot be read; nil if it can.
  func failure(_ name: String) throws(UpkeepError) -> UpkeepError? {
    // What was frozen for it shows nothing of later changes.
    defer { statement.release() }
    do throws(UpkeepError) {
      let host = statement.host(scope)
      _ = try QueryPlan(Query(all: .table(TableReference(name))), QueryPlace(host: host))
      return nil
    } catch {
      return error
    }
  }
}
