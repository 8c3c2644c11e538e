import Harness

extension Workload {
  static let readerThreads = Workload(
    rows: [
      Row("2 reader threads, by id, transactions of 100: a read of either", aim: 4, peerAim: 2),
      Row("2 reader threads, how much more they read than one", .times, isBetterLarge: true, peerAim: 1),
    ]
  ) { subject, setting in
    let probes = setting.people.probes
    let sessions = try Carried((0..<2).map { _ in try subject.newSession() })
    @Sendable func read(_ number: Int) throws {
      for start in stride(from: 0, to: probes.count, by: 100) {
        _ = try sessions.value[number].read(probes[start..<min(start + 100, probes.count)], inOne: true)
      }
    }
    let alone = try nanosecondsEach(probes.count) { try Threads.run(1, read) }
    let both = try nanosecondsEach(2 * probes.count) { try Threads.run(2, read) }
    return [both, alone / both]
  }

  static let readsBesideWriter = Workload(
    rows: [Row("reads by id beside a busy writer: slower than alone", .times)]
  ) { subject, setting in
    try subject.reopen()
    let probes = setting.people.probes.prefix(200_000)
    let reader = try subject.newSession()
    func read() throws -> Double {
      try nanosecondsEach(probes.count) {
        for start in stride(from: 0, to: probes.count, by: 100) {
          _ = try reader.read(probes[start..<min(start + 100, probes.count)], inOne: true)
        }
      }
    }
    // The store was just opened: what the reads alone would pay for its first pages those beside the writer would not.
    _ = try read()
    let alone = try read()
    let writer = Carried(try subject.newSession())
    let changes = (0..<20).map { setting.people.changes(100, edition: 50 + $0, seed: UInt64($0)) }
    let turn = Carried(Turn())
    let beside = try Threads.beside {
      try writer.value.write(People(changes[turn.value.next(of: changes.count)]), .upsert)
    } _: {
      try read()
    }
    return [beside / alone]
  }
}

/// Which part of a list is next, round and round.
private final class Turn {
  private var number = 0
  func next(of count: Int) -> Int {
    number = (number + 1) % count
    return number
  }
}
