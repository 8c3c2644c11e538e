import UpkeepStorage

/// An open file of a `SimulatedFileSystem`.
final class SimulatedFile: File, @unchecked Sendable {
  let path: String
  /// Guarded by the disk's lock, as all that is mutable here.
  private let inode: SimulatedInode
  private let fileSystem: SimulatedFileSystem
  private let handle: UInt64
  private let isWritable: Bool

  init(
    _ path: String, _ inode: SimulatedInode, _ fileSystem: SimulatedFileSystem, handle: UInt64,
    isWritable: Bool
  ) {
    self.path = path
    self.inode = inode
    self.fileSystem = fileSystem
    self.handle = handle
    self.isWritable = isWritable
  }

  deinit {
    fileSystem.disk.lock.withLock { releaseLock() }
  }

  func identity() throws(FileError) -> FileIdentity {
    try fileSystem.call(.size, path, isChange: false) { _ in self.inode.identity }
  }

  func size() throws(FileError) -> UInt64 {
    try fileSystem.call(.size, path, isChange: false) { _ in self.inode.live.size }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    try fileSystem.call(.read, path, at: offset, count: buffer.count, isChange: false) { _ in
      self.inode.live.read(into: buffer, at: offset)
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
    try checkWritable(.write)
    try fileSystem.call(
      .write, path, at: offset, count: bytes.count, isChange: true,
      inPart: { disk in
        // Any number of bytes may have gone through.
        let count = disk.chance.below(bytes.count)
        self.inode.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: offset)
      }
    ) { disk throws(FileError) in
      let end = offset + UInt64(bytes.count)
      if disk.hasRoom(for: self.inode.live.missingChunkCount(in: offset..<end)) {
        self.inode.write(bytes, at: offset)
        return
      }
      var count = 0
      while count < bytes.count {
        let next = min(bytes.count, count + 4096 - Int((offset + UInt64(count)) % 4096))
        guard disk.hasRoom(for: self.inode.live.missingChunkCount(in: offset..<offset + UInt64(next))) else {
          break
        }
        count = next
      }
      self.inode.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: offset)
      throw FileError(.write, path: self.path, code: SystemErrorCode.full, offset: offset)
    }
  }

  func allocate(_ range: Range<UInt64>) throws(FileError) {
    try checkWritable(.allocate)
    try fileSystem.call(
      .allocate, path, at: range.lowerBound, count: range.count, isChange: true
    ) { disk throws(FileError) in
      guard disk.hasRoom(for: self.inode.live.missingChunkCount(in: range)) else {
        throw FileError(.allocate, path: self.path, code: SystemErrorCode.full, offset: range.lowerBound)
      }
      self.inode.resize { $0.allocate(range) }
    }
  }

  func truncate(to size: UInt64) throws(FileError) {
    try checkWritable(.truncate)
    try fileSystem.call(.truncate, path, at: size, isChange: true) { _ in
      self.inode.resize { $0.truncate(to: size) }
    }
  }

  func sync(_ kind: FileSync) throws(FileError) {
    try fileSystem.call(
      .sync, path, isChange: true,
      failingSync: { disk, drops in self.inode.failSync(dropsPages: drops, &disk.chance) }
    ) { _ in self.inode.sync(kind) }
  }

  func tryLock() throws(FileError) -> Bool {
    try fileSystem.call(.lock, path, isChange: false) { _ in
      if let holder = self.inode.lockHolder { return holder.handle == self.handle }
      self.inode.lockHolder = (self.handle, self.fileSystem.process)
      return true
    }
  }

  func unlock() throws(FileError) {
    try fileSystem.call(.lock, path, isChange: false) { _ in self.releaseLock() }
  }

  private func releaseLock() {
    if inode.lockHolder?.handle == handle { inode.lockHolder = nil }
  }

  private func checkWritable(_ operation: FileError.Operation) throws(FileError) {
    if !isWritable { throw FileError(operation, path: path, code: SystemErrorCode.readOnlyFile) }
  }
}

extension SimulatedInode {
  var identity: FileIdentity { FileIdentity(device: 1, inode: number) }
}

extension SimulatedFileSystem {
  /// One call: refused if the machine is off, counted, written down, and gone wrong if the plan says so.
  ///
  /// - Parameters:
  ///   - inPart: does a part of it, where that can be.
  ///   - failingSync: what a sync that fails leaves; true: pages are dropped.
  ///   - body: does it.
  func call<Result>(
    _ operation: FileError.Operation, _ path: String, in names: String? = nil, at offset: UInt64? = nil,
    count: Int? = nil, isChange: Bool,
    inPart: ((SimulatedDisk) -> Void)? = nil,
    failingSync: ((SimulatedDisk, Bool) -> Void)? = nil,
    _ body: (SimulatedDisk) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    disk.takeInterruption(process, operation)?()
    // What a call made that fails after all; a file that closes needs the lock, so it goes after it is free.
    var abandoned: Result?
    defer { withExtendedLifetime(abandoned) {} }
    return try disk.withLockHeld { () throws(FileError) -> Result in
      func failure(_ code: Int32) -> FileError {
        FileError(operation, path: path, code: code, offset: offset)
      }
      if disk.isOff { throw failure(Self.powerLossCode) }
      if disk.deadProcesses.contains(process) { throw failure(Self.processDeathCode) }
      disk.callCount += 1
      if isChange { disk.changeCount += 1 }
      let fault = disk.takeFault(operation, isChange: isChange)
      if disk.keepsTranscript {
        disk.transcript.append(
          FileCall(
            operation: operation, path: names ?? path, offset: offset, count: count, succeeded: fault == nil))
      }
      if fault != nil { disk.faultCount += 1 }
      switch fault {
      case nil:
        guard isChange, let watcher = disk.watcher else { return try body(disk) }
        let number = disk.changeCount - 1
        // A sync has done nothing yet when the power goes; anything else is done as far as the cache goes.
        if failingSync != nil || operation == .syncDirectory {
          watcher(number)
          return try body(disk)
        }
        defer { watcher(number) }
        return try body(disk)
      case .powerLoss:
        // Under way: done as far as the cache goes, for the power loss to choose from. A sync did nothing yet.
        if failingSync == nil, operation != .syncDirectory, isChange { abandoned = try? body(disk) }
        disk.isOff = true
        throw failure(Self.powerLossCode)
      case .processDeath:
        if isChange { if let inPart { inPart(disk) } else { abandoned = try? body(disk) } }
        disk.end(process)
        throw failure(Self.processDeathCode)
      case .error(let code):
        failingSync?(disk, false)
        throw failure(code)
      case .partialWrite(let code):
        inPart?(disk)
        failingSync?(disk, false)
        throw failure(code)
      case .syncDropsPages:
        failingSync?(disk, true)
        throw failure(SystemErrorCode.inputOutput)
      case .syncKeepsPages:
        failingSync?(disk, false)
        throw failure(SystemErrorCode.inputOutput)
      }
    }
  }
}

extension SimulatedDisk {
  /// Runs `body` under the lock. What it returns stays with the caller that holds the disk.
  func withLockHeld<Result>(_ body: () throws(FileError) -> Result) throws(FileError) -> Result {
    var result: Swift.Result<Result, FileError>?
    lock.withLock {
      do throws(FileError) { result = .success(try body()) } catch { result = .failure(error) }
    }
    guard let result else { throw FileError(.status, path: "", code: SystemErrorCode.inputOutput) }
    return try result.get()
  }

  func end(_ process: UInt64) {
    deadProcesses.insert(process)
    for inode in inodes.values where inode.lockHolder?.process == process { inode.lockHolder = nil }
  }

  /// What is to happen before this call, outside the lock, if anything is. Not before a file is cut: whoever cuts it
  /// keeps others from its free space meanwhile, and what comes in its own thread would wait for itself.
  func takeInterruption(
    _ process: UInt64, _ operation: FileError.Operation
  ) -> (@Sendable () -> Void)? {
    lock.withLock {
      guard let planned = interruption, planned.process == process, operation != .truncate else { return nil }
      interruption?.callsLeft -= 1
      guard planned.callsLeft == 0 else { return nil }
      interruption = nil
      return planned.body
    }
  }

  /// Counts a call; the fault that meets it, if one does.
  func takeFault(_ operation: FileError.Operation, isChange: Bool) -> FaultPlan.Fault? {
    guard let plan else { return nil }
    switch plan.counted {
    case .changes: guard isChange else { return nil }
    case .all: break
    case .only(let operations): guard operations.contains(operation) else { return nil }
    }
    defer { countedCalls += 1 }
    return plan.isForEver
      ? (countedCalls >= plan.call ? plan.fault : nil) : (countedCalls == plan.call ? plan.fault : nil)
  }
}
