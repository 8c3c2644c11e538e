/// What a time value and its modifiers come to.
struct CivilTimeReader {
  private var draft: CivilDraft?
  /// The number that was given, until it is known what it counts.
  private var raw: Double?
  /// Whether it is known to be UTC, so that 'utc' has nothing to do.
  private var isUTC = false
  private let now: Timestamp?

  /// - Parameter now: what 'now' means; nil where the call does not tell the time, and asks for no zone.
  init(now: Timestamp?) { self.now = now }

  /// The moment that the values mean: the first tells it, the others change it. Nil where one of them means nothing, or the
  /// last of them leads out of the years that the functions know.
  static func read(_ values: ArraySlice<Value>, now: Timestamp?) throws(UpkeepError) -> CivilTime? {
    var reader = CivilTimeReader(now: now)
    guard let first = values.first else { return now.flatMap { CivilTime($0) } }
    guard reader.begin(first) else { return nil }
    for (number, modifier) in values.dropFirst().enumerated() {
      guard let text = modifier.castText, try reader.change(text, isFirst: number == 0) else { return nil }
    }
    return reader.draft?.moment()
  }

  private mutating func begin(_ value: Value) -> Bool {
    switch value {
    case .timestamp(let timestamp):
      isUTC = true
      return begin(CivilTime(timestamp))
    case .integer(let integer): return begin(number: Double(integer))
    case .real(let real): return begin(number: real)
    case .boolean(let truth): return begin(number: truth ? 1 : 0)
    default:
      guard let text = value.castText else { return false }
      let bytes = Array(text.utf8)
      if Names.equal(text, "now") { return begin(now.flatMap { CivilTime($0) }) }
      if let read = CivilTimeText.moment(bytes) {
        draft = read
        isUTC = CivilTimeText.hasZone(bytes)
        return true
      }
      guard let number = bytes.withUnsafeBytes({ NumberParser.number($0) }) else { return false }
      return begin(number: number.real)
    }
  }

  private mutating func begin(_ moment: CivilTime?) -> Bool {
    draft = moment.map { CivilDraft(milliseconds: $0.milliseconds) }
    return draft != nil
  }

  private mutating func begin(number: Double) -> Bool {
    raw = number
    if number >= 0, number < 5_373_484.5 {
      draft = CivilDraft(milliseconds: Int64(number * 86_400_000 + 0.5))
    }
    return true
  }

  // MARK: Modifiers

  /// - Returns: false if it is no modifier, or has no place here.
  private mutating func change(_ text: String, isFirst: Bool) throws(UpkeepError) -> Bool {
    let word = Names.folded(text)
    switch word {
    case "unixepoch":
      guard isFirst, let raw else { return false }
      return fromUnix(raw)
    case "auto":
      guard isFirst else { return false }
      guard let raw, draft == nil else { return true }
      return (-210_866_760_000...253_402_300_799).contains(raw) ? fromUnix(raw) : false
    case "julianday": return isFirst && raw != nil && draft != nil
    case "utc", "localtime": return try changeZone(word)
    case "start of day": return draft?.goToStart(of: .day) ?? false
    case "start of month": return draft?.goToStart(of: .month) ?? false
    case "start of year": return draft?.goToStart(of: .year) ?? false
    default: break
    }
    let bytes = Array(word.utf8)
    if word.hasPrefix("weekday ") {
      guard let number = bytes[8...].withUnsafeBytes({ NumberParser.number($0) }),
        let wanted = Int64(exactly: number.real), (0..<7).contains(wanted)
      else { return false }
      return draft?.goToWeekday(wanted) ?? false
    }
    return shift(bytes)
  }

  private mutating func changeZone(_ word: String) throws(UpkeepError) -> Bool {
    guard let before = draft else { return false }
    if word == "utc", isUTC { return true }
    guard now != nil else {
      throw UpkeepError(
        .unsupported,
        "'\(word)' asks for the zone of the system only where it is written in the call or given as a parameter"
      )
    }
    draft = word == "utc" ? before.ofLocal() : before.local()
    isUTC = word == "utc"
    return draft != nil
  }

  private mutating func fromUnix(_ seconds: Double) -> Bool {
    let milliseconds = seconds * 1000 + Double(CivilTime.unixEpoch)
    guard milliseconds >= 0, milliseconds < Double(CivilTime.known.upperBound) else { return false }
    draft = CivilDraft(milliseconds: Int64(milliseconds + 0.5))
    return true
  }

  /// `+3 days`, `-1.5 months`, `+02:30`
  private mutating func shift(_ bytes: [UInt8]) -> Bool {
    guard draft != nil, let first = bytes.first else { return false }
    let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
    guard isSigned || first &- 0x30 < 10 else { return false }
    let end =
      bytes.dropFirst().firstIndex { $0 == UInt8(ascii: ":") || NumberParser.isSpace($0) } ?? bytes.count
    guard let number = bytes[..<end].withUnsafeBytes({ NumberParser.number($0) }) else { return false }
    if end < bytes.count, bytes[end] == UInt8(ascii: ":") {
      guard let offset = CivilTimeText.shift(bytes[(isSigned ? 1 : 0)...]) else { return false }
      return draft?.add(first == UInt8(ascii: "-") ? -offset : offset) ?? false
    }
    var unit = String(decoding: bytes[end...].drop { NumberParser.isSpace($0) }, as: UTF8.self)
    if unit.utf8.count > 3, unit.hasSuffix("s") { unit.removeLast() }
    return add(number.real, unit)
  }

  private mutating func add(_ amount: Double, _ unit: String) -> Bool {
    let (seconds, limit, months): (Double, Double, Int64)
    switch unit {
    case "second": (seconds, limit, months) = (1, 4.6427e14, 0)
    case "minute": (seconds, limit, months) = (60, 7.7379e12, 0)
    case "hour": (seconds, limit, months) = (3600, 1.2897e11, 0)
    case "day": (seconds, limit, months) = (86_400, 5_373_485, 0)
    case "month": (seconds, limit, months) = (30 * 86_400, 176_546, 1)
    case "year": (seconds, limit, months) = (365 * 86_400, 14_713, 12)
    default: return false
    }
    guard abs(amount) < limit else { return false }
    var rest = amount
    if months > 0 {
      let whole = amount.rounded(.towardZero)
      guard draft?.add(months: Int64(whole) * months) ?? false else { return false }
      rest -= whole
    }
    return draft?.add(Int64(rest * 1000 * seconds + (amount < 0 ? -0.5 : 0.5))) ?? false
  }
}

extension NumberParser.Number {
  fileprivate var real: Double {
    switch self {
    case .integer(let integer): Double(integer)
    case .real(let real): real
    }
  }
}
