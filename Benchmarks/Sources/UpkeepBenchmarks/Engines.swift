import Harness

/// The engines that are measured.
enum Engines {
  static let main = SQLiteContender.version
  static let peers = [LMDBContender.version, RocksDBContender.version]

  /// What people of the language use for records.
  static func withRecords() -> [any Contender] { [UpkeepContender(usesRecords: true), GRDBContender()] }

  /// What is asked in SQL.
  static func withSQL() -> [any Contender] { [UpkeepContender(), SQLiteContender(isExclusive: false)] }

  /// New contenders: Upkeep first, then those that are asked for.
  static func made(_ options: Options, withExclusive: Bool) -> [any Contender] {
    var all: [any Contender] = [UpkeepContender(), SQLiteContender(isExclusive: false)]
    if withExclusive { all.append(SQLiteContender(isExclusive: true)) }
    all += [LMDBContender(), RocksDBContender()] as [any Contender]
    guard !options.engines.isEmpty else { return all }
    return all.filter { engine in
      engine is UpkeepContender || options.engines.contains { engine.name.contains($0) }
    }
  }
}
