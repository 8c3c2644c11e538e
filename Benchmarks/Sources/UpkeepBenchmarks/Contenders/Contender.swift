/// What a commit promises when it returns.
enum Durability {
  /// It outlives the process, not a power loss.
  case none
  /// The same, and a sync follows within some milliseconds.
  case interval
  /// It outlives a power loss.
  case full
}

/// An engine under measurement. Its files lie in a folder of its own.
protocol Contender: AnyObject {
  /// The engine's name and version.
  var name: String { get }
  /// Why a workload leaves it out; nil if it takes part.
  func absence(from workload: Workload) -> String?
  /// Whether it takes part in all that changes rows, so that its rows are those of the others.
  var keepsUp: Bool { get }
  /// Opens the store in `folder`, and makes it with an empty table if there is none.
  func open(_ folder: String, _ durability: Durability, cacheBytes: Int) throws
  /// Lets the log grow from here to the close, so that there is something to recover.
  func keepLog() throws
  /// Upserts each of the rows in a transaction and a task of its own, all at once.
  func commitFromTasks(_ people: [Person]) throws
  /// Waits until what the engine does in the background is done; not measured.
  func settle() throws
  /// A connection for one thread.
  func session() throws -> any Session
  /// Closes the store. Sessions are not used any more.
  func close() throws
}

extension Contender {
  var keepsUp: Bool { true }
  func settle() throws {}
  func keepLog() throws {}
  func commitFromTasks(_ people: [Person]) throws { throw Unsupported("no asynchronous interface") }
}

/// How a row is written.
enum WriteKind: Hashable {
  /// It is new.
  case insert
  /// It is new, and comes behind all that are there.
  case append
  /// The row with its id is changed, or it is inserted.
  case upsert
  /// The row with its email is changed but for its id, or it is inserted.
  case upsertByEmail
  /// Nothing happens if its id is there.
  case insertOrIgnore
  /// Rows that have its id or its email give way.
  case replace
}

/// A connection of one thread, and the rows that it read, added up so that engines can be compared.
protocol Session: AnyObject {
  /// Reads the rows with these ids, in one transaction or in one each.
  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int
  /// Reads the rows with these emails, in one transaction.
  func read(emails: ArraySlice<String>) throws -> Int
  /// Keeps a snapshot from before `body` until it ends, and reads the row with this id from it first and last.
  ///
  /// - Returns: whether both times it was the same row.
  func keepsSnapshot(reading id: Int, _ body: () throws -> Void) throws -> Bool
  /// Reads every row.
  func scan() throws -> Int
  /// Reads the 100 rows from each of these ids on, in one transaction.
  func ranges(from ids: ArraySlice<Int>) throws -> Int
  /// How many rows there are.
  func count() throws -> Int
  /// How many rows have their ids in the range.
  func count(_ ids: Range<Int>) throws -> Int
  /// Reads the row with `position` others before it in the order of ids.
  func row(at position: Int) throws -> Int

  /// Writes rows in one transaction.
  func write(_ people: People, _ kind: WriteKind) throws
  /// Deletes rows in one transaction.
  func delete(_ ids: [Int]) throws
  /// Deletes the rows whose ids are in the range.
  func delete(_ ids: Range<Int>) throws
  /// Makes and fills a unique index over name and id.
  func createIndex() throws
  /// Drops that index.
  func dropIndex() throws
  /// Drops the table with its indexes.
  func dropTable() throws
}

/// A contender cannot do something; the report says why.
struct Unsupported: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A peer's call failed.
struct PeerFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What reading a row adds to a sum: each of its columns was looked at.
@inline(__always)
func sum(id: Int, email: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer, score: Double, updatedAt: Int)
  -> Int
{
  id &+ email.count &+ Int(email.first ?? 0) &+ name.count &+ Int(name.first ?? 0) &+ Int(score)
    &+ updatedAt
}
