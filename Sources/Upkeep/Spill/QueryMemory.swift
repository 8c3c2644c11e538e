internal import UpkeepStorage

/// How much memory the queries of one statement may take for rows that they keep, all of them together.
///
/// Sorts, groups, sets and kept rows each count here what they hold. When all of it is too much, whoever comes to hold
/// more next puts its own part into a file, unless that part is so small that it would not help. A store in memory has
/// no files: there the statement fails where it would take much more.
final class QueryMemory {
  let limit: Int
  /// Nil in a store that keeps everything in memory: then nothing is put out.
  let files: TemporaryFiles?
  /// What may be kept where nothing can be put out.
  private let most: Int
  @exclusivity(unchecked) private var used = 0
  /// What is counted of a part changes by steps of so many bytes, where parts grow by little.
  let grain: Int
  /// How often something was put out, for tests.
  @exclusivity(unchecked) private(set) var spillCount = 0

  init(limit: Int, files: TemporaryFiles?, most: Int = .max) {
    self.limit = limit
    self.files = files
    self.most = files == nil ? most : .max
    grain = min(4096, limit / 64)
  }

  convenience init(_ transaction: ReadTransaction) {
    self.init(
      limit: transaction.spillByteCount, files: transaction.temporaryFiles,
      most: transaction.mostKeptInMemory)
  }

  @inline(__always)
  func take(_ byteCount: Int) { used &+= byteCount }

  @inline(__always)
  func give(_ byteCount: Int) { used &-= byteCount }

  /// Whether a part that holds `own` bytes is to put them out, into a file that it asks for.
  @inline(__always)
  func isTooMuch(_ own: Int) -> Bool {
    files == nil ? used > most : used > limit && own >= limit / 16
  }

  /// - Throws: `limit` if more is kept than may be where nothing can be put out.
  @inline(__always)
  func requireRoom() throws(UpkeepError) { if used > most { throw tooMuch } }

  private var tooMuch: UpkeepError {
    UpkeepError(
      .limit,
      "the statement keeps more than \(most) bytes of rows, the most in a store in memory; "
        + "a store in a file puts them aside")
  }

  /// Whether a part that cannot be put out holds so much that what comes next is to go elsewhere.
  @inline(__always)
  func isFull(_ own: Int) -> Bool { own > limit / 2 && files != nil }

  /// A new file for what is put out.
  func makeFile() throws(UpkeepError) -> SpillFile {
    guard let files else { throw tooMuch }
    spillCount += 1
    return SpillFile(try storing { () throws(StorageError) in try files.make() })
  }
}
