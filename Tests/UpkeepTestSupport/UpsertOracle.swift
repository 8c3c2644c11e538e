package import Upkeep

/// What an upsert means, over arrays: no trees, no sorting, no chunks, one row after the other. The engine
/// must agree with it in the table, in what became of every row, and in the row that an error names.
///
/// A row of the table is an object, so that it keeps its identity while its keys move. `before` is its state
/// when the statement began, `now` the state in which the rows so far have left it.
package struct UpsertOracle {
  package struct Key {
    package var name: String
    package var columns: [Int]
    package var predicate: Expression?

    package init(_ name: String, _ columns: [Int], where predicate: Expression? = nil) {
      self.name = name
      self.columns = columns
      self.predicate = predicate
    }
  }

  package struct Column {
    package var name: String
    package var isNullable: Bool
    package var defaultValue: Value
    package var collation: Collation
    /// The greatest value that its CHECK lets pass.
    package var greatest: Int64?

    package init(
      _ name: String, isNullable: Bool = true, default defaultValue: Value = .null,
      collation: Collation = .binary, greatest: Int64? = nil
    ) {
      self.name = name
      self.isNullable = isNullable
      self.defaultValue = defaultValue
      self.collation = collation
      self.greatest = greatest
    }
  }

  package enum Mode {
    case upsert
    case sync
  }

  package struct Step: Equatable, CustomStringConvertible {
    package var action: String
    package var old: [Value]?
    package var new: [Value]?
    package var key: String?

    package init(_ action: String, old: [Value]? = nil, new: [Value]? = nil, key: String? = nil) {
      self.action = action
      self.old = old
      self.new = new
      self.key = key
    }

    package var description: String {
      "\(action) \(old.map { "\($0)" } ?? "-") → \(new.map { "\($0)" } ?? "-") \(key ?? "")"
    }
  }

  package struct Outcome {
    package var steps: [Step]
    package var displaced: [[Value]]
    package var deleted: Int
    package var rows: [[Value]]
  }

  package struct Failure: Error, Equatable {
    package var number: Int
    package var code: UpkeepError.Code
    /// The rows that stay nevertheless (OR FAIL).
    package var rows: [[Value]]?
  }

  package var columns: [Column]
  /// The primary key first.
  package var keys: [Key]
  package var hasAutomaticID: Bool

  package init(columns: [Column], keys: [Key], hasAutomaticID: Bool) {
    self.columns = columns
    self.keys = keys
    self.hasAutomaticID = hasAutomaticID
  }

  /// Runs a statement over the rows of a table.
  package func run(
    _ statement: UpsertStatement, mode: Mode = .upsert, on table: [[Value]], rows input: [[Value?]]
  ) -> Result<Outcome, Failure> {
    let run = OracleRun(self, statement, mode, table)
    return run.all(input)
  }

  /// The key that a row holds; nil where a part is NULL or the row is outside the predicate.
  func value(of key: Key, in row: [Value]) -> [Value]? {
    if let predicate = key.predicate, truth(evaluate(predicate, row, row)) != true { return nil }
    var parts: [Value] = []
    for column in key.columns {
      if row[column] == .null { return nil }
      if case .text(let text) = row[column], columns[column].collation == .nocase {
        parts.append(
          .text(String(decoding: text.utf8.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, as: UTF8.self)))
      } else {
        parts.append(row[column])
      }
    }
    return parts
  }

  func ordinal(_ name: String) -> Int { columns.firstIndex { $0.name == name } ?? 0 }

  /// Just enough of expressions for the tests.
  func evaluate(_ expression: Expression, _ existing: [Value], _ excluded: [Value]) -> Value {
    switch expression {
    case .literal(let value): return value
    case .column(let reference):
      return (reference.qualifier == "excluded" ? excluded : existing)[ordinal(reference.name)]
    case .isNull(let operand, let negated):
      return .integer((evaluate(operand, existing, excluded) == .null) != negated ? 1 : 0)
    case .binary(let operation, let left, let right):
      let a = evaluate(left, existing, excluded)
      let b = evaluate(right, existing, excluded)
      if a == .null || b == .null { return .null }
      switch operation {
      case .equal: return .integer(a == b ? 1 : 0)
      case .notEqual: return .integer(a == b ? 0 : 1)
      case .add:
        if case .integer(let x) = a, case .integer(let y) = b { return .integer(x + y) }
        return .null
      case .greater:
        if case .integer(let x) = a, case .integer(let y) = b { return .integer(x > y ? 1 : 0) }
        return .null
      default: return .null
      }
    default: return .null
    }
  }

  func truth(_ value: Value) -> Bool? {
    switch value {
    case .null: nil
    case .integer(let number): number != 0
    default: false
    }
  }

  /// The keys of a conflict target, in order.
  func keys(of target: ConflictTarget) -> [Int] {
    switch target {
    case .primaryKey: return [0]
    case .anyUnique: return Array(keys.indices)
    case .index(let name): return [keys.firstIndex { $0.name == name } ?? 0]
    case .columns(let expressions, let condition):
      let wanted = expressions.map { expression -> Int in
        if case .column(let reference) = expression { return ordinal(reference.name) }
        return -1
      }
      return [
        keys.firstIndex {
          Set($0.columns) == Set(wanted) && ($0.predicate == nil || $0.predicate == condition)
        } ?? 0
      ]
    }
  }
}

final class OracleRow {
  /// Its state when the statement began; nil for a row that the statement made.
  let before: [Value]?
  /// Its state in the table now; nil if it is not there.
  var now: [Value]?
  /// The input rows that were applied to it.
  var applied: [Int] = []
  /// An input row chose it: to apply itself, to leave it alone, or in vain.
  var isChosen = false
  /// For each key that it holds: the input row that made it claim the key, and when. 0: since before.
  var claims: [Int: (number: Int, time: Int)] = [:]
  var isGone = false

  init(before: [Value]?) {
    self.before = before
    now = before
  }
}

/// A key of the table with its value: what two rows may both hold.
struct HeldKey: Hashable {
  var key: Int
  var value: [Value]
}

final class OracleRun {
  let oracle: UpsertOracle
  let statement: UpsertStatement
  let mode: UpsertOracle.Mode
  var table: [OracleRow]
  var time = 0
  var everStored: [[Value]]
  var steps: [UpsertOracle.Step] = []
  var errors: [(number: Int, code: UpkeepError.Code)] = []
  var displaced: [[Value]] = []
  var deleted = 0
  /// Rejected by OR IGNORE, which is no error of the statement.
  var passedOver: Set<Int> = []
  /// Rows dropped by ON DUPLICATE, with the row that counts.
  var dropped: [Int: Int] = [:]

  init(_ oracle: UpsertOracle, _ statement: UpsertStatement, _ mode: UpsertOracle.Mode, _ rows: [[Value]]) {
    self.oracle = oracle
    self.statement = statement
    self.mode = mode
    table = rows.map { OracleRow(before: $0) }
    everStored = rows
  }

  var collects: Bool { statement.rejects != .fail }
  var isEager: Bool { [.ignore, .replace, .fail].contains(statement.otherwise) }
  var displaces: Bool { statement.clauses.contains { $0.ambiguity == .displace } }

  /// The rows of the table now, by primary key.
  var rows: [[Value]] { table.compactMap(\.now) }

  func all(_ input: [[Value?]]) -> Result<UpsertOracle.Outcome, UpsertOracle.Failure> {
    steps = Array(repeating: UpsertOracle.Step("rejected"), count: input.count)
    findDuplicates(input)
    for (index, row) in input.enumerated() {
      apply(row, index + 1)
      if statement.otherwise == .fail, !collects, let error = errors.first {
        return .failure(UpsertOracle.Failure(number: error.number, code: error.code, rows: rows))
      }
    }
    if mode == .sync { deleteWhatIsGone(input) }
    settle()
    if displaces { displace() }
    if !collects, let worst = errors.min(by: { $0.number < $1.number }) {
      return .failure(UpsertOracle.Failure(number: worst.number, code: worst.code, rows: nil))
    }
    if case .collect(let limit?) = statement.rejects, errors.count > limit {
      return .failure(UpsertOracle.Failure(number: 0, code: .tooManyRejects, rows: nil))
    }
    return .success(UpsertOracle.Outcome(steps: steps, displaced: displaced, deleted: deleted, rows: rows))
  }

  // MARK: one input row

  func proposed(_ row: [Value?]) -> [Value] {
    oracle.columns.indices.map { row[$0] ?? oracle.columns[$0].defaultValue }
  }

  func reject(_ number: Int, _ code: UpkeepError.Code) {
    steps[number - 1] = UpsertOracle.Step("rejected")
    errors.append((number, code))
  }

  /// The row that holds a proposed row's key, the newest claimant if several do.
  func holder(of key: Int, _ row: [Value]) -> OracleRow? {
    guard let wanted = oracle.value(of: oracle.keys[key], in: row) else { return nil }
    return table.filter { held in held.now.flatMap { oracle.value(of: oracle.keys[key], in: $0) } == wanted }
      .max { ($0.claims[key]?.time ?? 0) < ($1.claims[key]?.time ?? 0) }
  }

  func apply(_ row: [Value?], _ number: Int) {
    var given = row
    let id = oracle.keys[0].columns[0]
    if oracle.hasAutomaticID, given[id] == .some(.null) { given[id] = nil }
    if let dropping = dropped[number] {
      if dropping < 0 { return reject(number, .uniqueViolation) }
      steps[number - 1] = UpsertOracle.Step("ignored")
      return
    }
    let proposal = proposed(given)
    var filled = proposal
    if mode == .sync,
      oracle.keys[oracle.keys(of: statement.clauses[0].target)[0]].columns.contains(where: {
        proposal[$0] == .null
      })
    {
      return reject(number, .notNullViolation)
    }
    var clauses = statement.clauses
    switch statement.otherwise {
    case .ignore: clauses.append(ConflictClause(.anyUnique, .ignore))
    case .fail: clauses.append(ConflictClause(.anyUnique, .fail))
    case .abort, .rollback: if clauses.isEmpty { clauses.append(ConflictClause(.anyUnique, .fail)) }
    case .replace:
      filled = filledWithDefaults(proposal)
    }
    for clause in clauses {
      let met = oracle.keys(of: clause.target).compactMap { key in holder(of: key, filled).map { (key, $0) } }
      guard let (key, row) = met.first else { continue }
      return run(clause, given, proposal, met.map(\.1), key, row, number)
    }
    if statement.otherwise == .replace {
      let met = oracle.keys.indices.compactMap { holder(of: $0, filled) }
      if !met.isEmpty { return replaceEagerly(filled, met, number) }
    }
    insert(filled, number)
  }

  /// One above the greatest id that a row has, or had in the course of the statement: it may come back to it.
  func nextID() -> Value {
    let ids = (rows + (isEager ? [] : everStored)).map { row -> Int64 in
      if case .integer(let id) = row[oracle.keys[0].columns[0]] { return id }
      return .min
    }
    return .integer(ids.max().map { $0 + 1 } ?? 1)
  }

  func firstProblem(_ row: [Value]) -> UpkeepError.Code? {
    for (index, column) in oracle.columns.enumerated() {
      if row[index] == .null, !column.isNullable { return .notNullViolation }
    }
    for (index, column) in oracle.columns.enumerated() {
      if let greatest = column.greatest, case .integer(let number) = row[index], number > greatest {
        return .checkViolation
      }
    }
    return nil
  }

  func insert(_ proposal: [Value], _ number: Int) {
    var row = proposal
    if oracle.hasAutomaticID, row[oracle.keys[0].columns[0]] == .null {
      row[oracle.keys[0].columns[0]] = nextID()
    }
    if let problem = firstProblem(row) {
      if statement.otherwise == .ignore {
        passedOver.insert(number)
        steps[number - 1] = UpsertOracle.Step("rejected")
        return
      }
      return reject(number, problem)
    }
    let new = OracleRow(before: nil)
    table.append(new)
    steps[number - 1] = UpsertOracle.Step("inserted", new: row)
    put(row, in: new, number)
  }

  func run(
    _ clause: ConflictClause, _ given: [Value?], _ proposal: [Value], _ met: [OracleRow], _ key: Int,
    _ row: OracleRow,
    _ number: Int
  ) {
    guard let old = row.now else { return }
    let name = oracle.keys[key].name
    switch clause.action {
    case .ignore:
      row.isChosen = true
      steps[number - 1] = UpsertOracle.Step("ignored", old: old, new: old, key: name)
      return
    case .fail:
      row.isChosen = true
      return reject(number, .uniqueViolation)
    default: break
    }
    if clause.ambiguity == .fail, met.contains(where: { $0 !== row }) { return reject(number, .ambiguous) }
    row.isChosen = true
    let primary = oracle.keys[0]
    let keepsPrimary = oracle.value(of: primary, in: proposal) != oracle.value(of: primary, in: old)
    var new = old
    var word = "updated"
    switch clause.action {
    case .merge(let columns):
      for index in oracle.columns.indices {
        guard let value = given[index] else { continue }
        if let columns {
          if columns.contains(oracle.columns[index].name) { new[index] = value }
        } else if !(keepsPrimary && primary.columns.contains(index)) {
          new[index] = value
        }
      }
    case .update(let assignments, let condition):
      if let condition, oracle.truth(oracle.evaluate(condition, old, proposal)) != true {
        steps[number - 1] = UpsertOracle.Step("ignored", old: old, new: old, key: name)
        return
      }
      for assignment in assignments {
        let column = oracle.ordinal(assignment.column)
        new[column] =
          assignment.value.map { oracle.evaluate($0, old, proposal) } ?? oracle.columns[column].defaultValue
      }
    case .replace:
      word = "replaced"
      new = proposal
      for index in primary.columns
      where given[index] == nil {
        new[index] = old[index]
      }
    default: break
    }
    if let problem = firstProblem(new) { return reject(number, problem) }
    if isEager {
      for key in oracle.keys.indices {
        guard let value = oracle.value(of: oracle.keys[key], in: new),
          value != oracle.value(of: oracle.keys[key], in: old)
        else { continue }
        if holder(of: key, new) != nil { return reject(number, .uniqueViolation) }
      }
    }
    steps[number - 1] = UpsertOracle.Step(new == old ? "unchanged" : word, old: old, new: new, key: name)
    put(new, in: row, number)
  }

  func replaceEagerly(_ proposal: [Value], _ met: [OracleRow], _ number: Int) {
    var row = proposal
    let automatic = oracle.hasAutomaticID && row[oracle.keys[0].columns[0]] == .null
    if automatic { row[oracle.keys[0].columns[0]] = nextID() }
    if let problem = firstProblem(row) { return reject(number, problem) }
    var gone: [OracleRow] = []
    for old in met where !gone.contains(where: { $0 === old }) { gone.append(old) }
    let old = gone[0].now ?? []
    let primary = oracle.keys[0]
    // The row of the same primary key, or of any where none is given, becomes the new one; others give way.
    let becomes = automatic || oracle.value(of: primary, in: old) == oracle.value(of: primary, in: row)
    for (index, other) in gone.enumerated() {
      if let now = other.now, index > 0 || !becomes { displaced.append(now) }
      other.now = nil
      other.isGone = true
    }
    let new = OracleRow(before: nil)
    table.append(new)
    steps[number - 1] = UpsertOracle.Step(row == old ? "unchanged" : "replaced", old: old, new: row)
    put(row, in: new, number)
  }

  /// Gives a row its new state, and notes which keys it claims that it did not hold.
  func put(_ new: [Value], in row: OracleRow, _ number: Int) {
    time += 1
    let old = row.now
    row.isChosen = true
    row.applied.append(number)
    row.now = new
    everStored.append(new)
    for key in oracle.keys.indices {
      guard let value = oracle.value(of: oracle.keys[key], in: new) else {
        row.claims[key] = nil
        continue
      }
      if let old, oracle.value(of: oracle.keys[key], in: old) == value { continue }
      row.claims[key] = (number, time)
    }
  }

  /// OR REPLACE: a NULL in a column that takes none is its default, for keys too.
  func filledWithDefaults(_ proposal: [Value]) -> [Value] {
    var filled = proposal
    for (index, column) in oracle.columns.enumerated() where !column.isNullable && proposal[index] == .null {
      filled[index] = column.defaultValue
    }
    return filled
  }

  // MARK: the same key twice in one batch

  func findDuplicates(_ input: [[Value?]]) {
    let policy = mode == .sync ? DuplicatePolicy.fail : statement.duplicates
    guard policy != .fold, let clause = statement.clauses.first else { return }
    let key = oracle.keys[oracle.keys(of: clause.target)[0]]
    var numbers: [[Value]: [Int]] = [:]
    for (index, row) in input.enumerated() {
      let proposal = proposed(row)
      let filled = statement.otherwise == .replace ? filledWithDefaults(proposal) : proposal
      if let value = oracle.value(of: key, in: filled) {
        numbers[value, default: []].append(index + 1)
      }
    }
    for same in numbers.values where same.count > 1 {
      switch policy {
      case .fold: break
      case .first: for number in same.dropFirst() { dropped[number] = same[0] }
      case .last: for number in same.dropLast() { dropped[number] = same[same.count - 1] }
      case .fail: for number in same.dropFirst() { dropped[number] = -1 }
      }
    }
  }

  func deleteWhatIsGone(_ input: [[Value?]]) {
    let key = oracle.keys[oracle.keys(of: statement.clauses[0].target)[0]]
    let present = Set(input.compactMap { oracle.value(of: key, in: proposed($0)) })
    for row in table {
      guard let before = row.before else { continue }
      if let value = oracle.value(of: key, in: before), present.contains(value) { continue }
      row.now = nil
      row.isGone = true
      deleted += 1
    }
  }

  // MARK: keys judged when the statement is whole

  /// The holders of every key that is held more than once.
  func contested() -> [HeldKey: [OracleRow]] {
    var holders: [HeldKey: [OracleRow]] = [:]
    for row in table {
      guard let now = row.now else { continue }
      for key in oracle.keys.indices {
        guard let value = oracle.value(of: oracle.keys[key], in: now) else { continue }
        holders[HeldKey(key: key, value: value), default: []].append(row)
      }
    }
    return holders.filter { $0.value.count > 1 }
  }

  func isIncumbent(_ row: OracleRow, of held: HeldKey) -> Bool {
    guard let before = row.before, oracle.value(of: oracle.keys[held.key], in: before) == held.value else {
      return false
    }
    return row.isChosen || !displaces
  }

  func isBystander(_ row: OracleRow) -> Bool { displaces && !row.isChosen }

  /// Sets aside every input row that was applied to a row, which returns to its state before the statement.
  func setAside(_ row: OracleRow, claiming number: Int) {
    row.now = row.isGone ? nil : row.before
    row.claims = [:]
    for input in row.applied { steps[input - 1] = UpsertOracle.Step("rejected") }
    if collects {
      for input in row.applied { errors.append((input, .uniqueViolation)) }
    } else {
      errors.append((number, .uniqueViolation))
    }
    row.applied = []
  }

  func settle() {
    settleIncumbents()
    settleNewClaimants()
    settleIncumbents()
  }

  /// (A): the row that held a key before and still holds it keeps it; until no such key has another holder.
  func settleIncumbents() {
    while true {
      var failing: [(OracleRow, Int)] = []
      for (held, rows) in contested() {
        guard let incumbent = rows.first(where: { isIncumbent($0, of: held) }) else { continue }
        for row in rows where row !== incumbent && !isBystander(row) {
          let number = row.claims[held.key]?.number ?? 0
          if let at = failing.firstIndex(where: { $0.0 === row }) {
            failing[at].1 = min(failing[at].1, number)
          } else {
            failing.append((row, number))
          }
        }
      }
      if failing.isEmpty { return }
      for (row, number) in failing { setAside(row, claiming: number) }
    }
  }

  /// (B): claimants in row order, each keeping its keys unless a lower row keeps one of them.
  func settleNewClaimants() {
    var claimants: [(row: OracleRow, keys: [HeldKey], number: Int)] = []
    for (held, rows) in contested() {
      for row in rows where !isBystander(row) {
        let number = row.claims[held.key]?.number ?? 0
        if let at = claimants.firstIndex(where: { $0.row === row }) {
          claimants[at].keys.append(held)
          claimants[at].number = min(claimants[at].number, number)
        } else {
          claimants.append((row, [held], number))
        }
      }
    }
    var kept: Set<HeldKey> = []
    for claimant in claimants.sorted(by: { $0.number < $1.number }) {
      let lost = claimant.keys.filter { kept.contains($0) }
      if lost.isEmpty {
        kept.formUnion(claimant.keys)
      } else {
        setAside(claimant.row, claiming: lost.map { claimant.row.claims[$0.key]?.number ?? 0 }.min() ?? 0)
      }
    }
  }

  /// Rule 6: rows that no input row chose give way.
  func displace() {
    for (_, rows) in contested() {
      for row in rows where !row.isChosen {
        if let now = row.now { displaced.append(now) }
        row.now = nil
        row.isGone = true
      }
    }
  }
}
