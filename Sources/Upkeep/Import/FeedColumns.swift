/// What a feed's names mean: those of the table, unless it was said otherwise.
struct FeedNames {
  /// Names in a file of rejects that say why a record is in it; passed over when it is loaded again.
  static let rejectNames = ["_line", "_reason", "_index", "_existing"]
  /// The name under which a file of rejects has a record that is no JSON.
  static let rawName = "_raw"

  private let names: [String: String]

  init(_ options: FeedOptions) { names = options.columnNames }

  /// The name that the table has for a feed's one.
  func wanted(_ name: String) -> String { names[Names.folded(name)] ?? name }

  /// Whether a field is no column, whatever the table has: it was said so, or it tells why a record was rejected.
  func passesOver(_ name: String) -> Bool {
    names[Names.folded(name)].map(\.isEmpty) ?? Self.rejectNames.contains(name)
  }
}

/// Which column of a table a name of a feed means.
struct FeedColumns {
  /// What becomes of a field.
  enum Place: Equatable {
    case column(Int)
    case passedOver
    case unknown
  }

  private let schema: TableSchema
  let names: FeedNames

  init(_ schema: TableSchema, _ options: FeedOptions) {
    self.schema = schema
    names = FeedNames(options)
  }

  func place(of name: String) -> Place {
    let wanted = names.wanted(name)
    if let column = schema.columns.first(where: { Names.equal($0.name, wanted) }) {
      return .column(column.ordinal)
    }
    return names.passesOver(name) ? .passedOver : .unknown
  }

  /// The columns that are to be filled by position.
  func ordinals(of given: [String]) throws(UpkeepError) -> [Int?] {
    var ordinals: [Int?] = []
    for (number, name) in given.enumerated() {
      switch place(of: name) {
      case .passedOver: ordinals.append(nil)
      case .unknown where name.isEmpty: throw .namelessFeedColumn(number + 1)
      case .unknown: throw .unknownFeedColumn(names.wanted(name), schema)
      case .column(let ordinal):
        guard !ordinals.contains(ordinal) else { throw .doubledFeedColumn(schema.columns[ordinal]) }
        ordinals.append(ordinal)
      }
    }
    return ordinals
  }
}
