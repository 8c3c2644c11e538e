import Harness

/// What is measured of every contender: one or several rows of the report. Each works on what those before it left.
struct Workload: Sendable {
  /// The rows whose figures `measure` gives, in order.
  let rows: [Row]
  /// Whether those after it need what it leaves, so that it runs even if nobody asked for its rows.
  var isSetup = false
  /// Whether SQLite's exclusive form takes part.
  var includesExclusive = false
  /// Whether it is about a log.
  var needsLog = false
  /// Brings the store into the state that is asked for, and measures.
  let measure: @Sendable (Subject, Setting) throws -> [Double]
}

/// What all workloads of a run are given.
struct Setting: Sendable {
  let people: Population
  /// How many one-row commits a row of the report is about.
  let commits: Int
}

/// Workloads on one store, from empty to gone.
struct Stage: Sendable {
  let name: String
  let workloads: [Workload]

  static let records = [
    Stage(
      name: "records",
      workloads: [
        .loadInOrder, .pointReads, .emailReads, .recordScan, .upsertUnchanged, .insertOrIgnore,
        .upsertHalfNew,
        .upsertInThousands, .upsertByEmail, .replace, .commitsUnsynced, .commitsInterval,
      ])
  ]

  static let all = [
    Stage(name: "random", workloads: [.loadAtRandom, .scanAfterRandomLoad]),
    Stage(
      name: "main",
      workloads: [
        .loadInOrder, .pointReads, .emailReads, .readerThreads, .scan, .ranges, .counts, .nthRow, .coldReads,
        .indexCreation, .upsertUnchanged, .insertOrIgnore, .upsertHalfNew, .upsertInThousands, .upsertByEmail,
        .replace, .commitsUnsynced, .commitsInterval, .commitsFull, .commitsOfThreads(16),
        .commitsOfThreads(64), .commitsOfTasks, .readsBesideWriter, .sizeAfterChurn, .opening, .recovery,
        .deleteHalf, .deleteRange, .dropTable,
      ]),
  ]
}
