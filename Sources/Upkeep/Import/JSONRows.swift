internal import UpkeepStorage

/// The rows of a file of JSON objects, whose names are columns. A record gives the columns that it names and no others;
/// a record that is an array gives values by position, where the feed's columns are named from outside.
final class JSONRows: FeedRows {
  /// A name that was seen: where its bytes lie in `nameBytes`, and what it means.
  private struct Name {
    let offset: Int
    let count: Int
    /// The column, or one of the two below.
    let ordinal: Int
    let place: FeedColumns.Place
  }

  private static let passedOver = -1
  private static let unknown = -2
  /// Names above this number are looked up anew each time.
  private static let keptNames = 4096

  private let reader: JSONReader
  private let schema: TableSchema
  private let columns: FeedColumns
  private let isArrayFile: Bool
  /// The columns of arrays' values; nil for one that is passed over.
  private let ordinals: [Int?]?
  /// Of objects only these names are taken, if there are any; folded.
  private let taken: Set<String>?
  private let null: [UInt8]?
  private var names: ContiguousArray<Name> = []
  private let nameBytes = ByteBuffer()
  /// By column, which member of the current record it is; negative where none is.
  private let members: UnsafeMutablePointer<Int>
  /// By column, its type.
  private let types: UnsafeMutablePointer<ValueType>
  private let columnCount: Int
  let header: [UInt8]? = nil

  init(_ reader: JSONReader, _ schema: TableSchema, _ options: FeedOptions) throws(UpkeepError) {
    self.reader = reader
    self.schema = schema
    columns = FeedColumns(schema, options)
    isArrayFile = options.format == .json
    let columns = columns
    ordinals = try options.columns.map { names throws(UpkeepError) in try columns.ordinals(of: names) }
    taken = options.columns.map { Set($0.map(Names.folded)) }
    null = options.null.map { Array($0.utf8) }
    columnCount = schema.columns.count
    members = .allocate(capacity: max(columnCount, 1))
    members.initialize(repeating: -1, count: columnCount)
    types = .allocate(capacity: max(columnCount, 1))
    for column in schema.columns { (types + column.ordinal).initialize(to: column.type) }
  }

  deinit {
    members.deallocate()
    types.deallocate()
  }

  var line: Int { reader.line }
  var number: Int { isArrayFile ? reader.count : reader.line }
  var bytesRead: Int { reader.bytesRead }
  var record: UnsafeRawBufferPointer { reader.record }

  func next() throws(UpkeepError) -> Bool { try reader.next() }

  func read(into row: inout [Value?]) -> FeedRecordState {
    for ordinal in row.indices { row[ordinal] = nil }
    if let problem = reader.problem { return .unreadable(problem) }
    guard reader.isObject else { return readArray(into: &row) }
    var flaw: UpkeepError?
    var seen: UInt64 = 0
    for member in 0..<reader.memberCount {
      do throws(UpkeepError) {
        guard let ordinal = try ordinal(ofMember: member) else { continue }
        let isRepeated =
          ordinal < 64 ? seen & 1 << UInt64(ordinal) != 0 : row[ordinal] != nil
        if ordinal < 64 { seen |= 1 << UInt64(ordinal) }
        if isRepeated {
          row[ordinal] = nil
          throw repeated(ordinal)
        }
        row[ordinal] = try value(member, schema.columns[ordinal])
      } catch {
        flaw = flaw ?? error
      }
    }
    return flaw.map { .flawed($0) } ?? .good
  }

  /// The current record by columns: where things lie, so that no references are counted for a member.
  private struct Text: RowText {
    let memberOfColumn: UnsafePointer<Int>
    let members: UnsafePointer<JSONReader.Member>
    let record: UnsafeRawPointer

    @inline(__always)
    func field(_ ordinal: Int) -> RowTextField {
      let number = memberOfColumn[ordinal]
      if number < 0 { return .absent }
      let member = members + number
      let value = member.pointee.value
      switch member.pointee.kind {
      case .null: return .null
      case .boolean(let boolean): return .value(.boolean(boolean))
      // A string's content, and a number as it stands: into the columns for which `isPlain` lets them.
      case .string:
        return .text(
          UnsafeRawBufferPointer(start: record + (value.lowerBound &+ 1), count: value.count &- 2))
      default: return .text(UnsafeRawBufferPointer(start: record + value.lowerBound, count: value.count))
      }
    }
  }

  /// Objects whose members are plain: each is a column's, none twice, and its text is what the column reads.
  func isTaken(by encoder: RowEncoder) -> Bool {
    guard reader.problem == nil, reader.isObject, null == nil else { return false }
    members.update(repeating: -1, count: columnCount)
    let (places, record) = reader.places
    for number in 0..<reader.memberCount {
      let member = places + number
      if member.pointee.nameHasEscapes { return false }
      let bytes = UnsafeRawBufferPointer(
        start: record + member.pointee.name.lowerBound, count: member.pointee.name.count)
      let ordinal = column(named: bytes, at: number)
      if ordinal == Self.passedOver { continue }
      guard ordinal >= 0, members[ordinal] < 0, isPlain(member, types[ordinal]) else { return false }
      members[ordinal] = number
    }
    return encoder.take(
      Text(memberOfColumn: members, members: places, record: record))
  }

  @inline(__always)
  private func isPlain(_ member: UnsafePointer<JSONReader.Member>, _ type: ValueType) -> Bool {
    switch member.pointee.kind {
    case .null, .boolean: true
    case .number: type == .integer || type == .real || type == .text
    case .string: type != .json && type != .any && !member.pointee.hasEscapes
    case .object, .array: false
    }
  }

  private func readArray(into row: inout [Value?]) -> FeedRecordState {
    guard let ordinals else {
      return .unreadable(
        UpkeepError(.badInput, "the record is an array, whose values have no names; --columns names them"))
    }
    guard reader.memberCount == ordinals.count else {
      let count = reader.memberCount == 1 ? "1 value" : "\(reader.memberCount) values"
      return .unreadable(
        UpkeepError(.badInput, "the record has \(count) where the feed has \(ordinals.count) columns"))
    }
    var flaw: UpkeepError?
    for (member, ordinal) in ordinals.enumerated() {
      guard let ordinal else { continue }
      do throws(UpkeepError) {
        row[ordinal] = try value(member, schema.columns[ordinal])
      } catch {
        flaw = flaw ?? error
      }
    }
    return flaw.map { .flawed($0) } ?? .good
  }

  private func repeated(_ ordinal: Int) -> UpkeepError {
    var error = UpkeepError(
      .badInput,
      "the record gives \(schema.name).\(schema.columns[ordinal].name) twice; which one counts is a guess")
    error.table = schema.name
    error.column = schema.columns[ordinal].name
    return error
  }

  // MARK: - Names

  /// The column of a member; nil for one that is passed over.
  private func ordinal(ofMember member: Int) throws(UpkeepError) -> Int? {
    let bytes = try reader.name(member)
    let place = place(of: bytes, at: member)
    switch place {
    case .column(let ordinal): return ordinal
    case .passedOver: return nil
    case .unknown: throw unknown(bytes)
    }
  }

  private func unknown(_ bytes: UnsafeRawBufferPointer) -> UpkeepError {
    let name = TextBytes.string(bytes)
    if name == FeedNames.rawName {
      return UpkeepError(
        .badInput, "the record is a line that was no JSON, set aside before; mend what _raw holds")
    }
    return .unknownFeedColumn(columns.names.wanted(name), schema, "; --map \(name)= passes it over")
  }

  /// What a name means. Records mostly have the same names in the same order.
  @inline(__always)
  private func place(of bytes: UnsafeRawBufferPointer, at member: Int) -> FeedColumns.Place {
    if member < names.count, equal(names[member], bytes) { return names[member].place }
    return find(bytes)
  }

  /// The column that a name means, or that it is passed over or unknown.
  @inline(__always)
  private func column(named bytes: UnsafeRawBufferPointer, at member: Int) -> Int {
    if member < names.count, equal(names[member], bytes) { return names[member].ordinal }
    return Self.ordinal(of: find(bytes))
  }

  private static func ordinal(of place: FeedColumns.Place) -> Int {
    switch place {
    case .column(let ordinal): ordinal
    case .passedOver: passedOver
    case .unknown: unknown
    }
  }

  @inline(__always)
  private func equal(_ name: Name, _ bytes: UnsafeRawBufferPointer) -> Bool {
    name.count == bytes.count
      && Bytes.equal(
        UnsafeRawBufferPointer(start: nameBytes.base + name.offset, count: name.count), bytes)
  }

  private func find(_ bytes: UnsafeRawBufferPointer) -> FeedColumns.Place {
    for name in names where equal(name, bytes) { return name.place }
    let name = TextBytes.string(bytes)
    var place = columns.place(of: name)
    if let taken, !taken.contains(Names.folded(name)) { place = .passedOver }
    if names.count < Self.keptNames {
      names.append(
        Name(
          offset: nameBytes.count, count: bytes.count, ordinal: Self.ordinal(of: place), place: place))
      nameBytes.append(bytes)
    }
    return place
  }

  // MARK: - Values

  private func value(_ member: Int, _ column: ColumnSchema) throws(UpkeepError) -> Value {
    switch reader.kind(member) {
    case .null: return .null
    case .boolean(let boolean): return try Coercion.coerce(.boolean(boolean), to: column)
    case .number: return try JSONNumber.value(reader.value(member), column)
    case .string:
      if column.type == .json { return .json(TextBytes.string(reader.value(member))) }
      let text = try reader.text(member)
      if let null, null.count == text.count, null.withUnsafeBytes({ Bytes.equal($0, text) }) { return .null }
      return try Coercion.parse(text, to: column)
    case .object, .array: return try nested(reader.value(member), column)
    }
  }

  private func nested(_ bytes: UnsafeRawBufferPointer, _ column: ColumnSchema) throws(UpkeepError) -> Value {
    let text = TextBytes.string(bytes)
    switch column.type {
    case .json: return .json(text)
    case .text: return .text(text)
    default: break
    }
    if let blob = JSONBlob.bytes(bytes) { return try Coercion.coerce(.blob(blob), to: column) }
    if column.type == .any { return .json(text) }
    var error = UpkeepError(
      .typeMismatch,
      "\(column.table).\(column.name) is \(column.type.name) and takes no array or object; JSON and TEXT columns do"
    )
    error.table = column.table
    error.column = column.name
    error.value = Value.json(text).literalText
    throw error
  }
}

/// A blob as the shell writes it in JSON: `{"$blob":"AB12"}`.
enum JSONBlob {
  /// The bytes, or nil if it is another object.
  static func bytes(_ object: UnsafeRawBufferPointer) -> [UInt8]? {
    var rest = UnsafeRawBufferPointer(rebasing: object[...])
    func take(_ mark: StaticString) -> Bool {
      while let first = rest.first, JSONPlace.isSpace(first) { rest = .init(rebasing: rest.dropFirst()) }
      guard rest.count >= mark.utf8CodeUnitCount else { return false }
      for offset in 0..<mark.utf8CodeUnitCount where rest[offset] != mark.utf8Start[offset] { return false }
      rest = .init(rebasing: rest.dropFirst(mark.utf8CodeUnitCount))
      return true
    }
    guard take("{"), take("\"$blob\""), take(":"), take("\"") else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rest.count / 2)
    while rest.count >= 2, let high = NumberParser.hexDigit(rest[0]), let low = NumberParser.hexDigit(rest[1])
    {
      bytes.append(high << 4 | low)
      rest = .init(rebasing: rest.dropFirst(2))
    }
    return take("\"") && take("}") && rest.isEmpty ? bytes : nil
  }
}

/// Numbers of JSON as columns hold them: whole ones exactly or not at all.
enum JSONNumber {
  static func value(_ bytes: UnsafeRawBufferPointer, _ column: ColumnSchema) throws(UpkeepError) -> Value {
    switch column.type {
    case .integer, .real: return try Coercion.parse(bytes, to: column)
    case .text: return .text(TextBytes.string(bytes))
    case .json: return .json(TextBytes.string(bytes))
    case .any: return any(bytes)
    case .boolean, .timestamp, .uuid, .blob: return try Coercion.coerce(any(bytes), to: column)
    }
  }

  private static func any(_ bytes: UnsafeRawBufferPointer) -> Value {
    switch NumberParser.number(bytes) {
    case .integer(let integer): .integer(integer)
    case .real(let real): .real(real == 0 ? 0 : real)
    case nil: .null
    }
  }
}
