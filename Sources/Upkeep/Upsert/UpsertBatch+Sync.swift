internal import UpkeepStorage

/// What makes an upsert a sync: rows of the table that the source lacks are deleted.
extension UpsertBatch {
  /// NULL in the key by which a sync identifies rows is an error of the row.
  func requireKey(_ proposal: [Value], _ index: Int) throws(UpkeepError) {
    guard let key = plan.targetKey else { return }
    for ordinal in ordinals(of: key) where proposal[ordinal] == .null {
      // Where NULLs are equal the row is about a stored one all the same, which is therefore not gone.
      if try claims.encode(key, of: proposal, into: keyBuffers[key]) { try notePresent(key, index) }
      let name = ordinal < schema.columns.count ? schema.columns[ordinal].name : "rowid"
      var error = UpkeepError(
        .notNullViolation,
        "\(schema.name).\(name) is the key of the sync and cannot be NULL; give each row its key")
      error.table = schema.name
      error.column = name
      error.value = "NULL"
      throw error
    }
    guard key > 0, plan.uniqueIndexes[key - 1].predicate != nil,
      try !claims.encode(key, of: proposal, into: keyBuffers[key])
    else { return }
    throw outsideKey(plan.uniqueIndexes[key - 1], proposal, index)
  }

  /// The columns of a key that is over columns alone.
  private func ordinals(of key: Int) -> [Int] {
    key == 0 ? rowActions.primaryKeyOrdinals : (plan.uniqueIndexes[key - 1].columnOrdinals ?? [])
  }

  /// A row that a partial index leaves out has no key, by which a sync could tell which stored row it is.
  private func outsideKey(_ index: IndexSchema, _ row: [Value], _ number: Int) -> UpkeepError {
    let condition = index.predicateExpression?.shortText ?? ""
    var error = UpkeepError(
      UpkeepError.Code.unreadableKey,
      "\(schema.name) \(index.columnsDescription(schema)) = \(index.keyDescription(of: row)) is no key of a row for which "
        + "\(condition) is not true, and without its key a sync cannot tell which row it stands for; "
        + plan.words.syncingBy)
    error.table = schema.name
    error.index = index.name
    error.key = index.keyDescription(of: row)
    error.value = error.key
    error.rowNumber = numbers[number]
    return error
  }

  /// What is known of a row with a value that does not fit, or of a line that cannot be read whole.
  ///
  /// Such a row still says, by its key, which stored row it is about: that row is not deleted by a sync, and not displaced;
  /// and ON DUPLICATE goes by keys, whatever else is wrong. If its key cannot be read, a sync must fail.
  ///
  /// - Parameter isWhole: whether what the row does not give is known, and not what could not be read.
  /// - Returns: whether ON DUPLICATE drops the row, so that its error does not matter.
  func noteKey(
    ofBadRow given: [Value?], isWhole: Bool, _ index: Int, _ error: UpkeepError
  ) throws(UpkeepError) -> Bool {
    guard plan.isSync || plan.displaces || plan.duplicates != .fold, let key = plan.targetKey else {
      return false
    }
    let row: [Value]
    do throws(UpkeepError) {
      guard let known = try keyColumns(ofBadRow: given, isWhole: isWhole, key) else { throw error }
      row = known
    } catch {
      guard plan.isSync else { return false }
      throw unreadableKey(error, index)
    }
    guard try claims.encode(key, of: row, into: keyBuffers[key]) else {
      if plan.isSync, key > 0, plan.uniqueIndexes[key - 1].predicate != nil {
        throw unreadableKey(error, index)
      }
      return false
    }
    // NULL in the key of a sync is an error of the row, also where it is equal to others, and makes it no duplicate.
    let hasKey = !plan.isSync || ordinals(of: key).allSatisfy { row[$0] != .null }
    if hasKey, plan.duplicates != .fold, try isDropped(index, keyBuffers[key].bytes) { return true }
    try notePresent(key, index)
    return false
  }

  /// A bad row with the columns of a key alone; nil if they are not known.
  func keyColumns(ofBadRow given: [Value?], isWhole: Bool, _ key: Int) throws(UpkeepError) -> [Value]? {
    let columns = key == 0 ? Set(rowActions.primaryKeyOrdinals) : plan.uniqueIndexes[key - 1].columnsRead
    var row: [Value] = []
    for column in schema.columns {
      guard columns.contains(column.ordinal) else {
        row.append(.null)
        continue
      }
      if column.ordinal < given.count, let value = given[column.ordinal] {
        row.append(try Coercion.coerce(value, to: column))
      } else if isWhole {
        row.append(
          column.compiledDefault?.isVolatile == true ? .null : try rowActions.defaultValue(of: column))
      } else {
        return nil
      }
    }
    if schema.hasHiddenRowid { row.append(.null) }
    return plan.otherwise == .replace ? try filledWithDefaults(row) : row
  }

  /// The key in the buffer is one that a row set aside has.
  private func notePresent(_ key: Int, _ index: Int) throws(UpkeepError) {
    if plan.isSync, try seenKeys.find(keyBuffers[key].bytes) == nil {
      seenKeys.set(keyBuffers[key].bytes, index)
    }
    let place = try claims.find(key, keyBuffers[key].bytes, primaryKey: placeBuffers[key])
    try claims.note(place, primaryKey: placeBuffers[key].bytes, chosenBy: index)
  }

  /// An error that ends the statement: what the source has cannot be told from what it lacks.
  private func unreadableKey(_ cause: UpkeepError, _ index: Int) -> UpkeepError {
    var error = UpkeepError(
      UpkeepError.Code.unreadableKey,
      cause.saying(", and without its key a sync cannot tell which row it stands for").message)
    error.table = schema.name
    error.column = cause.column
    error.value = cause.value
    error.rowNumber = numbers[index]
    error.cause = cause
    return error
  }

  /// Deletes the rows whose keys no row of the source had, rejected rows included.
  func deleteWhatIsGone(allowsEmpty: Bool) throws(UpkeepError) {
    guard let key = plan.targetKey else { return }
    if kinds.isEmpty && !allowsEmpty {
      var error = UpkeepError(
        .misuse,
        "the source for \(schema.name) has no rows, so that a sync would delete every row; "
          + plan.words.emptying(schema.name))
      error.table = schema.name
      throw error
    }
    let bytes = ByteBuffer()
    var steps = 0
    try claims.forEachRowBefore { view throws(UpkeepError) in
      steps &+= 1
      if steps & 1023 == 0 { try scope.watch?.cancellation.check() }
      if key == 0, try seenKeys.find(view.key) != nil { return }
      let row = try view.values()
      if key > 0, try claims.encode(key, of: row, into: bytes), try seenKeys.find(bytes.bytes) != nil {
        return
      }
      try claims.delete(claims.place(ofRowNamed: view.key), row)
      deletedCount += 1
      try claims.budget.settle()
    }
  }
}

extension UpkeepError.Code {
  /// A row of a sync's source has a key that cannot be read.
  public static let unreadableKey = Self(rawValue: "unreadable-key")
}
