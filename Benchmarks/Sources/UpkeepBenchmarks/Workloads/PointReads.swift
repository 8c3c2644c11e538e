import Harness

extension Workload {
  static let pointReads = Workload(
    rows: [
      Row("read by id, in one transaction", aim: 4, peerAim: 2),
      Row("read by id, a transaction each", aim: 10, peerAim: 2),
    ], includesExclusive: true
  ) { subject, setting in
    let probes = setting.people.probes[...]
    let session = try subject.session()
    // Once without a clock, for every engine: the files were just opened, and what is asked here is how long a
    // read takes whose pages are in the cache. Those whose pages are not have a row of their own.
    var total = try session.read(probes, inOne: true)
    let together = try nanosecondsEach(probes.count) { total = try session.read(probes, inOne: true) }
    subject.verify(total)
    let each = try nanosecondsEach(probes.count) { total = try session.read(probes, inOne: false) }
    subject.verify(total)
    return [together, each]
  }

  static let emailReads = Workload(
    rows: [Row("read by unique email, in one transaction", aim: 3, peerAim: 1.5)]
  ) { subject, setting in
    let emails = setting.people.emails[...]
    let session = try subject.session()
    var total = try session.read(emails: emails)
    let time = try nanosecondsEach(emails.count) { total = try session.read(emails: emails) }
    subject.verify(total)
    return [time]
  }

  static let coldReads = Workload(
    rows: [Row("read by id, files not in memory, cache a tenth of them", aim: 1.3, peerAim: 1)]
  ) { subject, setting in
    let probes = setting.people.probes.suffix(10_000)
    try subject.close()
    let size = FolderFiles.bytesOnDisk(in: subject.folder)
    guard FolderFiles.evict(subject.folder) else {
      try subject.open()
      throw Unsupported("this system has no call that makes it forget what it holds of a file")
    }
    try subject.open(cacheBytes: Int(size / 10))
    let session = try subject.session()
    var total = 0
    let time = try nanosecondsEach(probes.count) { total = try session.read(probes, inOne: true) }
    subject.verify(total)
    try subject.reopen()
    return [time]
  }
}
