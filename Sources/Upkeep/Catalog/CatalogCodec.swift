internal import UpkeepStorage

/// Tables, indexes and buckets as entries of the catalog tree.
///
///     key   01 and the table's id, 8 bytes big-endian     the table
///           02 and the index's id, 8 bytes big-endian     the index
///           03 and a name                                 the bucket of that name
///           04 and the table's id, 8 bytes big-endian     its highest automatic id, 8 bytes little-endian
///           05 and a name in lower case                   the view of that name
///     value fields (see `CatalogField`)
enum CatalogCodec {
  enum Kind {
    static let table: UInt8 = 1
    static let index: UInt8 = 2
    static let bucket: UInt8 = 3
    static let automaticID: UInt8 = 4
    static let view: UInt8 = 5
  }

  enum TableTag {
    static let name: UInt16 = 1
    static let tree: UInt16 = 2
    static let column: UInt16 = 3
    static let keyPart: UInt16 = 4
    static let check: UInt16 = 5
    static let autoincrement: UInt16 = 6
    static let primaryKeyName: UInt16 = 7
    // Who does not know it would take the table for one that lasts.
    static let owner: UInt16 = CatalogField.mustUnderstand | 8
  }

  enum ColumnTag {
    static let name: UInt16 = 1
    static let type: UInt16 = 2
    static let declaredType: UInt16 = 3
    static let notNull: UInt16 = 4
    static let defaultValue: UInt16 = 5
    static let collation: UInt16 = 6
    static let missingValue: UInt16 = 7
    // Who does not know the rule would merge rows wrongly.
    static let mergeRule: UInt16 = CatalogField.mustUnderstand | 8
  }

  enum PartTag {
    static let expression: UInt16 = 1
    static let descending: UInt16 = 2
    static let collation: UInt16 = 3
    static let notNull: UInt16 = 4
  }

  enum CheckTag {
    static let name: UInt16 = 1
    static let condition: UInt16 = 2
    static let text: UInt16 = 3
  }

  enum IndexTag {
    static let name: UInt16 = 1
    static let table: UInt16 = 2
    static let tree: UInt16 = 3
    static let part: UInt16 = 4
    static let unique: UInt16 = 5
    static let predicate: UInt16 = 6
    static let constraint: UInt16 = 7
    // Who does not know it would let rows in that have one key.
    static let nullsAreEqual: UInt16 = CatalogField.mustUnderstand | 8
  }

  enum BucketTag {
    static let tree: UInt16 = 1
    static let keyType: UInt16 = 2
    static let valueType: UInt16 = 3
  }

  // MARK: Writing

  static func key(_ kind: UInt8, _ id: UInt64) -> ByteBuffer {
    let buffer = ByteBuffer(capacity: 16)
    buffer.append(kind)
    buffer.append(bigEndian: id)
    return buffer
  }

  static func bucketKey(_ name: String) -> ByteBuffer {
    let buffer = ByteBuffer(capacity: 16)
    buffer.append(Kind.bucket)
    for byte in name.utf8 { buffer.append(byte) }
    return buffer
  }

  static func entry(_ table: TableSchema) throws(UpkeepError) -> ByteBuffer {
    let writer = FieldWriter(buffer: ByteBuffer())
    writer.text(TableTag.name, table.name)
    writer.word(TableTag.tree, table.tree.rawValue)
    for (column, definition) in zip(table.columns, table.definition.columns) {
      try writer.nested(TableTag.column) { (writer) throws(UpkeepError) in
        try write(column, isNotNull: !definition.isNullable, to: writer)
      }
    }
    for part in table.definition.primaryKey {
      try writer.nested(TableTag.keyPart) { (writer) throws(UpkeepError) in
        try write(part, isNotNull: true, to: writer)
      }
    }
    for check in table.definition.checks {
      try writer.nested(TableTag.check) { (writer) throws(UpkeepError) in
        if let name = check.name { writer.text(CheckTag.name, name) }
        try writer.expression(CheckTag.condition, check.condition)
        if let text = check.text { writer.text(CheckTag.text, text) }
      }
    }
    writer.flag(TableTag.autoincrement, table.isAutoincrement)
    if let name = table.definition.primaryKeyName { writer.text(TableTag.primaryKeyName, name) }
    if let owner = table.definition.owner { writer.word(TableTag.owner, owner) }
    writer.unknown(table.unknownFields)
    return writer.buffer
  }

  private static func write(
    _ column: ColumnSchema, isNotNull: Bool, to writer: FieldWriter
  ) throws(UpkeepError) {
    writer.text(ColumnTag.name, column.name)
    writer.byte(ColumnTag.type, column.type.rawValue)
    if let declared = column.declaredType { writer.text(ColumnTag.declaredType, declared) }
    writer.flag(ColumnTag.notNull, isNotNull)
    if let expression = column.defaultExpression { try writer.expression(ColumnTag.defaultValue, expression) }
    if column.collation != .binary { writer.byte(ColumnTag.collation, column.collation.rawValue) }
    if column.missingValue != .null {
      let value = ByteBuffer()
      ExpressionCodec.append(column.missingValue, to: value)
      writer.bytes(ColumnTag.missingValue, value.bytes)
    }
    if let rule = column.merge {
      let bytes = ByteBuffer()
      try MergeRuleCodec.append(rule, to: bytes)
      withExtendedLifetime(bytes) { writer.bytes(ColumnTag.mergeRule, bytes.bytes) }
    }
  }

  private static func write(_ part: IndexPart, isNotNull: Bool, to writer: FieldWriter) throws(UpkeepError) {
    try writer.expression(PartTag.expression, part.expression)
    writer.flag(PartTag.descending, part.isDescending)
    if let collation = part.collation { writer.byte(PartTag.collation, collation.rawValue) }
    writer.flag(PartTag.notNull, isNotNull)
  }

  static func entry(_ index: IndexSchema, of table: UInt64) throws(UpkeepError) -> ByteBuffer {
    let writer = FieldWriter(buffer: ByteBuffer())
    writer.text(IndexTag.name, index.name)
    writer.word(IndexTag.table, table)
    writer.word(IndexTag.tree, index.tree.rawValue)
    for (position, part) in index.definition.parts.enumerated() {
      try writer.nested(IndexTag.part) { (writer) throws(UpkeepError) in
        try write(part, isNotNull: !index.parts[position].key.isNullable, to: writer)
      }
    }
    writer.flag(IndexTag.unique, index.isUnique)
    if let predicate = index.predicateExpression { try writer.expression(IndexTag.predicate, predicate) }
    writer.flag(IndexTag.constraint, index.isConstraint)
    writer.flag(IndexTag.nullsAreEqual, index.nullsAreEqual)
    writer.unknown(index.unknownFields)
    return writer.buffer
  }

  static func bucketEntry(_ bucket: BucketSchema) -> ByteBuffer {
    let writer = FieldWriter(buffer: ByteBuffer())
    writer.word(BucketTag.tree, bucket.tree.rawValue)
    if let types = bucket.types {
      writer.text(BucketTag.keyType, types.key)
      writer.text(BucketTag.valueType, types.value)
    }
    return writer.buffer
  }

  // MARK: Reading

  /// A table's entry; its indexes come from theirs.
  struct TableEntry {
    var id: UInt64
    var tree = TreeID(rawValue: 0)
    var definition = TableDefinition("", columns: [])
    var missingValues: [Value] = []
    var unknownFields: [CatalogField] = []
  }

  static func table(_ id: UInt64, _ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> TableEntry {
    var entry = TableEntry(id: id)
    var fields = FieldReader(bytes, of: "the catalog's entry of table \(id)")
    while let field = try fields.next() {
      switch field.tag {
      case TableTag.name: entry.definition.name = try field.text()
      case TableTag.tree: entry.tree = TreeID(rawValue: try field.word())
      case TableTag.column:
        let (column, missing) = try column(field.fields)
        entry.definition.columns.append(column)
        entry.missingValues.append(missing)
      case TableTag.keyPart: entry.definition.primaryKey.append(try part(field.fields).part)
      case TableTag.check: entry.definition.checks.append(try check(field.fields))
      case TableTag.autoincrement: entry.definition.isAutoincrement = try field.flag()
      case TableTag.primaryKeyName: entry.definition.primaryKeyName = try field.text()
      case TableTag.owner:
        entry.definition.owner = try field.word()
        entry.definition.isTemporary = true
      default: entry.unknownFields.append(try field.unknown())
      }
    }
    do { try SchemaRules.check(entry.definition) } catch { throw fields.corrupt(error.message) }
    return entry
  }

  private static func column(_ fields: FieldReader) throws(UpkeepError) -> (ColumnDefinition, Value) {
    var fields = fields
    var column = ColumnDefinition("", .any)
    var missing = Value.null
    while let field = try fields.next() {
      switch field.tag {
      case ColumnTag.name: column.name = try field.text()
      case ColumnTag.type: column.type = try field.type()
      case ColumnTag.declaredType: column.declaredType = try field.text()
      case ColumnTag.notNull: column.isNullable = !(try field.flag())
      case ColumnTag.defaultValue: column.defaultValue = try field.expression()
      case ColumnTag.collation: column.collation = try field.collation()
      case ColumnTag.mergeRule: column.merge = try MergeRuleCodec.decode(field.bytes, of: field.place)
      case ColumnTag.missingValue: missing = try ExpressionCodec.decodeValue(field.bytes, of: field.place)
      default: _ = try field.unknown()
      }
    }
    return (column, missing)
  }

  private static func part(_ fields: FieldReader) throws(UpkeepError) -> (part: IndexPart, isNullable: Bool) {
    var fields = fields
    var part = IndexPart(.literal(.null))
    var isNullable = true
    while let field = try fields.next() {
      switch field.tag {
      case PartTag.expression: part.expression = try field.expression()
      case PartTag.descending: part.isDescending = try field.flag()
      case PartTag.collation: part.collation = try field.collation()
      case PartTag.notNull: isNullable = !(try field.flag())
      default: _ = try field.unknown()
      }
    }
    return (part, isNullable)
  }

  private static func check(_ fields: FieldReader) throws(UpkeepError) -> CheckDefinition {
    var fields = fields
    var check = CheckDefinition(nil, .literal(.null))
    while let field = try fields.next() {
      switch field.tag {
      case CheckTag.name: check.name = try field.text()
      case CheckTag.condition: check.condition = try field.expression()
      case CheckTag.text: check.text = try field.text()
      default: _ = try field.unknown()
      }
    }
    return check
  }

  /// An index's entry.
  struct IndexEntry {
    var id: UInt64
    var table: UInt64 = 0
    var tree = TreeID(rawValue: 0)
    var definition = IndexDefinition(nil, on: "", parts: [])
    var nullable: [Bool] = []
    var isConstraint = false
    var unknownFields: [CatalogField] = []
  }

  static func index(_ id: UInt64, _ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> IndexEntry {
    var entry = IndexEntry(id: id)
    var fields = FieldReader(bytes, of: "the catalog's entry of index \(id)")
    while let field = try fields.next() {
      switch field.tag {
      case IndexTag.name: entry.definition.name = try field.text()
      case IndexTag.table: entry.table = try field.word()
      case IndexTag.tree: entry.tree = TreeID(rawValue: try field.word())
      case IndexTag.part:
        let (part, isNullable) = try part(field.fields)
        entry.definition.parts.append(part)
        entry.nullable.append(isNullable)
      case IndexTag.unique: entry.definition.isUnique = try field.flag()
      case IndexTag.predicate: entry.definition.predicate = try field.expression()
      case IndexTag.constraint: entry.isConstraint = try field.flag()
      case IndexTag.nullsAreEqual: entry.definition.nullsAreEqual = try field.flag()
      default: entry.unknownFields.append(try field.unknown())
      }
    }
    guard entry.definition.name != nil else { throw fields.corrupt("it has no name") }
    do { try SchemaRules.check(entry.definition) } catch { throw fields.corrupt(error.message) }
    return entry
  }

  static func bucket(_ name: String, _ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> BucketSchema {
    var tree: TreeID?
    var key: String?
    var value: String?
    var fields = FieldReader(bytes, of: "the catalog's entry of bucket \(name)")
    while let field = try fields.next() {
      switch field.tag {
      case BucketTag.tree: tree = TreeID(rawValue: try field.word())
      case BucketTag.keyType: key = try field.text()
      case BucketTag.valueType: value = try field.text()
      default: _ = try field.unknown()
      }
    }
    guard let tree else { throw fields.corrupt("it has no tree") }
    guard let key, let value else { return BucketSchema(tree: tree, types: nil) }
    return BucketSchema(tree: tree, types: BucketTypes(key: key, value: value))
  }
}
