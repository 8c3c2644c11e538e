/// The way from a row of a MERGE's source to the rows of the table that may match it, chosen from the equalities in
/// ON. What it leads to is checked against ON all the same.
struct MergePath {
  enum Kind {
    /// By the whole primary key.
    case primaryKey
    /// By all columns of a unique index.
    case unique(IndexSchema)
    /// By the first columns of an index, or of the primary key.
    case prefix(IndexSchema?)
    /// By a table of hashes that is made for the statement.
    case hash
    /// By looking at every row.
    case scan
  }

  /// `column = value`, the value from the source's row.
  struct Term {
    let column: Int
    /// How the column becomes part of the key.
    let part: KeyPart
    let value: CompiledExpression
    /// What the comparison makes of the value first.
    let conversion: Conversion
  }

  let kind: Kind
  /// In the order of the key.
  let terms: [Term]

  private struct Equality {
    let column: Int
    let collation: Collation
    let value: CompiledExpression
    let conversion: Conversion
  }

  init(_ condition: Expression, _ schema: TableSchema, in scope: ExpressionScope) throws(UpkeepError) {
    let conjuncts = condition.conjuncts
    let equalities = conjuncts.compactMap { Self.equality($0, schema, scope) }
    let ofTable = conjuncts.compactMap { Self.ofTable($0, scope) }
    let known = ofTable.reduce(nil) { Expression.joined($0, $1) }

    var best: (kind: Kind, terms: [Term]) = (.prefix(nil), Self.terms(schema.searchParts, equalities))
    if best.terms.count == schema.searchParts.count {
      kind = .primaryKey
      terms = best.terms
      return
    }
    for index in schema.indexes {
      if let predicate = index.predicateExpression,
        !PredicateImplication.implies(known, predicate, columns: schema.columnList)
      {
        continue
      }
      let found = Self.terms(schema.searchParts(of: index), equalities)
      if index.isUnique, found.count == index.parts.count {
        kind = .unique(index)
        terms = found
        return
      }
      if found.count > best.terms.count { best = (.prefix(index), found) }
    }
    if !best.terms.isEmpty {
      kind = best.kind
      terms = best.terms
    } else if !equalities.isEmpty {
      kind = .hash
      terms = equalities.map { equality in
        let type = equality.column < schema.columns.count ? schema.columns[equality.column].type : .integer
        return Term(
          column: equality.column, part: KeyPart(type, collation: equality.collation), value: equality.value,
          conversion: equality.conversion)
      }
    } else {
      kind = .scan
      terms = []
    }
  }

  /// The leading parts of a key that equalities give values to.
  private static func terms(_ parts: [SearchPart], _ equalities: [Equality]) -> [Term] {
    var terms: [Term] = []
    for part in parts {
      // Bytes that are equal are equal without regard to case too; not the other way round.
      let match = equalities.first { equality in
        equality.column == part.column
          && (!part.comparesText || equality.collation == part.collation || equality.collation == .binary)
      }
      guard let column = part.column, let match else { break }
      terms.append(
        Term(column: column, part: part.key, value: match.value, conversion: match.conversion))
    }
    return terms
  }

  /// What a condition says of the table's rows alone, with bare names.
  private static func ofTable(_ condition: Expression, _ scope: ExpressionScope) -> Expression? {
    guard let compiled = try? CompiledExpression.compile(condition, in: scope),
      compiled.columnsRead.allSatisfy({ $0.slot == 0 }), !compiled.columnsRead.isEmpty, !compiled.hasSubquery
    else { return nil }
    return condition.replacing { part in
      guard case .column(let reference) = part, reference.qualifier != nil else { return nil }
      return .column(ColumnReference(reference.name))
    }
  }

  private static func equality(
    _ condition: Expression, _ schema: TableSchema, _ scope: ExpressionScope
  ) -> Equality? {
    guard case .binary(.equal, let left, let right) = condition,
      let a = try? CompiledExpression.compile(left, in: scope),
      let b = try? CompiledExpression.compile(right, in: scope)
    else { return nil }
    let collation = explicit(left) ?? explicit(right) ?? a.collation ?? b.collation ?? .binary
    return equality(a, b, collation, schema) ?? equality(b, a, collation, schema)
  }

  private static func explicit(_ expression: Expression) -> Collation? {
    if case .collate(_, let collation) = expression { collation } else { nil }
  }

  private static func equality(
    _ subject: CompiledExpression, _ value: CompiledExpression, _ collation: Collation, _ schema: TableSchema
  ) -> Equality? {
    guard let column = subject.plainColumn, column.slot == 0, !value.hasSubquery,
      value.columnsRead.allSatisfy({ $0.slot != 0 })
    else { return nil }
    let type = column.ordinal < schema.columns.count ? schema.columns[column.ordinal].type : .integer
    // Where the comparison converts the column, its keys say nothing.
    guard Conversion.of(type, against: value.type) == .none else { return nil }
    return Equality(
      column: column.ordinal, collation: collation, value: value,
      conversion: Conversion.of(value.type, against: type))
  }
}

extension MergePath {
  /// One line that says how the rows are found.
  func description(of schema: TableSchema, from source: String) -> String {
    let columns = terms.map { schema.columnName($0.column) }.joined(separator: ", ")
    switch kind {
    case .primaryKey: return "for each row of \(source) search \(schema.name) by primary key (\(columns))"
    case .unique(let index), .prefix(let index?):
      return "for each row of \(source) search \(schema.name) by index \(index.name) (\(columns))"
    case .prefix(nil): return "for each row of \(source) search \(schema.name) by primary key (\(columns))"
    case .hash:
      return
        "for each row of \(source) search \(schema.name) by hashes of (\(columns)), made for the statement"
    case .scan: return "for each row of \(source) scan \(schema.name)"
    }
  }
}
