package import UpkeepStorage

/// One of a store's trees, and what it looks like.
package struct TreeShape: Sendable {
  /// What the tree holds.
  package enum Kind: String, Sendable { case table, index, bucket }

  package var kind: Kind
  package var name: String
  /// The table that an index belongs to; its own name for a table.
  package var table: String
  package var survey: TreeSurvey
}

extension Session {
  /// The shapes of the trees of all tables, indexes and buckets that the next statement would see: each table with its
  /// indexes behind it. Of a tree's leaves at most so many are looked at.
  package func shapes(mostLeaves: Int) throws(UpkeepError) -> [TreeShape] {
    try look { scope throws(UpkeepError) in
      var shapes: [TreeShape] = []
      let catalog = try scope.catalog
      func add(_ kind: TreeShape.Kind, _ name: String, of table: String, _ tree: TreeID) throws(UpkeepError) {
        let survey = try storing { () throws(StorageError) in
          try scope.read.survey(tree, mostLeaves: mostLeaves) { () throws(StorageError) in
            if self.cancellation.isCancelled { throw .stopped }
          }
        }
        shapes.append(TreeShape(kind: kind, name: name, table: table, survey: survey))
      }
      for table in catalog.tables {
        try add(.table, table.name, of: table.name, table.tree)
        for index in table.indexes { try add(.index, index.name, of: table.name, index.tree) }
      }
      for (name, bucket) in catalog.buckets.sorted(by: { $0.key < $1.key }) {
        try add(.bucket, name, of: name, bucket.tree)
      }
      return shapes
    }
  }

  /// Walks the whole tree of a table or an index, and tells of each page, with its first and last key as a person reads
  /// them; of a branch after the pages below it.
  ///
  /// - Throws: `no-table` with the nearest name where there is neither.
  package func walkTree(
    of name: String, _ visit: (SurveyedPage, _ first: String, _ last: String) -> Void
  ) throws(UpkeepError) -> TreeShape {
    try look { scope throws(UpkeepError) in
      let (table, index) = try Self.find(name, in: try scope.catalog)
      let tree = index?.tree ?? table.tree
      func text(_ key: [UInt8]) -> String {
        index?.keyDescription(ofKey: key) ?? key.withUnsafeBytes { table.keyDescription(of: $0) }
      }
      let survey = try storing { () throws(StorageError) in
        try scope.read.survey(
          tree, look: { () throws(StorageError) in if self.cancellation.isCancelled { throw .stopped } }
        ) { page in
          let isEmpty = page.rowCount == 0
          visit(page, isEmpty ? "" : text(page.keys.first), isEmpty ? "" : text(page.keys.last))
        }
      }
      return TreeShape(
        kind: index == nil ? .table : .index, name: index?.name ?? table.name, table: table.name,
        survey: survey)
    }
  }

  private static func find(
    _ name: String, in catalog: Catalog
  ) throws(UpkeepError) -> (TableSchema, IndexSchema?) {
    for table in catalog.tables {
      if Names.equal(table.name, name) { return (table, nil) }
      if let index = table.indexes.first(where: { Names.equal($0.name, name) }) { return (table, index) }
    }
    let known = catalog.tables.flatMap { [$0.name] + $0.indexes.map(\.name) }
    var error = UpkeepError(
      .unknownTable, "there is no table or index \(name)\(Names.suggestion(for: name, among: known))")
    error.name = name
    throw error
  }
}
