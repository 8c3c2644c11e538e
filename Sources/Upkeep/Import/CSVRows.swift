internal import UpkeepStorage

/// The rows of a file of separated text: its first line names columns, unless they are named otherwise.
final class CSVRows: FeedRows {
  private let reader: CSVReader
  private let schema: TableSchema
  /// The column of each field; nil for one that is passed over.
  private let ordinals: [Int?]
  private let null: [UInt8]?
  /// By column, which field it is; negative where none is.
  private let fields: UnsafeMutablePointer<Int>
  let header: [UInt8]?

  init(_ reader: CSVReader, _ schema: TableSchema, _ options: FeedOptions) throws(UpkeepError) {
    self.reader = reader
    self.schema = schema
    let columns = FeedColumns(schema, options)
    if let names = options.columns {
      ordinals = try columns.ordinals(of: names)
      header = Array(Self.line(names, options.textSeparator).utf8)
    } else {
      guard try reader.next() else {
        throw .badLine(1, "the feed is empty; its first line must name columns")
      }
      header = Array(reader.record)
      ordinals = try Self.ordinals(reader, columns, options)
    }
    null = options.null.map { Array($0.utf8) }
    fields = .allocate(capacity: max(schema.columns.count, 1))
    fields.initialize(repeating: -1, count: schema.columns.count)
    for (field, ordinal) in ordinals.enumerated() { if let ordinal { fields[ordinal] = field } }
    reader.skipsEmptyLines = ordinals.count > 1
  }

  deinit { fields.deallocate() }

  private static func ordinals(
    _ reader: CSVReader, _ columns: FeedColumns, _ options: FeedOptions
  ) throws(UpkeepError) -> [Int?] {
    if let problem = reader.problem { throw problem }
    let names = reader.names
    do throws(UpkeepError) {
      return try columns.ordinals(of: names)
    } catch {
      var error = error
      error.rowNumber = reader.line
      if error.code == .unknownColumn, let doubt = CSVReader.doubt(about: names, options) {
        error.message = "the feed's first line is \(doubt)"
      } else if error.code == .unknownColumn, error.name?.isEmpty == false {
        error.message += "; \(advice(names, columns))"
      }
      throw error
    }
  }

  /// What to do about names that the table lacks: where it has some of them the first line is one of names.
  private static func advice(_ names: [String], _ columns: FeedColumns) -> String {
    let unknown = names.filter { columns.place(of: $0) == .unknown }
    guard unknown.count < names.count else {
      return "the first line must name columns, or --columns names them"
    }
    let shown = unknown.prefix(8).map { name in
      name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? "--map \(name)=" : "--map '\(name)='"
    }
    let more = unknown.count > shown.count ? " and so on" : ""
    return
      "\(shown.joined(separator: " "))\(more) \(unknown.count > 1 ? "pass" : "passes") over what it lacks"
  }

  /// Names as a line of the feed.
  private static func line(_ names: [String], _ separator: UInt8) -> String {
    names.map { name in
      let isPlain = !name.utf8.contains { [separator, 0x22, 0x2C, 0x09, 0x0A, 0x0D].contains($0) }
      return isPlain ? name : "\"\(name.replacing("\"", with: "\"\""))\""
    }.joined(separator: String(UnicodeScalar(separator)))
  }

  var line: Int { reader.line }
  var number: Int { reader.line }
  var bytesRead: Int { reader.bytesRead }
  var record: UnsafeRawBufferPointer { reader.record }

  func next() throws(UpkeepError) -> Bool { try reader.next() }

  /// The current record by columns: where things lie, so that no references are counted for a field.
  private struct Text: RowText {
    let fieldOfColumn: UnsafePointer<Int>
    let fields: UnsafePointer<CSVReader.Field>
    let plain: UnsafeRawPointer
    let unescaped: UnsafeRawPointer
    let null: UnsafeRawBufferPointer?

    @inline(__always)
    func field(_ ordinal: Int) -> RowTextField {
      let number = fieldOfColumn[ordinal]
      if number < 0 { return .absent }
      let field = fields[number]
      let bytes = UnsafeRawBufferPointer(
        start: (field.isUnescaped ? unescaped : plain) + field.start, count: field.count)
      if !field.wasQuoted {
        if field.count == 0 { return .null }
        if let null, Bytes.equal(null, bytes) { return .null }
      }
      return .text(bytes)
    }
  }

  func isTaken(by encoder: RowEncoder) -> Bool {
    guard reader.problem == nil, reader.fieldCount == ordinals.count else { return false }
    guard let null else { return isTaken(by: encoder, null: nil) }
    return null.withUnsafeBytes { isTaken(by: encoder, null: $0) }
  }

  @inline(__always)
  private func isTaken(by encoder: RowEncoder, null: UnsafeRawBufferPointer?) -> Bool {
    let places = reader.places
    return encoder.take(
      Text(
        fieldOfColumn: fields, fields: places.fields, plain: places.plain, unescaped: places.unescaped,
        null: null))
  }

  func read(into row: inout [Value?]) -> FeedRecordState {
    if let problem = reader.problem { return .unreadable(problem) }
    if reader.fieldCount != ordinals.count { return .unreadable(wrongCount()) }
    var flaw: UpkeepError?
    for field in 0..<ordinals.count {
      guard let ordinal = ordinals[field] else { continue }
      let bytes = reader.bytes(field)
      if !reader.wasQuoted(field) && (bytes.isEmpty || isNull(bytes)) {
        row[ordinal] = .some(.null)
        continue
      }
      do throws(UpkeepError) {
        row[ordinal] = try Coercion.parse(bytes, to: schema.columns[ordinal])
      } catch {
        flaw = flaw ?? error
        row[ordinal] = nil
      }
    }
    return flaw.map { .flawed($0) } ?? .good
  }

  private func wrongCount() -> UpkeepError {
    let count = reader.fieldCount == 1 ? "1 field" : "\(reader.fieldCount) fields"
    let columns = ordinals.count == 1 ? "1 column" : "\(ordinals.count) columns"
    return UpkeepError(.badInput, "the line has \(count) where the feed has \(columns)")
  }

  @inline(__always)
  private func isNull(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let null, null.count == bytes.count else { return false }
    return null.withUnsafeBytes { Bytes.equal($0, bytes) }
  }
}

extension FeedOptions {
  /// What stands between the fields of separated text.
  var textSeparator: UInt8 { separator ?? format.separator ?? UInt8(ascii: ",") }
}

extension CSVReader {
  /// A reader of a feed of separated text.
  convenience init(_ source: any ByteSource, _ options: FeedOptions) {
    self.init(source, separator: options.textSeparator)
  }

  /// What speaks against a first line that is one column: within its name stands what elsewhere parts columns. Nil if
  /// nothing does, or if it was said what parts them.
  static func doubt(about names: [String], _ options: FeedOptions) -> String? {
    guard names.count == 1, options.separator == nil else { return nil }
    let signs: [(sign: UInt8, option: String)] = [
      (UInt8(ascii: ";"), "--separator ';'"), (9, "--as tsv"), (UInt8(ascii: "|"), "--separator '|'"),
      (UInt8(ascii: ","), "--as csv"),
    ]
    let found = signs.first { $0.sign != options.textSeparator && names[0].utf8.contains($0.sign) }
    guard let found else { return nil }
    let sign = found.sign == 9 ? "a tab" : String(UnicodeScalar(found.sign))
    let meant = "--separator '\(UnicodeScalar(options.textSeparator))' takes it as it is"
    return "one column, \(names[0].prefix(60)); \(found.option) says that \(sign) parts columns, \(meant)"
  }

  /// The fields of the current record as names: blanks around one that does not stand in quotes are no part of it.
  var names: [String] {
    (0..<keptFieldCount).map { field in
      let name = String(decoding: bytes(field), as: UTF8.self)
      return wasQuoted(field) ? name : Self.trimmed(name)
    }
  }

  private static func trimmed(_ name: String) -> String {
    var rest = Substring(name)
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }
}
