import Harness

extension Workload {
  static let deleteHalf = Workload(
    rows: [
      Row("delete half of the rows at random, one transaction", aim: 5, peerAim: 2),
      Row("file size after deleting half", .bytes, aim: 3, peerAim: 4),
    ]
  ) { subject, setting in
    try subject.reopen()
    let ids = setting.people.shuffled.prefix(setting.people.count / 2).map(\.id)
    let session = try subject.session()
    let time = try nanosecondsEach(ids.count) { try session.delete(ids) }
    subject.verify(try session.count())
    try subject.close()
    let size = FolderFiles.bytesOnDisk(in: subject.folder)
    try subject.open()
    return [time, size]
  }

  static let deleteRange = Workload(
    rows: [Row("delete a range of a quarter of the ids", aim: 3)]
  ) { subject, setting in
    let count = setting.people.count
    let session = try subject.session()
    let time = try nanosecondsEach(1) { try session.delete(count..<count * 3 / 2) }
    subject.verify(try session.count())
    return [time]
  }

  static let sizeAfterChurn = Workload(
    rows: [Row("file size after churn (all writes above)", .bytes, aim: 1.5, peerAim: 2)]
  ) { subject, _ in
    try subject.close()
    let size = FolderFiles.bytesOnDisk(in: subject.folder)
    try subject.open()
    return [size]
  }
}
