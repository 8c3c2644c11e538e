import Harness

extension Workload {
  /// The middle one of several times, in nanoseconds.
  private static func middle(_ times: Int, _ body: () throws -> Void) throws -> Double {
    try (0..<times).map { _ in try nanosecondsEach(1, body) }.sorted()[times / 2]
  }

  static let counts = Workload(
    rows: [
      Row("count(*)", aim: 500), Row("count of a range of half the ids", aim: 500, peerAim: 1000),
    ]
  ) { subject, setting in
    let session = try subject.session()
    let count = setting.people.count
    var total = 0
    let all = try middle(5) { total = try session.count() }
    subject.verify(total)
    let half = try middle(5) { total = try session.count(count / 2..<count * 3 / 2) }
    subject.verify(total)
    return [all, half]
  }

  static let nthRow = Workload(
    rows: [Row("the row in the middle, by its number (OFFSET)", aim: 500, peerAim: 1000)]
  ) { subject, setting in
    let session = try subject.session()
    var total = 0
    let time = try middle(5) { total = try session.row(at: setting.people.count / 2) }
    subject.verify(total)
    return [time]
  }
}
