internal import UpkeepStorage

/// Reads records of comma- or tab-separated text from a source, in pieces, and hands out their fields as
/// bytes without making anything for a field.
///
/// The format is RFC 4180 with what real files do to it:
/// - a line ends with LF, CRLF or CR; the last one need not end; empty lines are passed over
/// - a field that begins with `"` ends with the next single `"`; `""` within stands for `"`; separators and
///   line ends within belong to the field
/// - a `"` later in a field that does not begin with one is an ordinary character
/// - a byte-order mark at the start is passed over
///
/// Tab-separated text is the same with a tab, as SQLite and spreadsheets write it: backslashes are ordinary. So is text
/// with another separator.
///
/// A record that cannot be understood (text after a closing quote, NUL, bad UTF-8) is handed out with its
/// `problem`, and reading goes on with the next line. A file that ends within quotes, or a field above
/// 64 MB, ends the reading with an error, as what the rest of the file means is then a guess.
package final class CSVReader {
  /// How fields are separated.
  package enum Format: Sendable {
    case csv
    case tsv

    var separator: UInt8 { self == .csv ? UInt8(ascii: ",") : 9 }
  }

  /// One field of the current record.
  struct Field {
    var start: Int
    var count: Int
    var wasQuoted: Bool
    /// Its bytes lie in `unescaped`, not in `buffer`.
    var isUnescaped: Bool
  }

  /// The longest field.
  package static let fieldLimit = 64 << 20
  /// The longest record: a field of the longest kind with every quote doubled, and room for others.
  private static let recordLimit = 160 << 20
  /// Fields above this number are counted and not kept.
  private static let keptFieldLimit = 1 << 16

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private let source: any ByteSource
  private let separator: UInt8
  @exclusivity(unchecked) private var buffer: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var capacity: Int
  /// The current record begins here; what lies before is done with.
  @exclusivity(unchecked) private var recordStart = 0
  @exclusivity(unchecked) private var recordEnd = 0
  /// Where the record after it begins.
  @exclusivity(unchecked) private var nextStart = 0
  @exclusivity(unchecked) private var filled = 0
  @exclusivity(unchecked) private var sourceHasEnded = false
  @exclusivity(unchecked) private var isAtFileStart = true
  /// The fields that are kept. What changes with each field lies behind a pointer, which is not checked.
  @exclusivity(unchecked) private var fields: UnsafeMutablePointer<Field>
  @exclusivity(unchecked) private var fieldCapacity = 16
  private let unescaped = ByteBuffer(capacity: 1024)
  @exclusivity(unchecked) private var nextLine = 1

  /// The line on which the current record begins, from 1.
  @exclusivity(unchecked) package private(set) var line = 0
  /// How many fields the current record has.
  @exclusivity(unchecked) package private(set) var fieldCount = 0
  /// How many of them are kept; the others are beyond what any table has.
  package var keptFieldCount: Int { min(fieldCount, Self.keptFieldLimit) }
  /// Why the current record cannot be used, if so.
  @exclusivity(unchecked) package private(set) var problem: UpkeepError?
  /// How many bytes of the source lie before the next record.
  @exclusivity(unchecked) package private(set) var bytesRead = 0
  /// Whether empty lines are passed over; in a file of one column they are rows.
  @exclusivity(unchecked) package var skipsEmptyLines = true

  /// - Parameter separator: what stands between fields, where it is not what the format says.
  package init(
    _ source: any ByteSource, format: Format = .csv, separator: UInt8? = nil, bufferSize: Int = 256 << 10
  ) {
    self.source = source
    self.separator = separator ?? format.separator
    capacity = max(bufferSize, 64)
    buffer = .allocate(capacity: capacity)
    fields = .allocate(capacity: fieldCapacity)
  }

  deinit {
    buffer.deallocate()
    fields.deallocate()
  }

  /// The bytes of a field of the current record, without its quotes; valid until `next()`.
  package func bytes(_ field: Int) -> UnsafeRawBufferPointer {
    let field = fields[field]
    let start = field.isUnescaped ? UnsafeRawPointer(unescaped.base) : UnsafeRawPointer(buffer)
    return UnsafeRawBufferPointer(start: start + field.start, count: field.count)
  }

  /// Whether a field of the current record stood in quotes.
  package func wasQuoted(_ field: Int) -> Bool { fields[field].wasQuoted }

  /// The kept fields of the current record and where their bytes lie; valid until `next()`.
  var places: (fields: UnsafePointer<Field>, plain: UnsafeRawPointer, unescaped: UnsafeRawPointer) {
    (UnsafePointer(fields), UnsafeRawPointer(buffer), UnsafeRawPointer(unescaped.base))
  }

  /// The current record as it was, without its line end; valid until `next()`.
  package var record: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer + recordStart, count: recordEnd - recordStart)
  }

  /// Goes to the next record, or returns false at the end.
  package func next() throws(UpkeepError) -> Bool {
    repeat {
      bytesRead += nextStart - recordStart
      recordStart = nextStart
      line = nextLine
      if isAtFileStart { try passOverByteOrderMark() }
      while true {
        switch try scan() {
        case .record: break
        case .end: return false
        case .needsMore:
          try fill()
          continue
        }
        break
      }
    } while skipsEmptyLines && recordEnd == recordStart
    if problem == nil { problem = textProblem() }
    return true
  }

  // MARK: - Filling

  /// Reads on until twice as much of the record is at hand, so that scanning it again from its start
  /// costs no more than reading it.
  private func fill() throws(UpkeepError) {
    let kept = filled - recordStart
    guard kept <= Self.recordLimit else {
      throw UpkeepError.badLine(
        line, "the record is longer than \(Self.recordLimit >> 20) MB; is a quote missing?")
    }
    if recordStart > 0 {
      buffer.update(from: buffer + recordStart, count: kept)
      recordStart = 0
      filled = kept
      nextStart = 0
    }
    if filled * 2 > capacity {
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      larger.update(from: buffer, count: filled)
      buffer.deallocate()
      buffer = larger
      capacity *= 2
    }
    while !sourceHasEnded && filled < max(kept * 2, 1) {
      let room = UnsafeMutableRawBufferPointer(start: buffer + filled, count: capacity - filled)
      let count = try source.read(into: room)
      if count == 0 { sourceHasEnded = true }
      filled += count
    }
  }

  private func passOverByteOrderMark() throws(UpkeepError) {
    while filled < 3 && !sourceHasEnded {
      let room = UnsafeMutableRawBufferPointer(start: buffer + filled, count: capacity - filled)
      let count = try source.read(into: room)
      if count == 0 { sourceHasEnded = true }
      filled += count
    }
    isAtFileStart = false
    if filled >= 2, (buffer[0], buffer[1]) == (0xFE, 0xFF) || (buffer[0], buffer[1]) == (0xFF, 0xFE) {
      throw UpkeepError.badLine(1, "the file is UTF-16; convert it to UTF-8")
    }
    if filled >= 3, (buffer[0], buffer[1], buffer[2]) == (0xEF, 0xBB, 0xBF) {
      recordStart = 3
      bytesRead = 3
    }
  }

  // MARK: - Scanning

  private enum Scan { case record, end, needsMore }

  /// Reads the record at `recordStart` as far as bytes are at hand.
  private func scan() throws(UpkeepError) -> Scan {
    unescaped.removeAll()
    fieldCount = 0
    problem = nil
    var lineBreaks = 0
    let base = buffer
    let end = base + filled
    var p = base + recordStart
    if p == end { return sourceHasEnded ? .end : .needsMore }
    while true {
      if p < end && p.pointee == Self.quote {
        let content = p + 1
        guard let closing = try findClosingQuote(content, end, &lineBreaks) else { return .needsMore }
        try addQuotedField(content, closing.quote, doubledQuotes: closing.doubledQuotes)
        p = closing.quote + 1
        if p < end, p.pointee != separator, p.pointee != Self.newline, p.pointee != Self.carriageReturn {
          problem = .badLine(
            line + lineBreaks,
            "field \(fieldCount) goes on after its closing quote; write a quote within quotes twice")
          p = findLineEnd(p, end)
        }
      } else {
        let start = p
        p = findFieldEnd(p, end)
        if p == end && !sourceHasEnded { return .needsMore }
        try addField(start - base, p - start, wasQuoted: false, isUnescaped: false)
      }
      if p == end {
        guard sourceHasEnded else { return .needsMore }
        finish(p - base, next: p - base, lineBreaks)
        return .record
      }
      switch p.pointee {
      case separator: p += 1
      case Self.newline:
        finish(p - base, next: p - base + 1, lineBreaks + 1)
        return .record
      default:
        if p + 1 == end && !sourceHasEnded { return .needsMore }
        let isPair = p + 1 < end && p[1] == Self.newline
        finish(p - base, next: p - base + (isPair ? 2 : 1), lineBreaks + 1)
        return .record
      }
    }
  }

  private func finish(_ end: Int, next: Int, _ lineBreaks: Int) {
    recordEnd = end
    nextStart = next
    nextLine = line + lineBreaks
  }

  /// The separator or line end at or after `p`, or `end`.
  @inline(__always)
  private func findFieldEnd(
    _ start: UnsafeMutablePointer<UInt8>, _ end: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let separators = FeedText.pattern(separator)
    let newlines = FeedText.pattern(Self.newline)
    let returns = FeedText.pattern(Self.carriageReturn)
    var p = start
    while end - p >= 8 {
      let word = FeedText.word(p)
      let marks =
        FeedText.marks(word, separators) | FeedText.marks(word, newlines) | FeedText.marks(word, returns)
      if marks != 0 { return p + marks.trailingZeroBitCount / 8 }
      p += 8
    }
    while p < end, p.pointee != separator, p.pointee != Self.newline, p.pointee != Self.carriageReturn {
      p += 1
    }
    return p
  }

  /// The line end at or after `p`, or `end`.
  private func findLineEnd(
    _ start: UnsafeMutablePointer<UInt8>, _ end: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    var p = start
    while p < end, p.pointee != Self.newline, p.pointee != Self.carriageReturn { p += 1 }
    return p
  }

  /// The quote that ends the field whose content begins at `start`, or nil if more must be read to know.
  @inline(__always)
  private func findClosingQuote(
    _ start: UnsafeMutablePointer<UInt8>, _ end: UnsafeMutablePointer<UInt8>, _ lineBreaks: inout Int
  ) throws(UpkeepError) -> (quote: UnsafeMutablePointer<UInt8>, doubledQuotes: Int)? {
    let quotes = FeedText.pattern(Self.quote)
    let newlines = FeedText.pattern(Self.newline)
    let returns = FeedText.pattern(Self.carriageReturn)
    let openingLine = line + lineBreaks
    var doubledQuotes = 0
    var p = start
    while true {
      while end - p >= 8 {
        let word = FeedText.word(p)
        let marks =
          FeedText.marks(word, quotes) | FeedText.marks(word, newlines) | FeedText.marks(word, returns)
        if marks != 0 {
          p += marks.trailingZeroBitCount / 8
          break
        }
        p += 8
      }
      guard p < end else {
        guard sourceHasEnded else { return nil }
        throw UpkeepError.badLine(openingLine, "the file ends within the quotes that open here")
      }
      switch p.pointee {
      case Self.newline: lineBreaks += 1
      case Self.carriageReturn:
        if p + 1 == end && !sourceHasEnded { return nil }
        if p + 1 == end || p[1] != Self.newline { lineBreaks += 1 }
      case Self.quote:
        if p + 1 == end && !sourceHasEnded { return nil }
        guard p + 1 < end, p[1] == Self.quote else { return (p, doubledQuotes) }
        doubledQuotes += 1
        p += 1
      default: break
      }
      p += 1
    }
  }

  // MARK: - Fields

  @inline(__always)
  private func addField(_ start: Int, _ count: Int, wasQuoted: Bool, isUnescaped: Bool) throws(UpkeepError) {
    fieldCount += 1
    guard count <= Self.fieldLimit else {
      throw UpkeepError.badLine(line, "field \(fieldCount) is longer than 64 MB; is a quote missing?")
    }
    guard fieldCount <= Self.keptFieldLimit else { return }
    if fieldCount > fieldCapacity { growFields() }
    fields[fieldCount &- 1] = Field(
      start: start, count: count, wasQuoted: wasQuoted, isUnescaped: isUnescaped)
  }

  @inline(never)
  private func growFields() {
    let larger = UnsafeMutablePointer<Field>.allocate(capacity: fieldCapacity * 2)
    larger.update(from: fields, count: fieldCapacity)
    fields.deallocate()
    fields = larger
    fieldCapacity *= 2
  }

  private func addQuotedField(
    _ start: UnsafeMutablePointer<UInt8>, _ end: UnsafeMutablePointer<UInt8>, doubledQuotes: Int
  ) throws(UpkeepError) {
    guard doubledQuotes > 0 else {
      return try addField(start - buffer, end - start, wasQuoted: true, isUnescaped: false)
    }
    let offset = unescaped.count
    let count = end - start - doubledQuotes
    var target = unescaped.extend(by: count).assumingMemoryBound(to: UInt8.self)
    var p = start
    while p < end {
      target.initialize(to: p.pointee)
      target += 1
      p += p.pointee == Self.quote ? 2 : 1
    }
    try addField(offset, count, wasQuoted: true, isUnescaped: true)
  }

  private func textProblem() -> UpkeepError? {
    let bytes = UnsafeBufferPointer(start: buffer + recordStart, count: recordEnd - recordStart)
    switch FeedText.flaw(in: bytes) {
    case nil: return nil
    case .nul: return .badLine(line, "the line holds a NUL byte; text cannot")
    case .notUTF8: return .badLine(line, "the line is not UTF-8; convert the file to UTF-8")
    }
  }
}

extension UpkeepError {
  /// A line of a feed that cannot be read. The message does not name the line: `rowNumber` does.
  static func badLine(_ line: Int, _ reason: String) -> UpkeepError {
    var error = UpkeepError(.badInput, reason)
    error.rowNumber = line
    return error
  }
}
