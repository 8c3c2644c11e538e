/// Finds a table for a feed by reading all of it: a column for each name, of the narrowest type that holds every value as
/// it is.
///
/// | the values | the type |
/// |---|---|
/// | whole numbers of 64 bits | INTEGER |
/// | numbers of at most 17 digits, and whole ones among them that a REAL holds | REAL |
/// | JSON's true and false | BOOLEAN |
/// | arrays and objects, whatever else there is | JSON |
/// | blobs as the shell writes them in JSON | BLOB |
/// | anything else, and numbers with zeros in front, a plus sign or blanks | TEXT |
///
/// Empty fields and null say nothing. Records that cannot be read are passed over: the load tells of them.
package final class TypeInference {
  /// What was seen in a column.
  private struct Seen: OptionSet {
    var rawValue: UInt8

    static let integer = Seen(rawValue: 1)
    /// A whole number that a REAL cannot hold.
    static let longInteger = Seen(rawValue: 2)
    static let real = Seen(rawValue: 4)
    static let text = Seen(rawValue: 8)
    static let boolean = Seen(rawValue: 16)
    static let nested = Seen(rawValue: 32)
    static let blob = Seen(rawValue: 64)

    var type: ValueType {
      if self == .blob { return .blob }
      if !isDisjoint(with: [.nested, .blob]) { return .json }
      if self == .boolean { return .boolean }
      if isEmpty || !isDisjoint(with: [.text, .boolean]) { return .text }
      guard contains(.real) else { return .integer }
      return contains(.longInteger) ? .text : .real
    }
  }

  private struct Column {
    let name: String
    var seen: Seen = []
  }

  private static let mostColumns = 2000

  private let options: FeedOptions
  private let names: FeedNames
  private let null: [UInt8]?
  private let progress: ((FeedProgress) -> Void)?
  private var columns: [Column] = []
  private var positions: [String: Int] = [:]
  private var rowCount = 0
  private var byteCount = 0

  package init(_ options: FeedOptions, progress: ((FeedProgress) -> Void)? = nil) {
    self.options = options
    self.progress = progress
    names = FeedNames(options)
    null = options.null.map { Array($0.utf8) }
  }

  /// Reads a file to its end.
  package func take(_ source: FeedSource) throws(UpkeepError) {
    do throws(UpkeepError) {
      switch options.format {
      case .csv, .tsv: try take(CSVReader(source.bytes, options))
      case .json, .jsonl: try take(JSONReader(source.bytes, format: options.format))
      }
    } catch {
      guard let line = error.rowNumber else { throw error }
      var located = error
      located.file = source.name
      located.message = "\(source.name.map { "\($0), " } ?? "")line \(line): \(error.message)"
      throw located
    }
  }

  /// The table: its columns in the order in which they were first named.
  ///
  /// - Parameter key: the columns of its primary key; empty for none.
  package func definition(key: [String]) throws(UpkeepError) -> TableDefinition {
    guard !columns.isEmpty else {
      throw UpkeepError(.badInput, "the feed names no columns, so that no table can be made for it")
    }
    for name in key where !columns.contains(where: { Names.equal($0.name, name) }) {
      let suggestion = Names.suggestion(for: name, among: columns.map(\.name))
      var error = UpkeepError(
        .unknownColumn, "the key \(name) is no column of the feed\(suggestion)")
      error.name = name
      throw error
    }
    return TableDefinition(
      options.table, columns: columns.map { ColumnDefinition($0.name, $0.seen.type) },
      primaryKey: key.map { IndexPart(column: $0) })
  }

  private func tell(_ bytes: Int) {
    rowCount += 1
    if rowCount % 16_384 == 0 { progress?(FeedProgress(rows: rowCount, bytes: byteCount + bytes)) }
  }

  /// The position of a name's column, which is made if it is new; nil if it is passed over.
  ///
  /// - Parameter number: which of the feed's columns it is, from 1, where they have an order.
  private func position(_ name: String, number: Int? = nil) throws(UpkeepError) -> Int? {
    if names.passesOver(name) { return nil }
    let wanted = names.wanted(name)
    if let known = positions[Names.folded(wanted)] { return known }
    guard !wanted.isEmpty else {
      throw .namelessFeedColumn(number)
    }
    guard columns.count < Self.mostColumns else {
      throw UpkeepError(.limit, "the feed has more than \(Self.mostColumns) columns")
    }
    positions[Names.folded(wanted)] = columns.count
    columns.append(Column(name: wanted))
    return columns.count - 1
  }

  private func positions(of given: [String]) throws(UpkeepError) -> [Int?] {
    var positions: [Int?] = []
    for (place, name) in given.enumerated() {
      let position = try position(name, number: place + 1)
      if let position, positions.contains(position) {
        throw UpkeepError(.badInput, "two columns of the feed are called \(columns[position].name)")
      }
      positions.append(position)
    }
    return positions
  }

  private func isNull(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let null, null.count == bytes.count else { return false }
    return null.withUnsafeBytes { Bytes.equal($0, bytes) }
  }

  // MARK: - Separated text

  private func take(_ reader: CSVReader) throws(UpkeepError) {
    let fields: [Int?]
    if let given = options.columns {
      fields = try positions(of: given)
    } else {
      guard try reader.next() else {
        throw .badLine(1, "the feed is empty; its first line must name columns")
      }
      if let problem = reader.problem { throw problem }
      let names = reader.names
      if let doubt = CSVReader.doubt(about: names, options) {
        throw .badLine(reader.line, "the feed's first line is \(doubt)")
      }
      fields = try positions(of: names)
    }
    reader.skipsEmptyLines = fields.count > 1
    while try reader.next() {
      tell(reader.bytesRead)
      guard reader.problem == nil, reader.fieldCount == fields.count else { continue }
      for (field, position) in fields.enumerated() {
        guard let position else { continue }
        let bytes = reader.bytes(field)
        if !reader.wasQuoted(field) && (bytes.isEmpty || isNull(bytes)) { continue }
        if columns[position].seen.contains(.text) { continue }
        columns[position].seen.formUnion(Self.seen(in: bytes))
      }
    }
    byteCount += reader.bytesRead
  }

  /// What a text is as a number.
  private static func seen(in bytes: UnsafeRawBufferPointer) -> Seen {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .text }
    var place = JSONPlace(place: start, end: start + bytes.count)
    guard (try? place.number()) != nil, place.place == place.end else { return .text }
    switch NumberParser.number(bytes) {
    case .integer(let integer): return Double(exactly: integer) == nil ? [.integer, .longInteger] : .integer
    case .real(let real): return real.isFinite && digitCount(bytes) <= 17 ? .real : .text
    case nil: return .text
    }
  }

  /// How many digits count: those without zeros around them.
  private static func digitCount(_ bytes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var zeros = 0
    for byte in bytes {
      if byte | 0x20 == UInt8(ascii: "e") { break }
      guard byte &- 0x30 < 10 else { continue }
      if byte == 0x30 {
        if count > 0 { zeros += 1 }
      } else {
        count += zeros + 1
        zeros = 0
      }
    }
    return count
  }

  // MARK: - JSON

  private func take(_ reader: JSONReader) throws(UpkeepError) {
    let ordered = try options.columns.map { given throws(UpkeepError) in try positions(of: given) }
    let taken = options.columns.map { Set($0.map(Names.folded)) }
    var known: [(name: [UInt8], position: Int?)] = []
    while try reader.next() {
      tell(reader.bytesRead)
      guard reader.problem == nil else { continue }
      if !reader.isObject && ordered?.count != reader.memberCount { continue }
      for member in 0..<reader.memberCount {
        var position = ordered.flatMap { reader.isObject ? nil : $0[member] }
        if reader.isObject {
          guard let name = try? reader.name(member) else { continue }
          if member < known.count, known[member].name.withUnsafeBytes({ Bytes.equal($0, name) }) {
            position = known[member].position
          } else {
            let text = TextBytes.string(name)
            let isTaken = text != FeedNames.rawName && taken?.contains(Names.folded(text)) ?? true
            position = isTaken ? try self.position(text) : nil
            if member == known.count, member < Self.mostColumns { known.append((Array(name), position)) }
          }
        }
        if let position { columns[position].seen.formUnion(seen(reader, member)) }
      }
    }
    byteCount += reader.bytesRead
  }

  private func seen(_ reader: JSONReader, _ member: Int) -> Seen {
    switch reader.kind(member) {
    case .null: return []
    case .boolean: return .boolean
    case .number: return Self.seen(in: reader.value(member))
    case .string:
      guard let text = try? reader.text(member), isNull(text) else { return .text }
      return []
    case .object: return JSONBlob.bytes(reader.value(member)) == nil ? .nested : .blob
    case .array: return .nested
    }
  }
}
