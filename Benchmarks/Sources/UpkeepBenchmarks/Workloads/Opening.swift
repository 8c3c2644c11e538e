import Harness

extension Workload {
  static let opening = Workload(
    rows: [Row("open a cleanly closed store, first commit (synced), close", aim: 1)]
  ) { subject, setting in
    let people = setting.people.changes(7, edition: 60, seed: 60)
    let times = try people.indices.map { i in
      try subject.close()
      return try nanosecondsEach(1) {
        try subject.open(.full)
        try subject.session().write(People(people[i...i]), .upsert)
        try subject.close()
      }
    }
    try subject.open()
    return [times.sorted()[times.count / 2]]
  }

  static let recovery = Workload(
    rows: [Row("open after a crash, a row in the log", aim: 2)], needsLog: true
  ) { subject, setting in
    try subject.reopen()
    try subject.contender.keepLog()
    let count = min(setting.people.count / 10, 20_000)
    let changes = setting.people.changes(count, edition: 70, seed: 70)
    let session = try subject.session()
    for start in stride(from: 0, to: count, by: 100) {
      try session.write(People(changes[start..<min(start + 100, count)]), .upsert)
    }
    // The files as they lie are what a crash of the process leaves.
    let copy = subject.folder + "-crashed"
    defer { FolderFiles.remove(copy) }
    try FolderFiles.copy(subject.folder, to: copy)
    try subject.close()
    var total = 0
    let time = try nanosecondsEach(count) {
      try subject.open(in: copy)
      total = try subject.session().read(changes.prefix(100).map(\.id)[...], inOne: true)
    }
    subject.verify(total)
    try subject.close()
    try subject.open()
    return [time]
  }
}
