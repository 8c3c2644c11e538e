// The transactions that statements run in: one that BEGIN opened, or one of their own.

extension Session {
  func reading<T>(_ body: (TransactionScope) throws(UpkeepError) -> T) throws(UpkeepError) -> T {
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

  func writing<T>(_ body: (TransactionScope) throws(UpkeepError) -> T) throws(UpkeepError) -> T {
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

  func control(_ statement: Statement) throws(UpkeepError) {
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
