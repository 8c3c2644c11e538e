import Harness

extension Workload {
  static let loadInOrder = Workload(
    rows: [
      Row("load, ids in order, one transaction, not synced", aim: 4, peerAim: 1.5),
      Row("file size after the load in order", .bytes, aim: 1.5, peerAim: 2),
      Row("bytes written per user byte, that load and its checkpoint", .times, aim: 2),
    ], isSetup: true, includesExclusive: true
  ) { subject, setting in
    let people = setting.people
    let written = ProcessFigures.bytesWritten
    let time = try nanosecondsEach(people.count) {
      try subject.session().write(People(people.loaded), .append)
    }
    try subject.close()
    let after = ProcessFigures.bytesWritten
    let size = FolderFiles.bytesOnDisk(in: subject.folder)
    try subject.open()
    guard let written, let after else { return [time, size] }
    return [time, size, (after - written) / people.userBytes]
  }

  static let loadAtRandom = Workload(
    rows: [
      Row("load, ids at random, one transaction, not synced", aim: 4, peerAim: 2),
      Row("file size after the load at random", .bytes, aim: 1.5, peerAim: 2),
    ], isSetup: true
  ) { subject, setting in
    let people = setting.people
    let time = try nanosecondsEach(people.count) {
      try subject.session().write(People(people.shuffled), .insert)
    }
    try subject.close()
    let size = FolderFiles.bytesOnDisk(in: subject.folder)
    try subject.open()
    return [time, size]
  }
}
