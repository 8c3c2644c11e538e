import Upkeep

/// What dumps say of buckets.
extension Parser {
  /// Whether a word is BUCKET, which is a name like others elsewhere.
  private func isBucket(_ token: Token) -> Bool {
    token.kind == .word && source.text(token.range).lowercased() == "bucket"
  }

  /// Whether BUCKET and a name stand here.
  mutating func atBucket() throws(SyntaxError) -> Bool {
    guard isBucket(token) else { return false }
    let next = try peek()
    return isName(next) || next.keyword == .if
  }

  /// Whether INSERT INTO BUCKET, a name and VALUES stand here.
  mutating func atBucketInsert() throws(SyntaxError) -> Bool {
    guard try peek().keyword == .into, isBucket(try peek(2)), isName(try peek(3)) else { return false }
    return try peek(4).keyword == .values
  }

  /// `BUCKET [IF NOT EXISTS] name ('key type', 'value type')`, with the types left out where the store has none.
  mutating func createBucket() throws(SyntaxError) -> Statement {
    try advance()
    let ifNotExists = try ifNotExists()
    var bucket = BucketDefinition(try name("the name of a bucket"))
    if try accept(.leftParen) {
      let key = try string("the name of a type in quotes")
      try expect(.comma)
      bucket.types = BucketDefinition.Types(key: key, value: try string("the name of a type in quotes"))
      try expect(.rightParen)
    }
    return .createBucket(bucket, ifNotExists: ifNotExists)
  }

  /// `INSERT INTO BUCKET name VALUES (x'key', x'value'), …`
  mutating func insertIntoBucket() throws(SyntaxError) -> Statement {
    try advance()
    try expect(.into)
    try advance()
    var statement = BucketInsertStatement(into: try name("the name of a bucket"), [])
    try expect(.values)
    repeat {
      try expect(.leftParen)
      let key = try bytes()
      try expect(.comma)
      statement.entries.append(BucketInsertStatement.Entry(key: key, value: try bytes()))
      try expect(.rightParen)
    } while try accept(.comma)
    return .insertIntoBucket(statement)
  }

  private mutating func bytes() throws(SyntaxError) -> [UInt8] {
    guard token.kind == .blob else { throw unexpected("bytes, as x'00ff'") }
    return try blob(advance())
  }

  private mutating func string(_ what: String) throws(SyntaxError) -> String {
    guard token.kind == .string else { throw unexpected(what) }
    return try unquoted(advance())
  }
}
