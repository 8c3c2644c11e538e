/// The words in which errors advise what could decide a conflict: those of a statement, or the options of a load.
package enum AdviceWords: Sendable {
  case statement
  case load

  /// A row meets another, and nothing says what then.
  ///
  /// - Parameters:
  ///   - target: the key as a statement writes it.
  ///   - index: the key's index; nil for the primary key.
  func met(target: String, index: String?) -> String {
    switch self {
    case .statement:
      return "UPSERT INTO, or ON CONFLICT \(target) DO MERGE, REPLACE or NOTHING, says what to do then"
    case .load:
      let key = index.map { " with --on \($0)" } ?? ""
      return "--mode merge, replace or ignore\(key) says what to do then"
    }
  }

  /// What frees a key that another row keeps.
  var freed: String {
    switch self {
    case .statement: "free the key in the same statement"
    case .load: "free the key in the same feed"
    }
  }

  /// What has stale holders of keys give way.
  var displacing: String {
    switch self {
    case .statement: "say ON AMBIGUITY DISPLACE"
    case .load: "say --on-ambiguity displace"
    }
  }

  /// What sets a row aside.
  var rejecting: String {
    switch self {
    case .statement: "set the row aside with ON ERROR REJECT"
    case .load: "set the row aside with --rejects FILE"
    }
  }

  /// What chooses among rows that are met by several keys.
  var choosing: String {
    switch self {
    case .statement: "say ON AMBIGUITY FIRST or DISPLACE, or name one key in ON CONFLICT"
    case .load: "say --on-ambiguity first or displace, or name one key with --key or --on"
    }
  }

  /// What decides between rows of the input with one key.
  var deduplicating: String {
    switch self {
    case .statement: "give each key once, or say ON DUPLICATE FOLD, FIRST or LAST"
    case .load: "give each key once, or say --duplicates fold, first or last"
    }
  }

  /// Why that cannot be decided where no single key identifies rows.
  var needsOneKey: String {
    switch self {
    case .statement:
      "ON DUPLICATE says which of several rows with one key counts, so it needs exactly one ON CONFLICT (key)"
    case .load:
      "--duplicates says which of several lines with one key counts, so it needs --mode merge, replace, ignore or sync"
    }
  }

  /// Which key a sync could go by.
  var syncingBy: String {
    switch self {
    case .statement: "SYNC BY a key that every row has"
    case .load: "name a key that every row has with --key or --on"
    }
  }

  /// What deletes all rows where that is meant.
  ///
  /// - Parameter table: its name.
  func emptying(_ table: String) -> String {
    switch self {
    case .statement: "say ALLOW EMPTY if that is meant"
    case .load: "DELETE FROM \(table) does, if that is meant"
    }
  }

  /// How one of a table's unique keys is named.
  ///
  /// - Parameter keys: as a statement writes them.
  func naming(_ keys: [String], indexes: [String]) -> String {
    switch self {
    case .statement: "name one of its unique keys as the target: \(keys.joined(separator: ", "))"
    case .load: "name one of its unique keys with --on: \(indexes.joined(separator: ", "))"
    }
  }

  /// What merges a column by no rule.
  func settingOnly(_ column: String) -> String {
    switch self {
    case .statement: "say DO MERGE (\(column) SET)"
    case .load: "load with --mode replace"
    }
  }
}
