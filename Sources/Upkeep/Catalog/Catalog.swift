package import UpkeepStorage

/// All schemas as they are in one state of the store. Immutable: a change writes the catalog tree and gives a new one.
///
/// Temporary tables are in it too, each by the session that owns it. A catalog is seen by nobody in particular, or by
/// one of those: then its temporary tables stand before others of their names.
package final class Catalog: Sendable {
  /// Tables of all, and those of one owner, by folded name.
  fileprivate struct Tables {
    var lasting: [String: TableSchema] = [:]
    var temporary: [UInt64: [String: TableSchema]] = [:]
    var views: [String: ViewSchema] = [:]
  }

  fileprivate let all: Tables
  private let owner: UInt64?
  private let tablesByName: [String: TableSchema]
  /// For each index its table, both by folded name.
  private let tableOfIndex: [String: String]
  /// The buckets, by name.
  package let buckets: [String: BucketSchema]

  fileprivate init(_ all: Tables, seenBy owner: UInt64?, buckets: [String: BucketSchema]) {
    self.all = all
    self.owner = owner
    self.buckets = buckets
    var visible = all.lasting
    if let owner { visible.merge(all.temporary[owner] ?? [:]) { $1 } }
    tablesByName = visible
    var owners: [String: String] = [:]
    // Names of temporary tables' indexes stand before others, as those tables do.
    for (key, table) in visible.sorted(by: {
      $0.value.definition.owner == nil && $1.value.definition.owner != nil
    }) {
      for index in table.indexes { owners[Names.folded(index.name)] = key }
    }
    tableOfIndex = owners
  }

  /// The same catalog, with the temporary tables of one owner or of none.
  package func seen(by owner: UInt64?) -> Catalog {
    self.owner == owner ? self : Catalog(all, seenBy: owner, buckets: buckets)
  }

  /// The views, by folded name.
  var viewsByName: [String: ViewSchema] { all.views }

  /// Who has temporary tables.
  package var owners: Set<UInt64> { Set(all.temporary.keys) }

  // MARK: Looking up

  /// The tables, by name.
  package var tables: [TableSchema] { tablesByName.sorted { $0.key < $1.key }.map(\.value) }

  /// The tables, and the temporary ones of all owners.
  package var tablesOfAll: [TableSchema] {
    all.lasting.sorted { $0.key < $1.key }.map(\.value)
      + all.temporary.values.flatMap(\.values).sorted { $0.id < $1.id }
  }

  package func find(_ name: String) -> TableSchema? {
    if let table = tablesByName[Names.folded(name)] { return table }
    guard let qualified = QualifiedName(text: name) else { return nil }
    let key = Names.folded(qualified.name)
    return switch qualified.database {
    case .main: all.lasting[key]
    case .temp: owner.flatMap { all.temporary[$0]?[key] }
    }
  }

  /// - Throws: `unknownTable`, with the nearest name.
  package func table(_ name: String) throws(UpkeepError) -> TableSchema {
    if let table = find(name) { return table }
    let shown = QualifiedName.shown(name)
    var error: UpkeepError
    if let view = view(name) {
      error = UpkeepError(
        .unknownTable, "\(view.name) is a view, which only queries can read; change the tables that it shows")
    } else {
      let known = tablesByName.values.map(\.name) + viewsByName.values.map(\.name)
      let hint = Names.suggestion(for: QualifiedName.bare(name), among: known)
      error = UpkeepError(.unknownTable, "there is no table \(shown)\(hint)")
    }
    error.table = shown
    error.name = shown
    throw error
  }

  package func index(_ name: String) -> (table: TableSchema, index: IndexSchema)? {
    if let qualified = QualifiedName(text: name) {
      if qualified.database == .main { return seen(by: nil).index(qualified.name) }
      return index(qualified.name).flatMap { $0.table.definition.owner == nil ? nil : $0 }
    }
    guard let owner = tableOfIndex[Names.folded(name)], let table = tablesByName[owner],
      let index = table.indexes.first(where: { Names.equal($0.name, name) })
    else { return nil }
    return (table, index)
  }

  /// - Throws: `unknownIndex`, with the nearest name.
  package func requiredIndex(_ name: String) throws(UpkeepError) -> (table: TableSchema, index: IndexSchema) {
    if let found = index(name) { return found }
    let shown = QualifiedName.shown(name)
    let names = tablesByName.values.flatMap { $0.indexes.map(\.name) }
    var error = UpkeepError(
      .unknownIndex,
      "there is no index \(shown)\(Names.suggestion(for: QualifiedName.bare(name), among: names))")
    error.index = shown
    error.name = shown
    throw error
  }

  // MARK: Loading

  package static func load(_ transaction: ReadTransaction) throws(UpkeepError) -> Catalog {
    var tables: [CatalogCodec.TableEntry] = []
    var indexes: [UInt64: [CatalogCodec.IndexEntry]] = [:]
    var buckets: [String: BucketSchema] = [:]
    var views: [ViewSchema] = []
    let cursor = try storing { () throws(StorageError) in try transaction.cursor(.catalog) }
    var isThere = try storing { () throws(StorageError) in try cursor.first() }
    while isThere {
      let key = cursor.key
      guard let kind = key.first else { throw UpkeepError.corrupt("the catalog", "an entry without a key") }
      let rest = UnsafeRawBufferPointer(rebasing: key[1...])
      switch kind {
      case CatalogCodec.Kind.table:
        let id = try id(rest)
        tables.append(try CatalogCodec.table(id, try value(cursor)))
      case CatalogCodec.Kind.index:
        let id = try id(rest)
        let entry = try CatalogCodec.index(id, try value(cursor))
        indexes[entry.table, default: []].append(entry)
      case CatalogCodec.Kind.bucket:
        let name = String(decoding: rest, as: UTF8.self)
        buckets[name] = try CatalogCodec.bucket(name, try value(cursor))
      case CatalogCodec.Kind.automaticID:
        break
      case CatalogCodec.Kind.view:
        views.append(try CatalogCodec.view(try value(cursor)))
      default:
        throw UpkeepError(
          .unsupported,
          "the catalog holds entries (kind \(kind)) of a newer release; open the store with that")
      }
      isThere = try storing { () throws(StorageError) in try cursor.next() }
    }
    return try assemble(tables, indexes, buckets, views)
  }

  private static func value(_ cursor: TreeCursor) throws(UpkeepError) -> UnsafeRawBufferPointer {
    try storing { () throws(StorageError) in try cursor.value() }
  }

  private static func id(_ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> UInt64 {
    guard bytes.count == 8 else { throw .corrupt("the catalog", "a key of \(bytes.count) bytes") }
    return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
  }

  private static func assemble(
    _ entries: [CatalogCodec.TableEntry], _ indexes: [UInt64: [CatalogCodec.IndexEntry]],
    _ buckets: [String: BucketSchema], _ views: [ViewSchema]
  ) throws(UpkeepError) -> Catalog {
    var all = Tables()
    for view in views { all.views[Names.folded(view.name)] = view }
    var names = Set<String>()
    var indexCount = 0
    for var entry in entries {
      let own = indexes[entry.id] ?? []
      indexCount += own.count
      entry.definition.uniqueKeys = own.filter(\.isConstraint).map(\.definition)
      for position in entry.definition.uniqueKeys.indices {
        entry.definition.uniqueKeys[position].table = entry.definition.name
      }
      let table: TableSchema
      do {
        table = try TableSchema(
          entry.definition, id: entry.id, tree: entry.tree, missingValues: entry.missingValues,
          indexes: { columns throws(UpkeepError) in
            var schemas: [IndexSchema] = []
            for index in own {
              var definition = index.definition
              definition.table = entry.definition.name
              schemas.append(
                try IndexSchema(
                  definition, name: definition.name ?? "", id: index.id, tree: index.tree,
                  isConstraint: index.isConstraint, of: columns, nullable: index.nullable,
                  unknownFields: index.unknownFields))
            }
            return schemas
          }, unknownFields: entry.unknownFields)
      } catch {
        throw .corrupt("the catalog's entry of table \(entry.definition.name)", error.message)
      }
      guard all.set(table, at: table.name) == nil else {
        throw .corrupt("the catalog", "there are two tables named \(table.name)")
      }
      for index in table.indexes {
        let owner = table.definition.owner.map { "\($0) " } ?? ""
        names.insert(owner + Names.folded(index.name))
      }
    }
    guard indexCount == indexes.reduce(0, { $0 + $1.value.count }), names.count == indexCount else {
      throw .corrupt("the catalog", "an index has no table, or two have one name")
    }
    return Catalog(all, seenBy: nil, buckets: buckets)
  }

  // MARK: Changing

  /// The catalog with one table, which is `old`, changed, added or, with nil, gone.
  func replacing(_ old: TableSchema?, with table: TableSchema?) -> Catalog {
    var all = all
    if let old { all.remove(old) }
    if let table { _ = all.set(table, at: table.name) }
    return Catalog(all, seenBy: owner, buckets: buckets)
  }

  func replacing(bucket name: String, with bucket: BucketSchema?) -> Catalog {
    var buckets = buckets
    buckets[name] = bucket
    return Catalog(all, seenBy: owner, buckets: buckets)
  }

  func replacing(view name: String, with view: ViewSchema?) -> Catalog {
    var all = all
    all.views[Names.folded(name)] = view
    return Catalog(all, seenBy: owner, buckets: buckets)
  }

  /// What has a name already: `table x`, `view x` or `index x`.
  func holder(of name: String) -> String? {
    if let view = view(name) { return "view \(view.name)" }
    if let table = find(name) { return "table \(table.name)" }
    if let (table, index) = index(name) { return "index \(index.name) of \(table.name)" }
    return nil
  }
}

extension Catalog.Tables {
  /// - Returns: what was there.
  fileprivate mutating func set(_ table: TableSchema, at name: String) -> TableSchema? {
    let key = Names.folded(name)
    guard let owner = table.definition.owner else { return lasting.updateValue(table, forKey: key) }
    return temporary[owner, default: [:]].updateValue(table, forKey: key)
  }

  fileprivate mutating func remove(_ table: TableSchema) {
    let key = Names.folded(table.name)
    guard let owner = table.definition.owner else {
      lasting[key] = nil
      return
    }
    temporary[owner]?[key] = nil
    if temporary[owner]?.isEmpty == true { temporary[owner] = nil }
  }
}
