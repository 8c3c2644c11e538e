import Testing

/// Random histories against a simple model, with snapshots, savepoints, reopening and crashes among their steps.
@Suite("Random histories end where the model does", .tries(atLeast: 200_000, .steps))
struct HistoryTests {
  static let steps = 5000

  /// A replay names its history: `history/7`.
  static let seeds: [UInt64] = {
    if let replay = Settings.replay, replay.hasPrefix("history/"), let seed = UInt64(replay.dropFirst(8)) {
      return [seed]
    }
    return (0..<44).map { Settings.seed &* 1000 &+ $0 }
  }()

  /// One of four has threads.
  @Test(arguments: seeds)
  func history(_ seed: UInt64) {
    let steps = max(200, Int(Double(Self.steps) * min(1, Settings.scale)))
    do {
      let history = try History(seed: seed, hasThreads: seed % 4 >= 3)
      try history.run(steps: steps)
      Tally.steps.add(steps)
      print(
        "history \(seed): \(steps) steps, \(history.crashCount) crashes, "
          + "\(history.comparedSnapshotCount) snapshots")
      // A short history may have none.
      if steps == Self.steps {
        #expect(history.crashCount > steps / 1000 && history.comparedSnapshotCount > steps / 100)
      }
    } catch {
      Issue.record("\(error)\n  replay with UPKEEP_REPLAY='history/\(seed)'")
    }
  }
}
