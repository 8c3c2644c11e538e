/// A query, as a value: one block, or several put together, with an order and a limit of the whole.
public struct Query: Sendable, Hashable {
  /// WITH: named queries that this one may read as tables.
  public var commonTables: [CommonTable]
  /// The first block, mostly the only one.
  public var block: QueryBlock
  /// UNION and its like, from left to right.
  public var compounds: [CompoundPart]
  /// The order of the result.
  public var order: [OrderTerm]
  /// The most rows to give; an expression without columns.
  public var limit: Expression?
  /// How many rows to pass over first; an expression without columns.
  public var offset: Expression?

  /// A query over one table, or over none.
  public init(
    _ columns: [ResultColumn], from table: TableReference? = nil, where condition: Expression? = nil,
    order: [OrderTerm] = [], limit: Expression? = nil, offset: Expression? = nil
  ) {
    let select = Select(columns, from: table.map { [FromItem(.table($0))] } ?? [], where: condition)
    self.init(.select(select), order: order, limit: limit, offset: offset)
  }

  /// A query of one block.
  public init(
    _ block: QueryBlock, order: [OrderTerm] = [], limit: Expression? = nil, offset: Expression? = nil
  ) {
    commonTables = []
    self.block = block
    compounds = []
    self.order = order
    self.limit = limit
    self.offset = offset
  }

  /// All columns of all rows of a source.
  public init(all source: RowSource) {
    self.init(.select(Select([.all(of: nil)], from: [FromItem(source)])))
  }
}

/// SELECT or VALUES, without what stands around them.
public enum QueryBlock: Sendable, Hashable {
  /// SELECT
  case select(Select)
  /// VALUES: rows of expressions without columns, all equally long. The columns are called column1, column2, …
  case values([[Expression]])
}

/// SELECT … FROM … WHERE … GROUP BY … HAVING
public struct Select: Sendable, Hashable {
  /// What each row of the result shows.
  public var columns: [ResultColumn]
  /// Whether equal rows are shown once.
  public var isDistinct: Bool
  /// What is read, joined from left to right; empty for one row of nothing.
  public var from: [FromItem]
  /// Only rows for which this is true.
  public var condition: Expression?
  /// What rows of one group have in common.
  public var grouping: [Expression]
  /// Only groups for which this is true.
  public var groupCondition: Expression?
  /// WINDOW: windows that calls name.
  public var windows: [NamedWindow] = []

  /// A block.
  public init(
    _ columns: [ResultColumn], from: [FromItem] = [], where condition: Expression? = nil,
    isDistinct: Bool = false, groupBy grouping: [Expression] = [], having groupCondition: Expression? = nil
  ) {
    self.columns = columns
    self.isDistinct = isDistinct
    self.from = from
    self.condition = condition
    self.grouping = grouping
    self.groupCondition = groupCondition
  }
}

/// A block of a compound query and how it joins those before it.
public struct CompoundPart: Sendable, Hashable {
  /// How.
  public var operation: CompoundOperator
  /// The block.
  public var block: QueryBlock

  /// One more block.
  public init(_ operation: CompoundOperator, _ block: QueryBlock) {
    self.operation = operation
    self.block = block
  }
}

/// How the rows of two queries become those of one.
public enum CompoundOperator: Sendable, Hashable {
  /// The rows of either, each once.
  case union
  /// All rows of both.
  case unionAll
  /// The rows of both, each once.
  case intersect
  /// The rows of the first that the second lacks, each once.
  case except
}

/// One table of a WITH clause.
public struct CommonTable: Sendable, Hashable {
  /// Its name.
  public var name: String
  /// The names of its columns; nil for those of the query.
  public var columns: [String]?
  /// Its rows.
  public var query: Query
  /// Whether it stands in WITH RECURSIVE and may read itself.
  public var isRecursive: Bool

  /// A named query.
  public init(_ name: String, columns: [String]? = nil, query: Query, isRecursive: Bool = false) {
    self.name = name
    self.columns = columns
    self.query = query
    self.isRecursive = isRecursive
  }
}

/// Where rows come from in FROM and USING.
public enum RowSource: Sendable, Hashable {
  /// A table or a common table.
  case table(TableReference)
  /// A query in parentheses, its name and the names of its columns.
  case query(Query, alias: String?, columns: [String]?)
  /// A function that gives rows, by its name in lower case: `json_each(x)`. Its arguments may name sources before it.
  case call(String, [Expression], alias: String?)
  /// A join in parentheses: its sources go on by their own names.
  case join([FromItem])
}

/// A source in FROM and how it is joined with those before it.
public struct FromItem: Sendable, Hashable {
  /// What is read.
  public var source: RowSource
  /// How; of the first it says nothing.
  public var kind: JoinKind
  /// Which pairs belong together; nil for all.
  public var condition: JoinCondition?

  /// A source.
  public init(_ source: RowSource, kind: JoinKind = .cross, condition: JoinCondition? = nil) {
    self.source = source
    self.kind = kind
    self.condition = condition
  }
}

/// The kinds of joins.
public enum JoinKind: Sendable, Hashable {
  /// A comma or CROSS JOIN.
  case cross
  /// JOIN
  case inner
  /// LEFT JOIN: rows before it that find no partner stay, with NULLs.
  case left
  /// RIGHT JOIN: rows of the source that find no partner stay, with NULLs.
  case right
  /// FULL JOIN: both.
  case full
}

/// Which rows of a join belong together.
public enum JoinCondition: Sendable, Hashable {
  /// ON
  case on(Expression)
  /// USING: columns of these names are equal, and are one.
  case using([String])
  /// NATURAL: as USING with all names that both sides have.
  case natural
}

/// A table in FROM.
public struct TableReference: Sendable, Hashable {
  /// The table's name.
  public var name: String
  /// Another name for it in the statement.
  public var alias: String?

  /// A table by name.
  public init(_ name: String, as alias: String? = nil) {
    self.name = name
    self.alias = alias
  }
}

/// One item of a SELECT or RETURNING list.
public enum ResultColumn: Sendable, Hashable {
  /// `*` or `t.*`, `old.*`, `new.*`
  case all(of: String?)
  /// An expression and the name it is shown under (its alias, or its text as written).
  case expression(Expression, name: String)
}

/// One term of ORDER BY.
public struct OrderTerm: Sendable, Hashable {
  /// What to order by. A bare column may be a result column's name; an integer literal its position.
  public var expression: Expression
  /// Greatest first.
  public var isDescending: Bool
  /// Whether NULLs come first; nil: first ascending, last descending.
  public var nullsFirst: Bool?

  /// One term, ascending unless said.
  public init(_ expression: Expression, isDescending: Bool = false, nullsFirst: Bool? = nil) {
    self.expression = expression
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }
}
