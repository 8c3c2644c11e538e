import Harness

extension Workload {
  private static func scan(_ title: String, _ aim: Double, _ peerAim: Double) -> Workload {
    Workload(rows: [Row(title, aim: aim, peerAim: peerAim)]) { subject, setting in
      let session = try subject.session()
      var total = 0
      let times = try (0..<3).map { _ in
        try nanosecondsEach(setting.people.count) { total = try session.scan() }
      }
      subject.verify(total)
      return [times.sorted()[1]]
    }
  }

  static let scan = scan("full scan after the load in order, a row", 6, 1.2)
  static let recordScan = scan("full scan into records, a row", 10, 1)
  static let scanAfterRandomLoad = scan("full scan after the load at random, a row", 6, 2)

  static let ranges = Workload(rows: [Row("range of 100 rows", aim: 5, peerAim: 2)]) { subject, setting in
    let starts = setting.people.probes.prefix(10_000)
    let session = try subject.session()
    var total = 0
    let time = try nanosecondsEach(starts.count) { total = try session.ranges(from: starts) }
    subject.verify(total)
    return [time]
  }
}
