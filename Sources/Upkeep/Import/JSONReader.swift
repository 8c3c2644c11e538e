internal import UpkeepStorage

/// Reads objects of JSON text from a source, in pieces, and hands out their members as bytes without making anything
/// for a member.
///
/// - Of `.json` the text is one array, whose elements are the records. What is no JSON ends the reading with an error,
///   as where the next element begins is then a guess.
/// - Of `.jsonl` each line that is not blank is a record. One that is no JSON is handed out with its `problem`, and
///   reading goes on with the next line.
///
/// A record is an object, or an array, whose values then have no names. Another value, a record that is not UTF-8 and a
/// name without text are problems of the record. A byte-order mark at the start is passed over.
package final class JSONReader {
  /// What a member's value is.
  package enum Kind: Sendable {
    case null
    case boolean(Bool)
    case number
    case string
    case object
    case array
  }

  /// One member of the current record; its places count from the record's start.
  struct Member {
    var name: Range<Int>
    var nameHasEscapes: Bool
    var value: Range<Int>
    var kind: Kind
    var hasEscapes: Bool
  }

  /// Members above this number are a problem of their record.
  private static let mostMembers = 1 << 16

  private let buffer: FeedBuffer
  private let isArray: Bool
  /// The members. What changes with each of them lies behind a pointer, which is not checked.
  @exclusivity(unchecked) private var members: UnsafeMutablePointer<Member>
  @exclusivity(unchecked) private var memberCapacity = 16
  private let unescaped = ByteBuffer(capacity: 1024)
  /// Where the current record lies, from the start of what is at hand, and what is done with when the next one is read.
  @exclusivity(unchecked) private var recordStart = 0
  @exclusivity(unchecked) private var recordEnd = 0
  @exclusivity(unchecked) private var taken = 0
  @exclusivity(unchecked) private var nextLine = 1
  @exclusivity(unchecked) private var state = State.start

  private enum State {
    case start
    /// An element was read: a comma or the array's end follows.
    case afterElement
    case ended
  }

  /// The line on which the current record begins, from 1.
  @exclusivity(unchecked) package private(set) var line = 0
  /// The current record's number, from 1.
  @exclusivity(unchecked) package private(set) var count = 0
  /// Why the current record cannot be used, if so.
  @exclusivity(unchecked) package private(set) var problem: UpkeepError?
  /// Whether the current record is an object; otherwise its values have no names.
  @exclusivity(unchecked) package private(set) var isObject = true

  /// - Parameter format: `.json`, else one object a line.
  package init(_ source: any ByteSource, format: FeedFormat, bufferSize: Int = 256 << 10) {
    buffer = FeedBuffer(source, size: bufferSize)
    isArray = format == .json
    members = .allocate(capacity: memberCapacity)
  }

  deinit { members.deallocate() }

  /// How many bytes of the source lie before the next record.
  package var bytesRead: Int { buffer.bytesRead }

  /// How many members the current record has.
  @exclusivity(unchecked) package private(set) var memberCount = 0

  /// The members of the current record and its beginning, from which their places count; valid until `next()`.
  var places: (members: UnsafePointer<Member>, record: UnsafeRawPointer) {
    (UnsafePointer(members), UnsafeRawPointer(buffer.base) + recordStart)
  }

  /// The current record as it was; valid until `next()`.
  package var record: UnsafeRawBufferPointer { bytes(0..<(recordEnd - recordStart)) }

  /// A member's name; valid until the next name or text is asked for.
  func name(_ member: Int) throws(UpkeepError) -> UnsafeRawBufferPointer {
    let member = members[member]
    guard member.nameHasEscapes else { return bytes(member.name) }
    return try unescape(bytes(member.name), "a name")
  }

  func kind(_ member: Int) -> Kind { members[member].kind }

  /// A member's value as it stands, a string with its quotes.
  func value(_ member: Int) -> UnsafeRawBufferPointer { bytes(members[member].value) }

  /// A member as it stands, with its name and quotes.
  func member(_ member: Int) -> UnsafeRawBufferPointer {
    bytes((members[member].name.lowerBound - 1)..<members[member].value.upperBound)
  }

  /// The text of a member that is a string; valid until the next name or text is asked for.
  func text(_ member: Int) throws(UpkeepError) -> UnsafeRawBufferPointer {
    let member = members[member]
    let content = bytes((member.value.lowerBound + 1)..<(member.value.upperBound - 1))
    return member.hasEscapes ? try unescape(content, "a string") : content
  }

  @inline(__always)
  private func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer.base + recordStart + range.lowerBound, count: range.count)
  }

  // MARK: - Records

  /// Goes to the next record, or returns false at the end.
  package func next() throws(UpkeepError) -> Bool {
    buffer.drop(taken)
    taken = 0
    if state == .start && count == 0 && buffer.bytesRead == 0 { try buffer.passOverByteOrderMark() }
    while true {
      line = nextLine
      switch isArray ? try scanElement() : try scanLine() {
      case .record:
        count += 1
        if problem == nil { problem = textProblem() }
        return true
      case .blank:
        buffer.drop(taken)
        taken = 0
      case .end: return false
      case .needsMore:
        guard try buffer.fill() else {
          throw .badLine(
            line,
            "the record is longer than \(FeedBuffer.recordLimit >> 20) MB; is a quote or bracket missing?")
        }
      }
    }
  }

  /// Reads all that there is as one record, whatever lines it takes.
  ///
  /// - Returns: false if it is none.
  func readAlone() throws(UpkeepError) -> Bool {
    while !buffer.sourceHasEnded { guard try buffer.fill() else { return false } }
    let (start, end) = begin()
    var place = JSONPlace(place: start, end: end)
    place.skipSpace()
    let first = place.place
    guard (try? readRecord(&place)) != nil else { return false }
    setRecord(first, place.place)
    problem = problem ?? textProblem()
    place.skipSpace()
    return place.place == end
  }

  private enum Scan { case record, blank, end, needsMore }

  private func begin() -> (start: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    memberCount = 0
    problem = nil
    let base = UnsafePointer(buffer.base)
    return (base + buffer.start, base + buffer.filled)
  }

  /// Reads the line at the start of what is at hand.
  private func scanLine() throws(UpkeepError) -> Scan {
    let (start, filled) = begin()
    let whole = UnsafeRawBufferPointer(start: start, count: filled - start)
    let lineEnd = TextBytes.firstIndex(of: UInt8(ascii: "\n"), in: whole)
    guard lineEnd != nil || buffer.sourceHasEnded else { return .needsMore }
    if whole.isEmpty { return .end }
    nextLine = line + 1
    taken = lineEnd.map { $0 + 1 } ?? whole.count
    var end = start + (lineEnd ?? whole.count)
    var place = JSONPlace(place: start, end: end)
    place.skipSpace()
    if place.place == end { return .blank }
    while JSONPlace.isSpace(end[-1]) { end -= 1 }
    setRecord(place.place, end)
    place = JSONPlace(place: place.place, end: end)
    do throws(JSONPlace.Flaw) {
      try readRecord(&place)
      place.skipSpace()
      if place.place < end { throw .other("something follows the record") }
    } catch {
      let reason = error.isEnd ? "the line ends within a value" : error.reason
      memberCount = 0
      problem = .badLine(line, "no JSON at column \(place.place - start + 1): \(reason)")
    }
    return .record
  }

  /// Reads the element at the start of what is at hand, with what stands before it.
  private func scanElement() throws(UpkeepError) -> Scan {
    if state == .ended { return .end }
    let (start, end) = begin()
    var place = JSONPlace(place: start, end: end)
    do throws(JSONPlace.Flaw) {
      place.skipSpace()
      if state == .start {
        guard try place.byte() == UInt8(ascii: "[") else {
          throw .other(
            "a JSON feed is an array of objects, and begins with [; --as jsonl takes one object a line")
        }
        place.place += 1
        place.skipSpace()
        if try place.byte() == UInt8(ascii: "]") { return try scanEnd(&place, start) }
      } else {
        switch try place.byte() {
        case UInt8(ascii: ","): place.place += 1
        case UInt8(ascii: "]"): return try scanEnd(&place, start)
        default: throw .expected("a comma or ]")
        }
        place.skipSpace()
      }
      let first = place.place
      try readRecord(&place)
      // A number may go on where more is read.
      if place.place == end && !buffer.sourceHasEnded { return .needsMore }
      state = .afterElement
      setRecord(first, place.place)
      line += lineBreaks(start, first)
      nextLine = line + lineBreaks(first, place.place)
      taken = place.place - start
      return .record
    } catch {
      if error.isEnd && !buffer.sourceHasEnded { return .needsMore }
      throw flaw(error, at: place.place, from: start)
    }
  }

  /// Behind the array only blanks may follow.
  private func scanEnd(_ place: inout JSONPlace, _ start: UnsafePointer<UInt8>) throws(JSONPlace.Flaw) -> Scan
  {
    place.place += 1
    place.skipSpace()
    if place.place < place.end { throw .other("something follows the end of the array") }
    if !buffer.sourceHasEnded { return .needsMore }
    state = .ended
    taken = place.place - start
    return .end
  }

  private func setRecord(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    recordStart = start - UnsafePointer(buffer.base)
    recordEnd = end - UnsafePointer(buffer.base)
  }

  private func lineBreaks(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
    var count = 0
    var place = start
    while place < end {
      if place.pointee == UInt8(ascii: "\n") { count += 1 }
      place += 1
    }
    return count
  }

  private func flaw(
    _ flaw: JSONPlace.Flaw, at place: UnsafePointer<UInt8>, from start: UnsafePointer<UInt8>
  ) -> UpkeepError {
    let errorLine = line + lineBreaks(start, place)
    if flaw.isEnd {
      return .badLine(errorLine, "the file ends within its array; is it whole?")
    }
    return .badLine(errorLine, "no JSON: \(flaw.reason)")
  }

  // MARK: - Members

  /// Reads a record, of an object or array its members.
  private func readRecord(_ place: inout JSONPlace) throws(JSONPlace.Flaw) {
    let first = place.place
    switch try place.byte() {
    case UInt8(ascii: "{"):
      isObject = true
      try readMembers(&place, first, until: UInt8(ascii: "}"))
    case UInt8(ascii: "["):
      isObject = false
      try readMembers(&place, first, until: UInt8(ascii: "]"))
    default:
      isObject = true
      try place.scalar()
      problem = .badLine(line, "the record is no object; it must be {…}, with a name for each value")
    }
  }

  private func readMembers(
    _ place: inout JSONPlace, _ first: UnsafePointer<UInt8>, until closing: UInt8
  ) throws(JSONPlace.Flaw) {
    place.place += 1
    place.skipSpace()
    if try place.byte() == closing {
      place.place += 1
      return
    }
    while true {
      var name = 1..<1
      var nameHasEscapes = false
      if isObject {
        guard try place.byte() == UInt8(ascii: "\"") else { throw .expected("a name in double quotes") }
        let start = place.place
        nameHasEscapes = try place.string()
        name = (start + 1 - first)..<(place.place - 1 - first)
        try place.colon()
      }
      let start = place.place
      var hasEscapes = false
      let kind = try readValue(&place, &hasEscapes)
      if memberCount < Self.mostMembers {
        if memberCount == memberCapacity { growMembers() }
        members[memberCount] = Member(
          name: name, nameHasEscapes: nameHasEscapes, value: (start - first)..<(place.place - first),
          kind: kind, hasEscapes: hasEscapes)
        memberCount &+= 1
      } else if problem == nil {
        problem = .badLine(line, "the record has more than \(Self.mostMembers) members")
      }
      place.skipSpace()
      let byte = try place.byte()
      if byte == UInt8(ascii: ",") {
        place.place += 1
        place.skipSpace()
      } else if byte == closing {
        place.place += 1
        return
      } else {
        throw .expected(isObject ? "a comma or }" : "a comma or ]")
      }
    }
  }

  @inline(never)
  private func growMembers() {
    let larger = UnsafeMutablePointer<Member>.allocate(capacity: memberCapacity * 2)
    larger.update(from: members, count: memberCount)
    members.deallocate()
    members = larger
    memberCapacity *= 2
  }

  @inline(__always)
  private func readValue(_ place: inout JSONPlace, _ hasEscapes: inout Bool) throws(JSONPlace.Flaw) -> Kind {
    switch try place.byte() {
    case UInt8(ascii: "\""):
      hasEscapes = try place.string()
      return .string
    case UInt8(ascii: "n"):
      try place.word("null")
      return .null
    case UInt8(ascii: "t"):
      try place.word("true")
      return .boolean(true)
    case UInt8(ascii: "f"):
      try place.word("false")
      return .boolean(false)
    case UInt8(ascii: "{"):
      try place.nested()
      return .object
    case UInt8(ascii: "["):
      try place.nested()
      return .array
    case UInt8(ascii: "-"), 0x30...0x39:
      try place.number()
      return .number
    default: throw .expected("a value")
    }
  }

  private func textProblem() -> UpkeepError? {
    let bytes = UnsafeBufferPointer(start: buffer.base + recordStart, count: recordEnd - recordStart)
    return switch FeedText.flaw(in: bytes) {
    case nil: nil
    case .nul: .badLine(line, "the record holds a NUL byte; text cannot")
    case .notUTF8: .badLine(line, "the record is not UTF-8; convert the file to UTF-8")
    }
  }

  // MARK: - Escapes

  /// The text that a string's content stands for.
  private func unescape(
    _ content: UnsafeRawBufferPointer, _ what: StaticString
  ) throws(UpkeepError) -> UnsafeRawBufferPointer {
    guard let flaw = JSONEscapes.append(content, to: unescaped) else { return unescaped.bytes }
    throw .badLine(line, "\(what) holds \(flaw)")
  }
}
