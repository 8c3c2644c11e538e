internal import UpkeepStorage

/// How much memory the queries of one statement may take for rows that they keep, all of them together.
///
/// Sorts, groups, sets and kept rows each count here what they hold. When all of it is too much, whoever comes to hold
/// more next puts its own part into a file, unless that part is so small that it would not help.
final class QueryMemory {
  let limit: Int
  /// Nil in a store that keeps everything in memory: then nothing is put out.
  let files: TemporaryFiles?
  @exclusivity(unchecked) private var used = 0
  /// What is counted of a part changes by steps of so many bytes, where parts grow by little.
  let grain: Int
  /// How often something was put out, for tests.
  @exclusivity(unchecked) private(set) var spillCount = 0

  init(limit: Int, files: TemporaryFiles?) {
    self.limit = limit
    self.files = files
    grain = min(4096, limit / 64)
  }

  convenience init(_ transaction: ReadTransaction) {
    self.init(limit: transaction.spillByteCount, files: transaction.temporaryFiles)
  }

  @inline(__always)
  func take(_ byteCount: Int) { used &+= byteCount }

  @inline(__always)
  func give(_ byteCount: Int) { used &-= byteCount }

  /// Whether a part that holds `own` bytes is to put them out.
  @inline(__always)
  func isTooMuch(_ own: Int) -> Bool { used > limit && own >= limit / 16 && files != nil }

  /// Whether a part that cannot be put out holds so much that what comes next is to go elsewhere.
  @inline(__always)
  func isFull(_ own: Int) -> Bool { own > limit / 2 && files != nil }

  /// A new file for what is put out.
  func makeFile() throws(UpkeepError) -> SpillFile {
    guard let files else {
      throw UpkeepError(.misuse, "a store in memory has no files")
    }
    spillCount += 1
    return SpillFile(try storing { () throws(StorageError) in try files.make() })
  }
}
