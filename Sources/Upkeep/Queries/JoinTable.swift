internal import UpkeepStorage

/// Two sides of an equality between a source and those before it.
struct JoinKey {
  /// The source's side.
  var own: CompiledExpression
  /// The other side.
  var other: CompiledExpression
  var ownConversion: Conversion
  var otherConversion: Conversion
  var collation: Collation
}

/// The rows of one source of a join, kept, and found by a hash of what they are joined by where that is an equality.
///
/// Its life:
/// 1. Empty until it is asked for the first time; then the source's rows are read, once.
/// 2. `begin` starts a join anew: the rows stay, unless they depend on the queries around.
final class JoinTable {
  let content: Sources.Source.Content
  /// The way to a table's rows.
  let selection: RowSelection?
  /// The columns of a table that are kept.
  let columns: [Int]
  private let keys: [JoinKey]
  private let parts: [KeyPart]
  /// Whether which rows found a partner is to be known.
  private let keepsFlags: Bool
  private var rows: RowBuffer?
  private var table = ByteKeyTable()
  /// For each key its first row and its last; for each row the next with its key.
  private var firsts: [Int] = []
  private var lasts: [Int] = []
  private var nexts: [Int] = []
  private var isMatched: [Bool] = []
  /// The row that is looked at.
  private var current = 0
  private let buffer = ByteBuffer(capacity: 64)

  init(
    _ content: Sources.Source.Content, _ selection: RowSelection?, columns: Set<Int>, keys: [JoinKey],
    keepsFlags: Bool
  ) {
    self.content = content
    self.selection = selection
    self.columns = columns.sorted()
    self.keys = keys
    parts = keys.map { KeyPart(.any, collation: $0.collation) }
    self.keepsFlags = keepsFlags
  }

  func begin() {
    if !content.isStable {
      rows = nil
      table = ByteKeyTable()
      (firsts, lasts, nexts) = ([], [], [])
    }
    isMatched = []
  }

  func noteMatch() { isMatched[current] = true }

  typealias Loader = (
    JoinTable, EvaluationContext, ([Value]) throws(UpkeepError) -> Void
  ) throws(UpkeepError) -> Void

  private func ready(
    _ context: EvaluationContext, _ slot: Int, _ load: Loader
  ) throws(UpkeepError) -> RowBuffer {
    let kept: RowBuffer
    if let rows {
      kept = rows
    } else {
      kept = RowBuffer()
      try load(self, context) { row throws(UpkeepError) in
        if !keys.isEmpty { try index(row, kept.count, context, slot) }
        kept.append(row)
      }
      rows = kept
    }
    if keepsFlags, isMatched.count != kept.count { isMatched = Array(repeating: false, count: kept.count) }
    return kept
  }

  /// Enters a row under its key; one with a NULL in it equals nothing.
  private func index(
    _ row: [Value], _ number: Int, _ context: EvaluationContext, _ slot: Int
  ) throws(UpkeepError) {
    nexts.append(-1)
    context.set(slot: slot, row: row)
    buffer.removeAll()
    for (key, part) in zip(keys, parts) {
      let value = key.ownConversion.apply(try key.own.evaluate(context))
      if value == .null { return }
      try KeyCodec.append(value, part, to: buffer)
    }
    let entry = table.insert(buffer.bytes)
    if entry == firsts.count {
      firsts.append(number)
      lasts.append(number)
    } else {
      nexts[lasts[entry]] = number
      lasts[entry] = number
    }
  }

  func candidates(
    _ context: EvaluationContext, _ slot: Int, load: Loader, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    let rows = try ready(context, slot, load)
    if keys.isEmpty {
      for number in 0..<rows.count {
        current = number
        context.set(slot: slot, row: rows[number])
        guard try body() else { return false }
      }
      return true
    }
    buffer.removeAll()
    for (key, part) in zip(keys, parts) {
      let value = key.otherConversion.apply(try key.other.evaluate(context))
      if value == .null { return true }
      try KeyCodec.append(value, part, to: buffer)
    }
    guard let entry = table.find(buffer.bytes) else { return true }
    var number = firsts[entry]
    while number >= 0 {
      current = number
      context.set(slot: slot, row: rows[number])
      guard try body() else { return false }
      number = nexts[number]
    }
    return true
  }

  /// The rows that found no partner.
  func unmatched(
    _ context: EvaluationContext, _ slot: Int, load: Loader, _ body: () throws(UpkeepError) -> Bool
  ) throws(UpkeepError) -> Bool {
    let rows = try ready(context, slot, load)
    for number in 0..<rows.count where !isMatched[number] {
      context.set(slot: slot, row: rows[number])
      guard try body() else { return false }
    }
    return true
  }
}

/// The rows of a table whose key, or the first parts of it, equal what the sources before it say.
struct KeyLookup {
  let schema: TableSchema
  let path: AccessPath
  /// The table's own conditions.
  let filter: RowFilter
  let parts: [SearchPart]
  /// What each of the first parts equals.
  let keys: [JoinKey]
  /// Whether that is a whole unique key.
  let isPoint: Bool

  /// Where the rows lie; nil if no row can be meant. It may be too wide: the equalities are checked on each row.
  func range(_ context: EvaluationContext) throws(UpkeepError) -> KeyBounds? {
    var prefix: [UInt8] = []
    for (key, part) in zip(keys, parts) {
      let value = key.otherConversion.apply(try key.other.evaluate(context))
      if value == .null { return nil }
      switch KeyConstant(value, for: part.type) {
      case .exact(let exact):
        // What is too long for a key is in none.
        guard let bytes = part.encode(exact) else { return nil }
        prefix += bytes
      case .justAbove, .belowAll, .aboveAll: return nil
      case .unusable: return KeyBounds.beginning(with: prefix)
      }
    }
    return KeyBounds.beginning(with: prefix)
  }
}
