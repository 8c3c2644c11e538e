import UpkeepStorage

// The programs that every harness runs.

extension Workload {
  static let all: [Workload] = [
    puts, transactions, deletes, checkpoints, segments, longValues, trees, savepoints, unsynced, reopening,
    largeTransaction, groups, bulk, busyCheckpoints, busyUnsynced, rewriting,
    busyRewriting, busySegments, smallCache,
    compaction, filling, backups, droppedTrees, pieces,
    firstCommits, firstCommitsUnsynced, goingOn, goingOnUnsynced,
  ]

  /// The first commit after each opening takes no log; the second makes one.
  static let firstCommits = Workload(
    "first commits", options: options(firstCommitHasLog: false), stepsOfFirstCommits)
  static let firstCommitsUnsynced = Workload(
    "first commits, unsynced", options: options(.none, firstCommitHasLog: false), stepsOfFirstCommits)

  /// Opening after a crash goes on with the log.
  static let goingOn = Workload(
    "going on", options: options(goesOnWithLog: true), stepsOfGoingOn)
  static let goingOnUnsynced = Workload(
    "going on, unsynced", options: options(.none, goesOnWithLog: true), stepsOfGoingOn)

  private static let stepsOfGoingOn: [Step] =
    (0..<6).map { .commit([put($0, $0, 3000)]) } + [.checkpoint]
    + (0..<8).map { .commit([put($0, $0 + 10, 2600), .delete(tree: 0, key: key(($0 + 3) % 6))]) }
    + [.group([[put(7, 7)], [put(8, 8)]])]

  private static let stepsOfFirstCommits: [Step] = [
    .commit([put(1, 1), put(2, 2, 900)]), .reopen,
    .commit([put(1, 3), .delete(tree: 0, key: key(2))]), .commit([put(3, 4, 3000)]), .checkpoint, .reopen,
    .compact, .commit((0..<20).map { put($0, $0 + 50, 200) }), .checkpoint, .reopen,
    .group([[put(4, 5)], [put(5, 6)]]), .reopen,
    .commit((0..<20).map { .delete(tree: 0, key: key($0)) }), .reopen,
    .commit([put(6, 7)]),
  ]

  static let puts = Workload("puts", options: options(), (0..<10).map { .commit([put($0 % 7, $0)]) })

  static let transactions = Workload(
    "transactions", options: options(),
    (0..<7).map { i in .commit((0..<9).map { put((i * 5 + $0 * 3) % 40, i * 100 + $0) }) })

  static let deletes = Workload(
    "deletes", options: options(),
    [
      .commit((0..<40).map { put($0, $0) }),
      .commit([.delete(tree: 0, key: key(3)), put(4, 104), .delete(tree: 0, key: key(39))]),
      .commit([.deleteRange(tree: 0, from: key(10), to: key(30))]),
      .checkpoint,
      .commit([put(12, 112), .deleteRange(tree: 0, from: key(0), to: key(8)), put(2, 102)]),
      .commit([.deleteRange(tree: 0, from: key(0), to: key(99))]),
      .commit([put(1, 201)]),
    ])

  static let checkpoints = Workload(
    "checkpoints", options: options(pageSize: 512),
    (0..<5).flatMap { i -> [Step] in
      [
        .commit((0..<6).map { put((i * 7 + $0 * 11) % 50, i * 100 + $0) }),
        .commit([put(i, i + 900), .delete(tree: 0, key: key((i * 7) % 50))]),
        .checkpoint,
      ]
    } + [.commit([put(1, 999)])])

  static let segments = Workload(
    "segments", options: options(),
    (0..<26).flatMap { i -> [Step] in
      let commit = Step.commit([put(i % 9, i, 2400)])
      return i % 8 == 7 ? [commit, .checkpoint] : [commit]
    })

  static let longValues = Workload(
    "long values", options: options(),
    [
      .commit([put(1, 1, 5000), put(2, 2, 300)]),
      .commit([put(1, 3, 9000)]),
      .checkpoint,
      .commit([put(1, 4, 100), put(3, 5, 3000)]),
      .commit([.delete(tree: 0, key: key(3)), put(4, 6, 40_000)]),
      .checkpoint,
      .commit([.deleteRange(tree: 0, from: key(0), to: key(9))]),
      .commit([put(5, 7, 2000)]),
    ])

  static let trees = Workload(
    "trees", options: options(),
    [
      .commit([.createTree(1), put(1, 1, tree: 1)]),
      .commit([.createTree(2)] + (0..<20).map { put($0, $0, tree: 2) }),
      .commit([put(3, 33, tree: 1), put(3, 34, 2000, tree: 2)]),
      .checkpoint,
      .commit([.dropTree(2), put(4, 44, tree: 1)]),
      .commit([.createTree(3), put(5, 55, tree: 3), put(0, 10)]),
      .commit([.dropTree(1), .dropTree(3)]),
      .commit([.createTree(4), put(6, 66, tree: 4)]),
    ])

  static let savepoints = Workload(
    "savepoints", options: options(),
    [
      .commit([put(1, 1), .rolledBack([put(2, 2), .delete(tree: 0, key: key(1))]), put(3, 3)]),
      .commit((0..<20).map { put($0, $0 + 50) }),
      .commit([
        put(5, 500), .rolledBack([.deleteRange(tree: 0, from: key(0), to: key(19)), put(5, 501)]),
        .delete(tree: 0, key: key(6)),
        .rolledBack([.createTree(1), put(1, 1, 3000, tree: 1), .rolledBack([put(7, 700)]), put(8, 800)]),
      ]),
      .commit([.scratch(30), put(11, 1100), .rolledBack([.scratch(3)])]),
      .checkpoint,
      .commit([.rolledBack([put(9, 900)]), put(10, 1000)]),
    ])

  static let unsynced = Workload(
    "unsynced", options: options(pageSize: 1024, .none),
    (0..<4).flatMap { i -> [Step] in
      let commits = (0..<4).map { j in Step.commit([put(i * 4 + j, i * 4 + j, 400), put(j, i, 100)]) }
      return commits + [i == 2 ? .reopen : .checkpoint]
    } + [.commit([put(1, 77)])])

  static let reopening = Workload(
    "reopening", options: options(),
    [
      .reopen, .commit([put(1, 1)]), .reopen, .commit([put(2, 2)]), .commit([put(3, 3, 3000)]), .reopen,
      .reopen, .commit([.deleteRange(tree: 0, from: key(1), to: key(3))]), .checkpoint, .reopen,
      .commit([put(4, 4)]),
    ])

  static let largeTransaction = Workload(
    "large transaction", options: options(),
    [
      .commit([put(1, 1)]),
      .commit((0..<30).map { put($0, $0 + 300, 1500) }),
      .commit([put(2, 2)]),
      .checkpoint,
      .commit((0..<30).map { put($0, $0 + 600, 1200) }),
    ])

  static let groups = Workload(
    "groups", options: options(checkpointLogSize: 6000),
    [
      .commit([put(0, 0)]),
      .group([[put(1, 1)], [put(2, 2), put(1, 11)], [put(3, 3, 900)]]),
      .group([[.delete(tree: 0, key: key(1))], [put(1, 12)]]),
      .checkpoint,
      .group((0..<6).map { [put($0, $0 + 40, 300)] }),
      // The last of these commits by checkpoint, on top of others that wait for their sync.
      .group([[put(7, 70)], [put(8, 80)], (0..<20).map { put($0, $0 + 90, 700) }]),
      .group([[put(1, 13)], [put(2, 14)]]),
    ])

  static let bulk = Workload(
    "bulk", options: options(checkpointLogSize: 3000),
    [
      .commit([put(1, 1)]),
      .commit((0..<24).map { put($0, $0 + 300, 400) }),
      .commit([put(2, 2)]),
      .commit(
        (0..<24).map { put($0 + 6, $0 + 600, 300) } + [.deleteRange(tree: 0, from: key(2), to: key(5))]),
      .reopen,
      .commit((0..<24).map { put($0, $0 + 900, 350) }),
      .commit([put(3, 3)]),
    ])

  /// Commits within checkpoints, before each of their calls.
  private static func busy(_ round: Int) -> [Step] {
    [
      .commit((0..<8).map { put((round * 5 + $0 * 3) % 40, round * 100 + $0, 90) }),
      .checkpointDuring(call: round % 7, [put(round, round + 700, 200), put(round + 20, round, 80)]),
      .commit([put(39, round)]),
    ]
  }

  static let busyCheckpoints = Workload(
    "busy checkpoints", options: options(pageSize: 512),
    (0..<7).flatMap { busy($0) } + [.checkpoint, .commit([put(1, 1)])])

  static let busyUnsynced = Workload(
    "busy unsynced", options: options(pageSize: 512, .none),
    (0..<5).flatMap { busy($0) } + [.checkpoint, .commit([put(1, 1)])])

  /// Every page is rewritten by each commit, so that more than a quarter of the file is free and used again.
  static let rewriting = Workload(
    "rewriting", options: options(pageSize: 512),
    (0..<5).flatMap { round -> [Step] in
      [.commit((0..<60).map { put($0, round * 100 + $0, 120) }), .checkpoint]
    } + [.commit([put(1, 1)])])

  /// The same with as much committed within each checkpoint, so that recovery writes pages too.
  static let busyRewriting = Workload(
    "busy rewriting", options: options(pageSize: 512),
    (0..<4).flatMap { round -> [Step] in
      [
        .commit((0..<60).map { put($0, round * 100 + $0, 120) }),
        .checkpointDuring(call: 0, (0..<60).map { put($0, round * 100 + $0 + 1000, 120) }),
      ]
    } + [.commit([put(1, 1)])])

  /// Commits within checkpoints that need more log than there is.
  static let busySegments = Workload(
    "busy segments", options: options(),
    (0..<4).flatMap { round -> [Step] in
      [
        .commit((0..<3).map { put($0, round * 10 + $0, 7000) }),
        .checkpointDuring(call: round, (3..<17).map { put($0, round * 20 + $0, 9000) }),
      ]
    } + [.commit([put(1, 1)])])

  /// Transactions larger than the memory: pages are written early, read again, and given up again.
  static let smallCache: Workload = {
    var options = Workload.options(pageSize: 512)
    options.cacheSize = 0
    return Workload(
      "small cache", options: options,
      [
        .commit((0..<99).map { put($0, $0, 150) }),
        .commit(
          (0..<99).map { put(($0 * 37) % 99, $0 + 100, 140) } + [
            .deleteRange(tree: 0, from: key(5), to: key(25))
          ]),
        .checkpoint,
        .commit([
          put(7, 7), .rolledBack((0..<99).map { put(($0 * 61) % 99, $0 + 200, 160) }), put(8, 8, 9000),
          .rolledBack([.deleteRange(tree: 0, from: key(0), to: key(99))]),
        ]),
        .commit([.scratch(99), put(9, 9, 100)]),
        .checkpoint,
        .commit((0..<99).map { put(($0 * 13) % 99, $0 + 300, 150) }),
        .commit([.deleteRange(tree: 0, from: key(0), to: key(50))]),
      ])
  }()

  /// Trees that are dropped and emptied, whose pages are given up two at a time.
  static let droppedTrees: Workload = {
    var options = Workload.options(pageSize: 512)
    options.cacheSize = 0
    options.fewestRowsDroppedLater = 8
    options.pagesReclaimedAtOnce = 2
    return Workload(
      "dropped trees", options: options,
      [
        .commit([.createTree(1)] + (0..<40).map { put($0, $0, 100, tree: 1) }),
        .commit([.createTree(2)] + (0..<12).map { put($0, $0, 900, tree: 2) }),
        .checkpoint,
        .commit([.dropTree(1), put(1, 1)]),
        .commit([.emptyTree(2), put(5, 5, 50, tree: 2)]),
        .commit([put(2, 2), .rolledBack([.dropTree(2), put(3, 3)])]),
        .checkpoint,
        .commit([put(3, 3)]),
        .reopen,
        .commit((0..<30).map { put($0, $0 + 100, 60, tree: 2) }),
        .commit([.dropTree(2), put(4, 4)]),
        .commit([put(6, 6)]),
        .commit([.createTree(3), put(7, 7, 30, tree: 3)]),
      ])
  }()

  /// Long values in pieces, in a small cache and beyond what the log of a transaction may be.
  static let pieces: Workload = {
    var options = Workload.options(pageSize: 512, checkpointLogSize: 20_000)
    options.cacheSize = 0
    return Workload(
      "pieces", options: options,
      [
        .commit([stream(1, 1, 5000, piece: 700), put(2, 2)]),
        .commit([stream(1, 3, 60_000, piece: 4096), stream(3, 4, 100, piece: 9)]),
        .checkpoint,
        .commit([.rolledBack([stream(4, 5, 9000, piece: 1000)]), stream(1, 6, 3000, piece: 3000)]),
        .commit([.delete(tree: 0, key: key(3)), stream(2, 7, 2000, piece: 333)]),
        .reopen,
        .commit([.deleteRange(tree: 0, from: key(0), to: key(3)), put(5, 5)]),
      ])
  }()

  static let compaction = Workload(
    "compaction", options: options(),
    [
      .commit((0..<40).map { put($0, $0, 2000) }),
      .checkpoint,
      .commit([.deleteRange(tree: 0, from: key(0), to: key(30))]),
      .checkpoint,
      // A step: the pages that are left go to where the others were.
      .commit([put(50, 50)]), .checkpoint,
      .commit((0..<12).map { put($0 * 3, $0 + 70, 900) }),
      .compact,
      .commit([put(2, 200), .deleteRange(tree: 0, from: key(3), to: key(20))]),
      .compact, .compact,
      .commit([.deleteRange(tree: 0, from: key(20), to: key(45)), put(60, 60, 3000)]),
      .reopen,
      // No commit and no log yet.
      .compact,
      .commit([put(61, 61)]),
    ])

  /// Trees built from entries in order: through the log, by checkpoint, and taken back.
  static let filling = Workload(
    "filling", options: options(pageSize: 512, checkpointLogSize: 9000),
    [
      .commit([.fillTree(1, count: 30, seed: 1), put(1, 1)]),
      .commit([.fillTree(2, count: 90, seed: 2)]),
      .commit([.rolledBack([.fillTree(3, count: 40, seed: 3)]), put(2, 2)]),
      .commit([put(3, 3, 900, tree: 1), .deleteRange(tree: 2, from: key(10), to: key(70))]),
      .checkpoint,
      .commit([.dropTree(2), .fillTree(3, count: 50, seed: 4), .delete(tree: 3, key: key(7))]),
      .commit([put(4, 4, tree: 3)]),
    ])

  static let backups = Workload(
    "backups", options: options(pageSize: 512),
    [
      .backup,
      .commit((0..<30).map { put($0, $0, 90) } + [put(31, 1, 4000)]),
      .backup,
      .commit([.createTree(1), put(1, 2, tree: 1), .deleteRange(tree: 0, from: key(3), to: key(20))]),
      .checkpoint,
      .commit([put(2, 3)]),
      .backup,
      .commit([put(5, 5)]),
    ])
}
