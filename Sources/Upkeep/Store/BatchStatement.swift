/// How far a statement over many rows has come.
public struct UpsertProgress: Sendable, Hashable {
  /// How many rows have been read from where they come from. A call of the store reads all of them before the writer's
  /// turn is taken: this is then how many there are.
  public let rowsRead: Int
  /// How many rows so far the statement has taken.
  public let rowsGiven: Int
  /// How many of these it has set aside so far.
  public let rejected: Int
}

/// What becomes of the rows of a statement over many.
@usableFromInline
enum BatchStatement: Sendable {
  /// The first clause whose target meets a row says it.
  case upsert([ConflictClause])
  /// The table becomes equal to the rows.
  case sync(by: ConflictTarget, allowsEmpty: Bool, displaces: Bool)

  /// An upsert with one answer, or with several clauses in its place.
  @usableFromInline
  static func upsert(
    _ target: ConflictTarget, _ action: ConflictAction, _ ambiguity: AmbiguityPolicy,
    or clauses: [ConflictClause]?
  ) throws(UpkeepError) -> BatchStatement {
    guard let clauses else { return .upsert([ConflictClause(target, action, ambiguity: ambiguity)]) }
    guard target == .primaryKey, action == .merge, ambiguity == .fail else {
      throw UpkeepError(
        .misuse,
        "clauses: stands in place of on:, the action and ambiguity:, and has them in each clause; leave these away"
      )
    }
    return .upsert(clauses)
  }

  func plan(_ schema: TableSchema, _ options: BatchOptions) throws(UpkeepError) -> UpsertPlan {
    switch self {
    case .upsert(let clauses):
      try UpsertPlan(schema, clauses: clauses, duplicates: options.duplicates, rejects: options.rejects)
    case .sync(let key, let allowsEmpty, let displaces):
      try UpsertPlan(
        syncing: schema, by: key, allowsEmpty: allowsEmpty, duplicates: options.duplicates,
        rejects: options.rejects, displaces: displaces)
    }
  }
}

/// What else may be said of a statement over many rows.
@usableFromInline
struct BatchOptions: Sendable {
  let duplicates: DuplicatePolicy
  let rejects: RejectPolicy
  let collectsOutcomes: Bool
  let dryRun: Bool

  @usableFromInline
  init(
    duplicates: DuplicatePolicy = .fold, rejects: RejectPolicy = .fail, collectsOutcomes: Bool, dryRun: Bool
  ) {
    self.duplicates = duplicates
    self.rejects = rejects
    self.collectsOutcomes = collectsOutcomes
    self.dryRun = dryRun
  }
}

/// Counts the rows of a statement, tells of them now and then, and takes everything back if it is a dry run.
///
/// Its life: `count` for each row, then `end`; `takeBack` alone where the statement fails.
final class BatchFrame {
  /// After so many rows progress is told: seldom enough to cost nothing, often enough for an eye.
  static let step = 1024

  private let scope: TransactionScope
  private let progress: ((UpsertProgress) -> Void)?
  /// How many rows there are, where that is known.
  private let rowsRead: Int?
  /// What a dry run returns to.
  private var beforeDryRun: ScopeSavepoint?
  /// How many rows there were so far.
  @exclusivity(unchecked) private(set) var number = 0

  init(
    _ scope: TransactionScope, dryRun: Bool, rowsRead: Int? = nil, _ progress: ((UpsertProgress) -> Void)?
  ) throws(UpkeepError) {
    self.scope = scope
    self.progress = progress
    self.rowsRead = rowsRead
    if dryRun { beforeDryRun = try scope.savepoint() }
  }

  deinit { try? takeBack() }

  /// The number of the next row.
  @inline(__always)
  func next() -> Int {
    number &+= 1
    return number
  }

  /// Tells of progress if it is time to.
  @inline(__always)
  func tell(rejected: @autoclosure () -> Int) {
    if let progress, number & (Self.step - 1) == 0 { tell(progress, rejected()) }
  }

  private func tell(_ progress: (UpsertProgress) -> Void, _ rejected: Int) {
    progress(UpsertProgress(rowsRead: rowsRead ?? number, rowsGiven: number, rejected: rejected))
  }

  /// The statement is whole.
  func end(rejected: Int) throws(UpkeepError) {
    try takeBack()
    if let progress { tell(progress, rejected) }
  }

  /// Takes back what a dry run did.
  func takeBack() throws(UpkeepError) {
    guard let savepoint = beforeDryRun else { return }
    beforeDryRun = nil
    try scope.rollback(to: savepoint)
    scope.release(savepoint)
  }
}
