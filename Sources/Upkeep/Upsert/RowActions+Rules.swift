/// Merge rules: what a column becomes when an incoming row meets a stored one.
extension RowActions {
  /// The row met as a merge by rules leaves it. Rules compare and compute with both rows as they were before any of
  /// them; TOUCH comes last.
  ///
  /// - Parameter gives: whether the incoming row gives a column.
  func merged(
    _ old: [Value], _ rules: ColumnRules, _ proposal: [Value], gives: (Int) -> Bool
  ) throws(UpkeepError) -> [Value] {
    let keepsKey = rules.mask == nil ? !(try hasSamePrimaryKey(old, proposal)) : false
    if rules.readsRows {
      context.set(slot: 0, row: old)
      context.set(slot: 1, row: proposal)
    }
    var new = old
    for ordinal in old.indices where gives(ordinal) {
      if let mask = rules.mask, !mask[ordinal] { continue }
      if keepsKey, primaryKeyOrdinals.contains(ordinal) { continue }
      guard ordinal < rules.rules.count else {
        // The hidden rowid.
        new[ordinal] = proposal[ordinal]
        continue
      }
      if case .latest(let by) = rules.rules[ordinal] {
        let incoming = gives(by) ? proposal[by] : .null
        if isNewer(incoming, than: old[by], by) { new[ordinal] = proposal[ordinal] }
      } else {
        new[ordinal] = try merged(
          old[ordinal], proposal[ordinal], rules.rules[ordinal], schema.columns[ordinal])
      }
    }
    try schema.touch(&new, old, rules.touched, at: context.now) { ordinal in
      gives(ordinal) && rules.mask?[ordinal] ?? true
    }
    return new
  }

  /// Whether a row is not older than the stored one: a stored NULL is older than all, an incoming one than all else.
  private func isNewer(_ incoming: Value, than stored: Value, _ ordinal: Int) -> Bool {
    if stored == .null { return true }
    if incoming == .null { return false }
    return ValueOrder.compare(incoming, stored, collation: schema.columns[ordinal].collation) >= 0
  }

  private func merged(
    _ stored: Value, _ incoming: Value, _ rule: ColumnRule, _ column: ColumnSchema
  ) throws(UpkeepError) -> Value {
    switch rule {
    case .set, .touch, .latest: return incoming
    case .keep: return stored
    case .coalesce: return incoming == .null ? stored : incoming
    case .ifNull: return stored == .null ? incoming : stored
    case .using(let expression): return try Coercion.coerce(try expression.evaluate(context), to: column)
    case .sum, .min, .max, .append, .json: break
    }
    if incoming == .null { return stored }
    if stored == .null { return incoming }
    switch rule {
    // Of two that are equal and not the same (letters of either case) the stored one stays.
    case .min:
      return ValueOrder.compare(incoming, stored, collation: column.collation) < 0 ? incoming : stored
    case .max:
      return ValueOrder.compare(incoming, stored, collation: column.collation) > 0 ? incoming : stored
    case .sum: return try sum(stored, incoming, column)
    case .append: return try appended(stored, incoming, column)
    default: return try patched(stored, incoming, column)
    }
  }

  private func sum(_ stored: Value, _ incoming: Value, _ column: ColumnSchema) throws(UpkeepError) -> Value {
    if case .integer(let a) = stored, case .integer(let b) = incoming {
      let (sum, overflows) = a.addingReportingOverflow(b)
      if overflows { throw overflow(stored, incoming, column) }
      return .integer(sum)
    }
    guard let a = real(stored), let b = real(incoming) else {
      throw misfit(
        "SUM, which adds numbers", "a number", real(incoming) == nil ? incoming : stored, stored, column)
    }
    let sum = a + b
    if !sum.isFinite, a.isFinite && b.isFinite || sum.isNaN { throw overflow(stored, incoming, column) }
    return try Coercion.coerce(.real(sum), to: column)
  }

  private func real(_ value: Value) -> Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .real(let real): real
    default: nil
    }
  }

  private func overflow(_ stored: Value, _ incoming: Value, _ column: ColumnSchema) -> UpkeepError {
    var error = UpkeepError(
      .overflow,
      "\(column.table).\(column.name) merges by SUM, and \(stored.literalText) + \(incoming.literalText) is more "
        + "than \(column.type.name) holds; give less, or MERGE the column by another rule")
    error.table = column.table
    error.column = column.name
    error.value = incoming.literalText
    return error
  }

  private func appended(
    _ stored: Value, _ incoming: Value, _ column: ColumnSchema
  ) throws(UpkeepError) -> Value {
    switch (stored, incoming) {
    case (.text(let a), .text(let b)): return .text(a + b)
    case (.blob(let a), .blob(let b)): return .blob(a + b)
    default:
      let wanted = if case .blob = stored { "a blob" } else { "a text" }
      throw misfit("APPEND, which joins two texts or two blobs", wanted, incoming, stored, column)
    }
  }

  private func patched(
    _ stored: Value, _ incoming: Value, _ column: ColumnSchema
  ) throws(UpkeepError) -> Value {
    guard let target = jsonText(stored), let patch = jsonText(incoming),
      let result = JSONPatch.apply(patch, to: target)
    else {
      let incomingIsJSON = jsonText(incoming).flatMap { JSONPatch.apply($0, to: "{}") } != nil
      let culprit = incomingIsJSON ? stored : incoming
      throw misfit("JSON, which merges JSON text", "JSON", culprit, stored, column)
    }
    if case .json = stored { return .json(result) }
    return .text(result)
  }

  private func jsonText(_ value: Value) -> String? {
    switch value {
    case .text(let text), .json(let text): text
    default: nil
    }
  }

  /// - Parameters:
  ///   - rule: the rule, and what it takes.
  ///   - culprit: the value that it does not take: the incoming one, or the stored one.
  private func misfit(
    _ rule: String, _ wanted: String, _ culprit: Value, _ stored: Value, _ column: ColumnSchema
  ) -> UpkeepError {
    let whose = culprit.hasSameBytes(as: stored) ? "the stored " : ""
    var error = UpkeepError(
      .typeMismatch,
      "\(column.table).\(column.name) merges by \(rule), and \(whose)\(culprit.literalText) is not \(wanted); "
        + "give \(wanted), or \(words.settingOnly(column.name))")
    error.table = column.table
    error.column = column.name
    error.value = culprit.literalText
    return error
  }

  // MARK: - TOUCH

  /// A row that replaces another and differs from it in nothing but the times of TOUCH columns that it does not give
  /// gets these as they were: it is the same row.
  func leaveTouchedIfSame(_ new: inout [Value], _ old: [Value], _ given: [Value?]) {
    guard let touched = schema.mergeRules?.touched, !touched.isEmpty else { return }
    let absent = touched.filter { !gives(given, $0) }
    for ordinal in new.indices where !absent.contains(ordinal) {
      if !new[ordinal].hasSameBytes(as: old[ordinal]) { return }
    }
    for ordinal in absent { new[ordinal] = old[ordinal] }
  }
}
