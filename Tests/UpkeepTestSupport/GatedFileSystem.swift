import Foundation
import UpkeepStorage

/// Another file system whose syncs of one file can be held back, and let through or failed when a test says so: what
/// happens during a sync then happens for certain, without sleeping.
package final class GatedFileSystem: FileSystem, @unchecked Sendable {
  private let base: any FileSystem
  private let gatedSuffix: String
  private let condition = NSCondition()
  private var isClosed = false
  private var waitingCount = 0
  private var passCount = 0
  private var failure: Int32?
  private var syncCountSoFar = 0

  /// Holds back syncs of files whose path ends with `suffix`.
  package init(_ base: any FileSystem, suffix: String) {
    self.base = base
    gatedSuffix = suffix
  }

  /// From now on syncs wait.
  package func close() {
    condition.withLock { isClosed = true }
  }

  /// Lets all syncs through, those that wait and those to come.
  package func open() {
    condition.withLock {
      isClosed = false
      condition.broadcast()
    }
  }

  /// Lets one sync through that waits, or the next one.
  package func letOneThrough() {
    condition.withLock {
      passCount += 1
      condition.broadcast()
    }
  }

  /// Syncs that wait, and all to come, fail with this error number.
  package func fail(_ code: Int32) {
    condition.withLock {
      failure = code
      condition.broadcast()
    }
  }

  /// Returns when so many syncs wait at the gate.
  package func waitForSyncs(_ count: Int) {
    condition.withLock { while waitingCount < count { condition.wait() } }
  }

  /// Syncs of gated files so far, those that wait not counted.
  package var syncCount: Int { condition.withLock { syncCountSoFar } }

  fileprivate func pass(_ path: String) throws(FileError) {
    guard path.hasSuffix(gatedSuffix) else { return }
    let code = condition.withLock { () -> Int32? in
      waitingCount += 1
      condition.broadcast()
      while isClosed, passCount == 0, failure == nil { condition.wait() }
      waitingCount -= 1
      if isClosed, passCount > 0 { passCount -= 1 }
      syncCountSoFar += 1
      return failure
    }
    if let code { throw FileError(.sync, path: path, code: code) }
  }

  package func open(_ path: String, _ mode: FileOpenMode) throws(FileError) -> any File {
    GatedFile(try base.open(path, mode), path, self)
  }

  package func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }

  package func renameExclusively(_ path: String, to newPath: String) throws(FileError) {
    try base.renameExclusively(path, to: newPath)
  }

  package func remove(_ path: String) throws(FileError) { try base.remove(path) }
  package func syncDirectory(of path: String) throws(FileError) { try base.syncDirectory(of: path) }
}

private final class GatedFile: File {
  private let base: any File
  private let gate: GatedFileSystem
  let path: String

  init(_ base: any File, _ path: String, _ gate: GatedFileSystem) {
    self.base = base
    self.gate = gate
    self.path = path
  }

  func identity() throws(FileError) -> FileIdentity { try base.identity() }
  func size() throws(FileError) -> UInt64 { try base.size() }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    try base.read(into: buffer, at: offset)
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
    try base.write(bytes, at: offset)
  }

  func allocate(_ range: Range<UInt64>) throws(FileError) { try base.allocate(range) }
  func truncate(to size: UInt64) throws(FileError) { try base.truncate(to: size) }

  func sync(_ kind: FileSync) throws(FileError) {
    try gate.pass(path)
    try base.sync(kind)
  }

  func tryLock() throws(FileError) -> Bool { try base.tryLock() }
  func unlock() throws(FileError) { try base.unlock() }
}

/// Work on a thread of its own, whose result a test waits for.
package final class Running<T: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var result: Result<T, any Error>?

  /// Begins at once.
  package init(_ body: @escaping @Sendable () throws -> T) {
    let thread = Thread {
      let result = Result { try body() }
      self.condition.withLock {
        self.result = result
        self.condition.broadcast()
      }
    }
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Whether it has ended.
  package var isOver: Bool { condition.withLock { result != nil } }

  /// Waits for its end.
  package func value() throws -> T {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result { return try result.get() }
      condition.wait()
    }
  }
}
