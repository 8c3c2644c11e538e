import Upkeep

/// The type names of SQL and the types they mean here.
enum TypeNames {
  /// The type that a name of one or several words means; nil if it is none.
  static func type(named name: String) -> ValueType? { table[name.lowercased()] }

  private static let names: [(ValueType, [String])] = [
    (.any, ["any"]),
    (
      .integer,
      [
        "int", "integer", "tinyint", "smallint", "mediumint", "bigint", "int2", "int4", "int8",
        "integer unsigned",
        "int unsigned", "bigint unsigned", "smallint unsigned", "tinyint unsigned", "unsigned big int",
        "unsigned",
        "int64", "long", "serial", "bigserial", "smallserial",
      ]
    ),
    (
      .real,
      [
        "real", "double", "double precision", "float", "float4", "float8", "numeric", "decimal", "dec",
        "number",
      ]
    ),
    (
      .text,
      [
        "text", "char", "character", "varchar", "character varying", "varying character", "nchar",
        "native character", "nvarchar", "varchar2", "clob", "tinytext", "mediumtext", "longtext", "string",
        "citext", "date", "time",
      ]
    ),
    (.blob, ["blob", "bytea", "binary", "varbinary", "tinyblob", "mediumblob", "longblob", "bytes"]),
    (.boolean, ["boolean", "bool"]),
    (
      .timestamp,
      ["timestamp", "timestamptz", "timestamp with time zone", "timestamp without time zone", "datetime"]
    ),
    (.uuid, ["uuid", "guid"]),
    (.json, ["json", "jsonb"]),
  ]

  private static let table: [String: ValueType] = {
    var table: [String: ValueType] = [:]
    for (type, words) in names { for word in words { table[word] = type } }
    return table
  }()

  /// The name that a printed definition uses.
  static func name(of type: ValueType) -> String {
    switch type {
    case .any: "ANY"
    case .integer: "INTEGER"
    case .real: "REAL"
    case .text: "TEXT"
    case .blob: "BLOB"
    case .boolean: "BOOLEAN"
    case .timestamp: "TIMESTAMP"
    case .uuid: "UUID"
    case .json: "JSON"
    }
  }

  /// The known name nearest to an unknown one.
  static func nearest(to name: String) -> String? {
    Names.nearest(to: name, among: table.keys.sorted())?.uppercased()
  }
}

extension Parser {
  /// A type's name with its length, as in `VARCHAR(20)`; nil where no name stands.
  mutating func typeName() throws(SyntaxError) -> (type: ValueType, declared: String)? {
    guard atTypeWord else { return nil }
    let start = token.start
    var words: [String] = []
    while atTypeWord { words.append(try text(ofName: advance())) }
    if at(.leftParen) {
      try advance()
      repeat {
        _ = try accept(.minus)
        guard at(.integer) else { throw unexpected("a length") }
        try advance()
      } while try accept(.comma)
      try expect(.rightParen)
      // `TIMESTAMP(3) WITH TIME ZONE`
      while atTypeWord { words.append(try text(ofName: advance())) }
    }
    let name = words.joined(separator: " ")
    guard let type = TypeNames.type(named: name) else {
      let hint =
        TypeNames.nearest(to: name).map { "; did you mean \($0)?" }
        ?? "; the types are INTEGER, REAL, TEXT, BLOB, BOOLEAN, TIMESTAMP, UUID, JSON and ANY"
      throw source.error(.syntax, "there is no type \(name)\(hint)", at: start)
    }
    return (type, written(from: start))
  }

  /// Whether the current token can be a word of a type's name rather than the beginning of a constraint.
  private var atTypeWord: Bool {
    guard atName else { return false }
    switch token.keyword {
    case .generated?, .always?, .merge?: return false
    default: return true
    }
  }
}
