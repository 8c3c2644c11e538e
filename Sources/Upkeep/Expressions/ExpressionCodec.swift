package import UpkeepStorage

/// Expressions as bytes, for the catalog: a tag for each node, then its operands. The tags are told in
/// `Docs/FileFormat.md`; they never change their meaning.
package enum ExpressionCodec {
  enum Tag {
    static let literal: UInt8 = 1
    static let column: UInt8 = 2
    static let qualifiedColumn: UInt8 = 3
    static let parameter: UInt8 = 4
    static let unary: UInt8 = 5
    static let binary: UInt8 = 6
    static let isNull: UInt8 = 7
    static let inList: UInt8 = 8
    static let between: UInt8 = 9
    static let like: UInt8 = 10
    static let cases: UInt8 = 11
    static let cast: UInt8 = 12
    static let function: UInt8 = 13
    static let aggregate: UInt8 = 14
    static let collate: UInt8 = 15
  }

  /// The bits of the byte behind a tag that can be negated or has optional parts.
  enum Bit {
    static let negated: UInt8 = 1
    static let hasOperand: UInt8 = 2
    static let hasOtherwise: UInt8 = 4
    static let hasEscape: UInt8 = 8
    static let distinct: UInt8 = 16
  }

  /// Appends an expression.
  ///
  /// - Throws: `limit` if it is nested too deep.
  package static func append(_ expression: Expression, to buffer: ByteBuffer) throws(UpkeepError) {
    try append(expression, to: buffer, depth: 0)
  }

  /// Reads an expression that fills all of the bytes.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, of place: String = "an expression"
  ) throws(UpkeepError) -> Expression {
    var decoder = ExpressionDecoder(bytes: bytes, place: place)
    let expression = try decoder.expression(depth: 0)
    guard decoder.isAtEnd else { throw .corrupt(place, "bytes follow an expression's end") }
    return expression
  }

  private static func append(
    _ expression: Expression, to buffer: ByteBuffer, depth: Int
  ) throws(UpkeepError) {
    if depth > Expression.maximumDepth {
      throw UpkeepError(.limit, "an expression is nested more than \(Expression.maximumDepth) deep")
    }
    let depth = depth + 1
    switch expression {
    case .literal(let value):
      buffer.append(Tag.literal)
      append(value, to: buffer)
    case .column(let reference):
      buffer.append(reference.qualifier == nil ? Tag.column : Tag.qualifiedColumn)
      if let qualifier = reference.qualifier { append(qualifier, to: buffer) }
      append(reference.name, to: buffer)
    case .parameter(let number):
      buffer.append(Tag.parameter)
      buffer.append(littleEndian: UInt32(clamping: number))
    case .unary(let op, let operand):
      buffer.append(Tag.unary)
      buffer.append(op.rawValue)
      try append(operand, to: buffer, depth: depth)
    case .binary(let op, let left, let right):
      buffer.append(Tag.binary)
      buffer.append(op.rawValue)
      try append(left, to: buffer, depth: depth)
      try append(right, to: buffer, depth: depth)
    case .isNull(let operand, let negated):
      buffer.append(Tag.isNull)
      buffer.append(negated ? Bit.negated : 0)
      try append(operand, to: buffer, depth: depth)
    case .inList(let operand, let list, let negated):
      buffer.append(Tag.inList)
      buffer.append(negated ? Bit.negated : 0)
      try append(operand, to: buffer, depth: depth)
      try append(list, to: buffer, depth: depth)
    case .between(let operand, let low, let high, let negated):
      buffer.append(Tag.between)
      buffer.append(negated ? Bit.negated : 0)
      try append(operand, to: buffer, depth: depth)
      try append(low, to: buffer, depth: depth)
      try append(high, to: buffer, depth: depth)
    case .like(let operand, let pattern, let escape, let negated):
      buffer.append(Tag.like)
      buffer.append((negated ? Bit.negated : 0) | (escape == nil ? 0 : Bit.hasEscape))
      try append(operand, to: buffer, depth: depth)
      try append(pattern, to: buffer, depth: depth)
      if let escape { try append(escape, to: buffer, depth: depth) }
    case .cases(let operand, let branches, let otherwise):
      buffer.append(Tag.cases)
      buffer.append((operand == nil ? 0 : Bit.hasOperand) | (otherwise == nil ? 0 : Bit.hasOtherwise))
      if let operand { try append(operand, to: buffer, depth: depth) }
      buffer.append(littleEndian: UInt32(branches.count))
      for branch in branches {
        try append(branch.when, to: buffer, depth: depth)
        try append(branch.then, to: buffer, depth: depth)
      }
      if let otherwise { try append(otherwise, to: buffer, depth: depth) }
    case .cast(let operand, let type):
      buffer.append(Tag.cast)
      buffer.append(type.rawValue)
      try append(operand, to: buffer, depth: depth)
    case .function(let name, let arguments):
      buffer.append(Tag.function)
      append(name, to: buffer)
      try append(arguments, to: buffer, depth: depth)
    case .aggregate(let name, let arguments, let isDistinct, _, _):
      buffer.append(Tag.aggregate)
      buffer.append(isDistinct ? Bit.distinct : 0)
      append(name, to: buffer)
      try append(arguments, to: buffer, depth: depth)
    case .collate(let operand, let collation):
      buffer.append(Tag.collate)
      buffer.append(collation.rawValue)
      try append(operand, to: buffer, depth: depth)
    case .window(let call):
      throw UpkeepError(.misuse, "\(call.name)() OVER cannot be part of a table; columns of the row can")
    case .subquery, .exists, .inQuery, .row:
      throw UpkeepError(.misuse, "a subquery cannot be part of a table; columns of the row can")
    }
  }

  private static func append(_ list: [Expression], to buffer: ByteBuffer, depth: Int) throws(UpkeepError) {
    buffer.append(littleEndian: UInt32(list.count))
    for item in list { try append(item, to: buffer, depth: depth) }
  }

  private static func append(_ text: String, to buffer: ByteBuffer) {
    append(Array(text.utf8), to: buffer)
  }

  private static func append(_ bytes: [UInt8], to buffer: ByteBuffer) {
    buffer.append(littleEndian: UInt32(bytes.count))
    bytes.withUnsafeBytes { buffer.append($0) }
  }

  /// Appends a value: its type (0 for NULL), then 8 bytes, 1, 16, or a length and bytes.
  static func append(_ value: Value, to buffer: ByteBuffer) {
    buffer.append(value.storedType.rawValue)
    switch value {
    case .null: break
    case .integer(let integer): buffer.append(littleEndian: integer)
    case .real(let real): buffer.append(littleEndian: real.bitPattern)
    case .text(let text), .json(let text): append(text, to: buffer)
    case .blob(let bytes): append(bytes, to: buffer)
    case .boolean(let boolean): buffer.append(boolean ? 1 : 0)
    case .timestamp(let timestamp): buffer.append(littleEndian: timestamp.microseconds)
    case .uuid(let uuid):
      buffer.append(bigEndian: uuid.high)
      buffer.append(bigEndian: uuid.low)
    }
  }

  /// Reads a value that fills all of the bytes.
  static func decodeValue(_ bytes: UnsafeRawBufferPointer, of place: String) throws(UpkeepError) -> Value {
    var decoder = ExpressionDecoder(bytes: bytes, place: place)
    let value = try decoder.value()
    guard decoder.isAtEnd else { throw .corrupt(place, "bytes follow a value's end") }
    return value
  }
}

/// Reads expressions. The bytes may be anything: each count is held against what is left, and the depth is limited.
private struct ExpressionDecoder {
  let bytes: UnsafeRawBufferPointer
  let place: String
  var position = 0

  var isAtEnd: Bool { position == bytes.count }

  func corrupt(_ reason: String) -> UpkeepError { .corrupt(place, reason) }

  mutating func take(_ count: Int) throws(UpkeepError) -> UnsafeRawBufferPointer {
    guard count <= bytes.count - position else { throw corrupt("an expression is cut off") }
    position += count
    return UnsafeRawBufferPointer(rebasing: bytes[(position - count)..<position])
  }

  mutating func byte() throws(UpkeepError) -> UInt8 { try take(1)[0] }

  mutating func word() throws(UpkeepError) -> UInt64 {
    UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
  }

  mutating func count() throws(UpkeepError) -> Int {
    let count = Int(UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self)))
    // Whatever is counted takes at least one byte each.
    guard count <= bytes.count - position else { throw corrupt("a count in an expression is too large") }
    return count
  }

  mutating func text() throws(UpkeepError) -> String {
    let count = try count()
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw corrupt("a text in an expression is not UTF-8")
    }
    return text
  }

  mutating func bits(_ known: UInt8) throws(UpkeepError) -> UInt8 {
    let bits = try byte()
    guard bits & ~known == 0 else { throw corrupt("unknown bits \(bits) in an expression") }
    return bits
  }

  mutating func value() throws(UpkeepError) -> Value {
    guard let type = ValueType(rawValue: try byte()) else { throw corrupt("a value of unknown type") }
    switch type {
    case .any: return .null
    case .integer: return .integer(Int64(bitPattern: try word()))
    case .real:
      let real = Double(bitPattern: try word())
      if real.isNaN { throw corrupt("a NaN in an expression") }
      return .real(real)
    case .text: return .text(try text())
    case .json: return .json(try text())
    case .blob:
      let count = try count()
      return .blob(Array(try take(count)))
    case .boolean:
      let byte = try byte()
      guard byte <= 1 else { throw corrupt("a BOOLEAN is neither false nor true") }
      return .boolean(byte == 1)
    case .timestamp: return .timestamp(Timestamp(microseconds: Int64(bitPattern: try word())))
    case .uuid:
      let halves = try take(16)
      return .uuid(
        UUIDValue(
          high: UInt64(bigEndian: halves.loadUnaligned(as: UInt64.self)),
          low: UInt64(bigEndian: halves.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
    }
  }

  mutating func list(depth: Int) throws(UpkeepError) -> [Expression] {
    let count = try count()
    var list: [Expression] = []
    for _ in 0..<count { list.append(try expression(depth: depth)) }
    return list
  }

  mutating func expression(depth: Int) throws(UpkeepError) -> Expression {
    if depth > Expression.maximumDepth { throw corrupt("an expression is nested too deep") }
    let depth = depth + 1
    typealias Tag = ExpressionCodec.Tag
    typealias Bit = ExpressionCodec.Bit
    switch try byte() {
    case Tag.literal: return .literal(try value())
    case Tag.column: return .column(ColumnReference(try text()))
    case Tag.qualifiedColumn:
      let qualifier = try text()
      return .column(ColumnReference(try text(), of: qualifier))
    case Tag.parameter:
      return .parameter(Int(UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))))
    case Tag.unary:
      guard let op = UnaryOperator(rawValue: try byte()) else { throw corrupt("an unknown operator") }
      return .unary(op, try expression(depth: depth))
    case Tag.binary:
      guard let op = BinaryOperator(rawValue: try byte()) else { throw corrupt("an unknown operator") }
      let left = try expression(depth: depth)
      return .binary(op, left, try expression(depth: depth))
    case Tag.isNull:
      let bits = try bits(Bit.negated)
      return .isNull(try expression(depth: depth), negated: bits & Bit.negated != 0)
    case Tag.inList:
      let bits = try bits(Bit.negated)
      let operand = try expression(depth: depth)
      return .inList(operand, try list(depth: depth), negated: bits & Bit.negated != 0)
    case Tag.between:
      let bits = try bits(Bit.negated)
      let operand = try expression(depth: depth)
      let low = try expression(depth: depth)
      return .between(operand, low, try expression(depth: depth), negated: bits & Bit.negated != 0)
    case Tag.like:
      let bits = try bits(Bit.negated | Bit.hasEscape)
      let operand = try expression(depth: depth)
      let pattern = try expression(depth: depth)
      let escape = bits & Bit.hasEscape != 0 ? try expression(depth: depth) : nil
      return .like(operand, pattern: pattern, escape: escape, negated: bits & Bit.negated != 0)
    case Tag.cases: return try cases(depth: depth)
    case Tag.cast:
      guard let type = ValueType(rawValue: try byte()) else { throw corrupt("a cast to an unknown type") }
      return .cast(try expression(depth: depth), type)
    case Tag.function:
      let name = try text()
      return .function(name, try list(depth: depth))
    case Tag.aggregate:
      let bits = try bits(Bit.distinct)
      let name = try text()
      return .aggregate(name, try list(depth: depth), isDistinct: bits != 0)
    case Tag.collate:
      guard let collation = Collation(rawValue: try byte()) else { throw corrupt("an unknown collation") }
      return .collate(try expression(depth: depth), collation)
    case let other: throw corrupt("an unknown part of an expression, \(other)")
    }
  }

  private mutating func cases(depth: Int) throws(UpkeepError) -> Expression {
    typealias Bit = ExpressionCodec.Bit
    let bits = try bits(Bit.hasOperand | Bit.hasOtherwise)
    let operand = bits & Bit.hasOperand != 0 ? try expression(depth: depth) : nil
    let branchCount = try count()
    var branches: [CaseBranch] = []
    for _ in 0..<branchCount {
      let when = try expression(depth: depth)
      branches.append(CaseBranch(when: when, then: try expression(depth: depth)))
    }
    let otherwise = bits & Bit.hasOtherwise != 0 ? try expression(depth: depth) : nil
    return .cases(operand: operand, branches: branches, otherwise: otherwise)
  }
}
