/// The transaction that a session has open, from BEGIN to COMMIT.
///
/// Its life:
/// 1. Begun: it holds nothing. BEGIN IMMEDIATE goes to 3 at once.
/// 2. Reading, from the first statement that reads: it holds a snapshot, and every read sees that.
/// 3. Writing, from the first statement that writes: it holds the writer's turn. If somebody committed since the
///    snapshot of 2 was taken, the statement fails with `stale` and nothing is lost: what was read may decide what is
///    written, so going on with a newer state would not be serializable. BEGIN IMMEDIATE avoids it.
/// 4. COMMIT or ROLLBACK ends it.
///
/// A savepoint made before 3 marks the state in which 3 begins.
struct SessionTransaction {
  struct NamedSavepoint {
    let name: String
    /// nil until the transaction writes.
    var point: ScopeSavepoint?
  }

  /// Whether it began with SAVEPOINT rather than BEGIN: releasing the first savepoint then commits.
  let beganWithSavepoint: Bool
  private(set) var scope: TransactionScope?
  private(set) var savepoints: [NamedSavepoint] = []

  init(beganWithSavepoint: Bool = false) { self.beganWithSavepoint = beganWithSavepoint }

  var isWriting: Bool { scope?.write != nil }

  /// The transaction's state, for reading.
  mutating func reading(_ store: Store, _ owner: UInt64?) throws(UpkeepError) -> TransactionScope {
    if let scope { return scope }
    let snapshot = try store.beginRead()
    snapshot.owner = owner
    scope = snapshot
    return snapshot
  }

  /// The transaction with the right to write.
  mutating func writing(_ store: Store, _ owner: UInt64?) throws(UpkeepError) -> TransactionScope {
    if let scope, scope.write != nil { return scope }
    let writer = try store.beginWrite()
    writer.owner = owner
    if let snapshot = scope {
      if snapshot.read.version != writer.read.version {
        writer.rollback()
        throw UpkeepError(
          .stale,
          "another transaction committed since this one first read; ROLLBACK and try again, or use BEGIN IMMEDIATE"
        )
      }
      snapshot.rollback()
    }
    scope = writer
    for number in savepoints.indices { savepoints[number].point = try writer.savepoint() }
    return writer
  }

  // MARK: Savepoints

  mutating func addSavepoint(_ name: String) throws(UpkeepError) {
    let point = isWriting ? try scope?.savepoint() : nil
    savepoints.append(NamedSavepoint(name: name, point: point))
  }

  /// Takes back what was done since the newest savepoint of this name, which stays.
  mutating func rollback(to name: String) throws(UpkeepError) {
    let number = try position(of: name)
    if let point = savepoints[number].point { try scope?.rollback(to: point) }
    forget(from: number + 1)
  }

  /// Forgets the newest savepoint of this name and those after it.
  ///
  /// - Returns: whether that ends the transaction, because it began with this savepoint.
  mutating func release(_ name: String) throws(UpkeepError) -> Bool {
    let number = try position(of: name)
    forget(from: number)
    return number == 0 && beganWithSavepoint
  }

  private func position(of name: String) throws(UpkeepError) -> Int {
    if let number = savepoints.lastIndex(where: { Names.equal($0.name, name) }) { return number }
    var error = UpkeepError(
      .misuse, "there is no savepoint \(name)\(Names.suggestion(for: name, among: savepoints.map(\.name)))")
    error.name = name
    throw error
  }

  private mutating func forget(from first: Int) {
    for savepoint in savepoints[first...].reversed() {
      if let point = savepoint.point { scope?.release(point) }
    }
    savepoints.removeSubrange(first...)
  }

  // MARK: The end

  mutating func commit() throws(UpkeepError) {
    guard let scope else { return }
    self.scope = nil
    if scope.write != nil { try scope.commit() } else { scope.rollback() }
  }

  mutating func rollback() {
    scope?.rollback()
    scope = nil
  }
}
