import Harness

extension Workload {
  private static func bulk(
    _ row: Row, _ kind: WriteKind, isSetup: Bool = false, includesExclusive: Bool = false,
    _ rows: @escaping @Sendable (Population) -> [Person]
  ) -> Workload {
    Workload(rows: [row], isSetup: isSetup, includesExclusive: includesExclusive) { subject, setting in
      let list = rows(setting.people)
      let session = try subject.session()
      let time = try nanosecondsEach(list.count) { try session.write(People(list), kind) }
      subject.verify(try session.count())
      return [time]
    }
  }

  static let upsertUnchanged = bulk(
    Row("upsert where nothing changes, one transaction", aim: 8), .upsert
  ) { Array($0.shuffled.prefix($0.count / 2)) }

  static let insertOrIgnore = bulk(
    Row("insert-or-ignore, 90% there, one transaction", aim: 5, peerAim: 2), .insertOrIgnore
  ) { $0.mostlyThere }

  static let upsertHalfNew = bulk(
    Row("upsert by id, half new, one transaction", aim: 5, peerAim: 2), .upsert, includesExclusive: true
  ) { $0.halfNew }

  static let replace = bulk(
    Row("replace by id, half new, one transaction", aim: 5, peerAim: 2), .replace
  ) { people in
    var dice = Dice(state: 5)
    let quarter = people.count / 8
    let there = (0..<quarter).map { Person($0 * 16 + 2, edition: 2) }
    return (there + (0..<quarter).map { Person($0 * 16 + 5) }).shuffled(using: &dice)
  }

  static let upsertByEmail = bulk(
    Row("upsert by email, half new, one transaction", aim: 5, peerAim: 2), .upsertByEmail
  ) { people in
    var dice = Dice(state: 6)
    let quarter = people.count / 8
    let there = (0..<quarter).map { Person($0 * 16 + 4, edition: 3) }
    return (there + (0..<quarter).map { Person($0 * 16 + 7) }).shuffled(using: &dice)
  }

  static let upsertInThousands = Workload(
    rows: [Row("upsert by id, half new, transactions of 1,000, not synced", aim: 10, peerAim: 2)],
    includesExclusive: true
  ) { subject, setting in
    var dice = Dice(state: 7)
    let half = setting.people.count / 20
    let there = (0..<half).map { Person($0 * 40 + 6, edition: 4) }
    let list = (there + (0..<half).map { Person($0 * 40 + 13) }).shuffled(using: &dice)
    let session = try subject.session()
    let time = try nanosecondsEach(list.count) {
      for start in stride(from: 0, to: list.count, by: 1000) {
        try session.write(People(list[start..<min(start + 1000, list.count)]), .upsert)
      }
    }
    return [time]
  }
}
