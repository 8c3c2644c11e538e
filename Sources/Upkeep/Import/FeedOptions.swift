/// What a feed is taken into, and how.
package struct FeedOptions: Sendable {
  /// What happens to a row that meets a stored one.
  package enum Mode: String, Sendable, CaseIterable {
    /// It is an error.
    case insert
    /// The stored row stays.
    case ignore
    /// The stored row becomes the one of the feed; columns that the feed lacks take their defaults.
    case replace
    /// The columns that the feed has change.
    case merge
    /// As merge, and rows that the feed lacks are deleted.
    case sync
  }

  package var table: String
  package var mode = Mode.insert
  /// By which key a row of the feed meets a stored one.
  package var target = ConflictTarget.primaryKey
  /// What happens to a row that meets several, and to stale holders of its keys.
  package var ambiguity = AmbiguityPolicy.fail
  /// What happens to lines with the same key.
  package var duplicates = DuplicatePolicy.fold
  package var format = FeedFormat.csv
  /// What stands between the fields of separated text, where it is not what the format says.
  package var separator: UInt8?
  /// The names of the feed's columns, in order, where its text does not name them; of objects those that are taken.
  package var columns: [String]?
  /// What stands for NULL besides an empty field and JSON's null; of CSV only where it is not in quotes.
  package var null: String?
  /// The table's names for columns that the feed calls otherwise, by the feed's name in lower case; an empty one passes
  /// the column over.
  package var columnNames: [String: String] = [:]
  /// Bad rows are set aside rather than failing the load.
  package var collectsRejects = false
  /// How many may be; nil for any number.
  package var rejectLimit: Int?
  /// Everything is done and then undone.
  package var isDryRun = false
  /// After so many plain records in succession those that follow are read on a thread of their own; never if nil.
  package var readsAheadAfter: Int? = 4096

  package init(into table: String) { self.table = table }
}

/// One file of a feed.
package struct FeedSource {
  /// What errors call it; nil if there is only one and it needs no name.
  package var name: String?
  package var bytes: any ByteSource

  package init(_ bytes: any ByteSource, name: String? = nil) {
    self.bytes = bytes
    self.name = name
  }
}

/// How far a load has come.
package struct FeedProgress: Sendable {
  package var rows: Int
  /// Bytes of the feed read and used.
  package var bytes: Int

  package init(rows: Int, bytes: Int) {
    self.rows = rows
    self.bytes = bytes
  }
}
