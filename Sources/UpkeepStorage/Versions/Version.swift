/// One committed state of the store. Immutable.
///
/// The position in the log is a field of the version, so that a checkpoint can never take the pages of one
/// state and the position of another (rule 9).
final class Version: Sendable {
  /// Dense: each commit that writes is one more than the one before (rule 2).
  let number: UInt64
  let roots: RootsArray
  let nextTreeID: UInt64
  /// Where the log records of this version end; nothing of it lies beyond.
  let logEnd: LogPosition
  let logChain: UInt64

  init(number: UInt64, roots: RootsArray, nextTreeID: UInt64, logEnd: LogPosition, logChain: UInt64) {
    self.number = number
    self.roots = roots
    self.nextTreeID = nextTreeID
    self.logEnd = logEnd
    self.logChain = logChain
  }
}

/// The pages that a version brought and those that it gave up.
struct VersionChange: Sendable {
  let number: UInt64
  let born: [PageID]
  let retired: [PageID]
}

/// A version on its way to the readers, with what it changes for them.
struct PendingVersion: Sendable {
  let version: Version
  let change: VersionChange
}
