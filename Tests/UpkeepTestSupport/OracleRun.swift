internal import Upkeep

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
  /// A row of a sync whose key cannot be told, which no rejecting helps.
  var fatal: UpsertOracle.Failure?
  /// Whether claims of one key have one number, as those of a merge's row can: which is first is not said.
  var hasTies = false
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
  var isEager: Bool { [.ignore, .replace, .fail].contains(statement.otherwise) || ignoresAnyConflict }
  /// DO NOTHING without a target takes what is held at its moment; a row that gives way does so at the end.
  private var ignoresAnyConflict: Bool {
    !displaces && statement.clauses.contains { $0.target == .anyUnique && $0.action == .ignore }
  }
  var displaces: Bool { statement.clauses.contains { $0.ambiguity == .displace } }

  /// The rows of the table now, by primary key.
  var rows: [[Value]] { table.compactMap(\.now) }

  func all(_ input: [[Value?]]) -> Result<UpsertOracle.Outcome, UpsertOracle.Failure> {
    steps = Array(repeating: UpsertOracle.Step("rejected"), count: input.count)
    findDuplicates(input)
    for (index, row) in input.enumerated() {
      apply(row, index + 1)
      if let fatal { return .failure(fatal) }
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
    return .success(
      UpsertOracle.Outcome(
        steps: steps, displaced: displaced, deleted: deleted, rows: rows,
        errors: Dictionary(errors.map { ($0.number, $0.code) }, uniquingKeysWith: { first, _ in first })))
  }

  // MARK: one input row

  func proposed(_ row: [Value?]) -> [Value] {
    oracle.columns.indices.map { column in
      guard let given = row[column] else { return oracle.columns[column].defaultValue }
      return oracle.stored(given, column) ?? given
    }
  }

  /// Whether a value is given that its column cannot hold.
  private func isBad(_ row: [Value?]) -> Bool {
    row.indices.contains { column in row[column].map { oracle.stored($0, column) == nil } ?? false }
  }

  /// The key by which the rows of a sync, those of one target and duplicates are told apart.
  private var targetKey: Int? {
    guard statement.clauses.count == 1 else { return nil }
    let keys = oracle.keys(of: statement.clauses[0].target)
    return keys.count == 1 ? keys[0] : nil
  }

  func reject(_ number: Int, _ code: UpkeepError.Code) {
    steps[number - 1] = UpsertOracle.Step("rejected")
    errors.append((number, code))
  }

  /// A row of a sync without a key that can be told.
  private func refuse(_ number: Int) {
    if case .collect(let limit) = statement.rejects {
      let isOver = limit.map { errors.count > $0 } ?? false
      fatal = UpsertOracle.Failure(
        number: isOver ? 0 : number,
        code: isOver ? .tooManyRejects : UpkeepError.Code(rawValue: "unreadable-key"))
    }
    reject(number, UpkeepError.Code(rawValue: "unreadable-key"))
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
    if isBad(given) {
      // Its key says all the same which row it is about.
      if mode == .sync || displaces, let key = targetKey { holder(of: key, proposal)?.isChosen = true }
      if mode == .sync, let key = targetKey {
        let isWithin =
          oracle.keys[key].predicate == nil || oracle.value(of: oracle.keys[key], in: proposal) != nil
        if !isWithin { return refuse(number) }
      }
      return reject(number, .typeMismatch)
    }
    if mode == .sync,
      oracle.keys[oracle.keys(of: statement.clauses[0].target)[0]].columns.contains(where: {
        proposal[$0] == .null
      })
    {
      // Where NULLs are equal the row is about a stored one all the same.
      holder(of: oracle.keys(of: statement.clauses[0].target)[0], proposal)?.isChosen = true
      return reject(number, .notNullViolation)
    }
    // A row that a partial key leaves out cannot be told from others.
    if mode == .sync, let key = targetKey, oracle.value(of: oracle.keys[key], in: proposal) == nil {
      return refuse(number)
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
    let name = oracle.name(of: oracle.keys[key])
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
      let rules = rules(columns)
      for index in oracle.columns.indices where given[index] != nil {
        if let columns {
          guard columns.contains(where: { $0.name == oracle.columns[index].name }) else { continue }
        } else if keepsPrimary && primary.columns.contains(index) {
          continue
        }
        switch merged(index, rules[index], given, proposal, old) {
        case .failure(let problem): return reject(number, problem.code)
        case .success(let value):
          guard let fitting = oracle.stored(value, index) else {
            return reject(number, oracle.misfit(value, index))
          }
          new[index] = fitting
        }
      }
    case .update(let assignments, let condition):
      if let condition, oracle.truth(oracle.evaluate(condition, old, proposal)) != true {
        steps[number - 1] = UpsertOracle.Step("ignored", old: old, new: old, key: name)
        return
      }
      for assignment in assignments {
        let column = oracle.ordinal(assignment.column)
        let value =
          assignment.value.map { oracle.evaluate($0, old, proposal) } ?? oracle.columns[column].defaultValue
        guard let fitting = oracle.stored(value, column) else {
          return reject(number, oracle.misfit(value, column))
        }
        new[column] = fitting
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
    let key = oracle.keys.indices.first { key in
      let wanted = oracle.value(of: oracle.keys[key], in: proposal)
      return wanted != nil
        && met.contains { $0.now.flatMap { oracle.value(of: oracle.keys[key], in: $0) } == wanted }
    }
    var gone: [OracleRow] = []
    for old in met where !gone.contains(where: { $0 === old }) { gone.append(old) }
    let old = gone[0].now ?? []
    // The row of the same primary key, else the first one met, becomes the new one; others give way.
    for (index, other) in gone.enumerated() {
      if let now = other.now, index > 0 { displaced.append(now) }
      other.now = nil
      other.isGone = true
    }
    let new = OracleRow(before: nil)
    table.append(new)
    steps[number - 1] = UpsertOracle.Step(
      row == old ? "unchanged" : "replaced", old: old, new: row,
      key: key.map { oracle.name(of: oracle.keys[$0]) })
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
    let policy = statement.duplicates
    guard policy != .fold, let clause = statement.clauses.first else { return }
    let key = oracle.keys[oracle.keys(of: clause.target)[0]]
    var numbers: [[Value]: [Int]] = [:]
    for (index, row) in input.enumerated() {
      let proposal = proposed(row)
      // A row without the key of a sync is an error of its own.
      if mode == .sync, key.columns.contains(where: { proposal[$0] == .null }) { continue }
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
}
