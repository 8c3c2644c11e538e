import Harness

/// One-row upserts, a transaction each: so many, or as many as go into some seconds where a sync takes long.
extension Workload {
  private static let longest = 3.0

  private static func commits(
    _ title: String, _ durability: Durability, divisor: Int, seed: UInt64, aim: Double, peerAim: Double?,
    bytesAim: Double?
  ) -> Workload {
    let rows = [
      Row("one-row commits, \(title)", aim: aim, peerAim: peerAim),
      Row("bytes written per such commit, \(title)", .bytes, aim: bytesAim),
    ]
    return Workload(rows: rows, includesExclusive: true) { subject, setting in
      try subject.reopen(durability)
      return try figures(
        [try subject.session()], setting, perThread: setting.commits / divisor, edition: 10 + Int(seed),
        seed: seed)
    }
  }

  static let commitsUnsynced = commits(
    "not synced", .none, divisor: 1, seed: 1, aim: 12, peerAim: 1.5, bytesAim: 40)
  static let commitsInterval = commits(
    "a sync every 5 ms", .interval, divisor: 1, seed: 2, aim: 12, peerAim: 1.5, bytesAim: 40)
  static let commitsFull = commits(
    "synced, one thread", .full, divisor: 20, seed: 3, aim: 1.1, peerAim: 1, bytesAim: 15)

  static func commitsOfThreads(_ threads: Int) -> Workload {
    let rows = [
      Row("one-row commits, synced, \(threads) threads", aim: 10, peerAim: 1.3),
      Row("bytes written per such commit, \(threads) threads", .bytes, aim: 40),
    ]
    return Workload(rows: rows) { subject, setting in
      try subject.reopen(.full)
      return try figures(
        try (0..<threads).map { _ in try subject.newSession() }, setting,
        perThread: setting.commits / (threads > 16 ? 160 : 80), edition: 30 + threads, seed: 100)
    }
  }

  /// Time and bytes of a commit, each session being used by a thread.
  private static func figures(
    _ sessions: [any Session], _ setting: Setting, perThread: Int, edition: Int, seed: UInt64
  ) throws -> [Double] {
    let changes = sessions.indices.map {
      setting.people.changes(max(perThread, 4), edition: edition, seed: seed + UInt64($0))
    }
    // The store was just opened: what it reads for the first time is in the rows about cold reads, and what the first
    // commit does for all that follow in the row about opening.
    _ = try sessions[0].scan()
    try sessions[0].write(People(setting.people.changes(1, edition: edition, seed: seed + 1000)), .upsert)
    let done = Counter()
    let carried = Carried(sessions)
    let written = ProcessFigures.bytesWritten
    let start = wallClock()
    try Threads.run(sessions.count) { number in
      let own = changes[number]
      for i in own.indices where wallClock() - start < longest {
        try carried.value[number].write(People(own[i...i]), .upsert)
        done.add(1)
      }
    }
    let count = Double(max(done.value, 1))
    let time = (wallClock() - start) * 1e9 / count
    guard let written, let after = ProcessFigures.bytesWritten else { return [time] }
    return [time, (after - written) / count]
  }

  static let commitsOfTasks = Workload(
    rows: [Row("one-row commits, synced, 1,000 tasks at once")]
  ) { subject, setting in
    try subject.reopen(.full)
    let batches = max(setting.commits / 2000, 1)
    let changes = (0..<batches).map {
      setting.people.changes(1000, edition: 200 + $0, seed: 200 + UInt64($0))
    }
    return [
      try nanosecondsEach(batches * 1000) {
        for batch in changes { try subject.contender.commitFromTasks(batch) }
      }
    ]
  }
}
