import Harness

extension Workload {
  static let indexCreation = Workload(
    rows: [Row("create a unique index on the loaded table, a row", aim: 3)]
  ) { subject, setting in
    let session = try subject.session()
    let time = try nanosecondsEach(setting.people.count) { try session.createIndex() }
    try session.dropIndex()
    return [time]
  }

  static let dropTable = Workload(rows: [Row("drop the table", aim: 3)]) { subject, _ in
    let session = try subject.session()
    return [try nanosecondsEach(1) { try session.dropTable() }]
  }
}
