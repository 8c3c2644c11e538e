internal import UpkeepStorage

/// The rows of a file of JSON objects, whose names are columns. A record gives the columns that it names and no others;
/// a record that is an array gives values by position, where the feed's columns are named from outside.
final class JSONRows: FeedRows {
  /// A name that was seen.
  private struct Name {
    let bytes: [UInt8]
    let place: FeedColumns.Place
  }

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
  /// By column, which member of the current record it is; negative where none is.
  private var members: [Int]
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
    members = [Int](repeating: -1, count: schema.columns.count)
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

  /// The current record by columns.
  private struct Text: RowText {
    let rows: JSONRows

    @inline(__always)
    func field(_ ordinal: Int) -> RowTextField {
      let member = rows.members[ordinal]
      if member < 0 { return .absent }
      switch rows.reader.kind(member) {
      case .null: return .null
      case .boolean(let boolean): return .value(.boolean(boolean))
      // A string's content, and a number as it stands: into the columns for which `isPlain` lets them.
      case .string: return .text(rows.reader.plainText(member))
      default: return .text(rows.reader.value(member))
      }
    }
  }

  /// Objects whose members are plain: each is a column's, none twice, and its text is what the column reads.
  func isTaken(by batch: UpsertBatch) -> Bool {
    guard reader.problem == nil, reader.isObject, null == nil else { return false }
    for ordinal in members.indices { members[ordinal] = -1 }
    for member in 0..<reader.memberCount {
      guard let place = try? ordinal(ofMember: member) else { return false }
      guard members[place] < 0, isPlain(member, schema.columns[place].type) else { return false }
      members[place] = member
    }
    return batch.takes(Text(rows: self))
  }

  @inline(__always)
  private func isPlain(_ member: Int, _ type: ValueType) -> Bool {
    switch reader.kind(member) {
    case .null, .boolean: true
    case .number: type == .integer || type == .real || type == .text
    case .string: type != .json && type != .any && !reader.hasEscapes(member)
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
    // Records mostly have the same names in the same order.
    let place: FeedColumns.Place
    if member < names.count, equal(names[member], bytes) {
      place = names[member].place
    } else {
      place = find(bytes)
    }
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

  @inline(__always)
  private func equal(_ name: Name, _ bytes: UnsafeRawBufferPointer) -> Bool {
    name.bytes.count == bytes.count && name.bytes.withUnsafeBytes { Bytes.equal($0, bytes) }
  }

  private func find(_ bytes: UnsafeRawBufferPointer) -> FeedColumns.Place {
    for name in names where equal(name, bytes) { return name.place }
    let name = TextBytes.string(bytes)
    var place = columns.place(of: name)
    if let taken, !taken.contains(Names.folded(name)) { place = .passedOver }
    if names.count < Self.keptNames { names.append(Name(bytes: Array(bytes), place: place)) }
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
