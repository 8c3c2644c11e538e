/// The error of a row that cannot have a key because another row has it. Every statement words it alike.
struct UniqueViolation {
  let schema: TableSchema
  let uniqueIndexes: [IndexSchema]
  /// 0 the primary key, then the unique indexes.
  let key: Int
  /// The key's values, as a person reads them.
  let keyText: String
  /// The row in the way.
  let holder: [Value]?

  /// Where the rows meet before either was changed: what a clause could decide.
  ///
  /// - Parameter words: those of the advice.
  func met(_ words: AdviceWords) -> UpkeepError {
    let target = ConflictTargets(schema, uniqueIndexes).spelling(key)
    return error(fact, words.met(target: target, index: key == 0 ? nil : uniqueIndexes[key - 1].name))
  }

  /// Where the other row keeps the key that this one claims.
  ///
  /// - Parameter claimant: the stored row that claims it; nil for a new one, and where the input row says it.
  func lost(by claimant: [Value]? = nil, _ ways: [String]) -> UpkeepError {
    let advice =
      ways.count < 2 ? ways.joined() : ways.dropLast().joined(separator: ", ") + " or " + ways[ways.count - 1]
    let row = claimant.map { ", and \(name(of: $0)) cannot have it too" } ?? ""
    return error("\(heldBy), which keeps it\(row)", advice)
  }

  private var name: String { ConflictTargets(schema, uniqueIndexes).description(key) }

  /// `row 7`, or `rowid 7` in a table without a primary key.
  private func name(of row: [Value]?) -> String {
    let key = row.map { schema.keyDescription(of: $0) } ?? "?"
    return schema.hasHiddenRowid && row != nil ? key : "row \(key)"
  }

  private var heldBy: String { "\(schema.name) \(name) = \(keyText) is held by \(name(of: holder))" }

  /// A row found by its primary key need not be named twice.
  private var fact: String {
    key == 0 ? "\(schema.name) already has a row with \(name) = \(keyText)" : heldBy
  }

  private func error(_ what: String, _ advice: String) -> UpkeepError {
    var error = UpkeepError(.uniqueViolation, "\(what); \(advice)")
    error.table = schema.name
    error.index = key == 0 ? "primary key" : uniqueIndexes[key - 1].name
    error.key = keyText
    error.value = keyText
    error.existingKey = holder.map { schema.keyDescription(of: $0) }
    return error
  }
}

extension UpkeepError {
  /// The error with the stored row that the wrong row would have become.
  func inRow(_ key: String) -> UpkeepError {
    if existingKey != nil { return self }
    var error = saying(" (the row with key \(key))")
    error.existingKey = key
    return error
  }
}
