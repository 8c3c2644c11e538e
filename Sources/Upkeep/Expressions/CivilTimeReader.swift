/// What a time value and its modifiers come to.
struct CivilTimeReader {
  private var time: CivilTime?
  /// The number that was given, until it is known what it counts.
  private var raw: Double?
  /// Whether it is known to be UTC, so that 'utc' has nothing to do.
  private var isUTC = false
  private let now: Timestamp?

  /// - Parameter now: what 'now' means; nil where the call does not tell the time, and asks for no zone.
  init(now: Timestamp?) { self.now = now }

  /// The moment that the values mean: the first tells it, the others change it. Nil where one of them means nothing.
  static func read(_ values: ArraySlice<Value>, now: Timestamp?) throws(UpkeepError) -> CivilTime? {
    var reader = CivilTimeReader(now: now)
    guard let first = values.first else { return now.flatMap { CivilTime($0) } }
    guard reader.begin(first) else { return nil }
    for (number, modifier) in values.dropFirst().enumerated() {
      guard let text = modifier.castText, try reader.change(text, isFirst: number == 0) else { return nil }
    }
    return reader.time
  }

  private mutating func begin(_ value: Value) -> Bool {
    switch value {
    case .timestamp(let timestamp):
      time = CivilTime(timestamp)
      isUTC = true
      return time != nil
    case .integer(let integer): return begin(number: Double(integer))
    case .real(let real): return begin(number: real)
    case .boolean(let truth): return begin(number: truth ? 1 : 0)
    default:
      guard let text = value.castText else { return false }
      let bytes = Array(text.utf8)
      if Names.equal(text, "now") {
        time = now.flatMap { CivilTime($0) }
        return time != nil
      }
      if let read = CivilTimeText.moment(bytes) {
        time = read
        isUTC = CivilTimeText.hasZone(bytes)
        return true
      }
      guard let number = bytes.withUnsafeBytes({ NumberParser.number($0) }) else { return false }
      switch number {
      case .integer(let integer): return begin(number: Double(integer))
      case .real(let real): return begin(number: real)
      }
    }
  }

  private mutating func begin(number: Double) -> Bool {
    raw = number
    if number >= 0, number < 5_373_484.5 {
      time = CivilTime(milliseconds: Int64(number * 86_400_000 + 0.5))
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
      guard let raw, time == nil else { return true }
      return (-210_866_760_000...253_402_300_799).contains(raw) ? fromUnix(raw) : false
    case "julianday": return isFirst && raw != nil && time != nil
    case "utc", "localtime":
      guard let before = time else { return false }
      raw = nil
      if word == "utc", isUTC { return true }
      guard now != nil else {
        throw UpkeepError(
          .unsupported,
          "'\(word)' asks for the zone of the system only where it is written in the call or given as a parameter"
        )
      }
      time = word == "utc" ? before.ofLocal : before.local
      isUTC = word == "utc"
      return time != nil
    case "start of day", "start of month", "start of year": return truncate(word)
    default: break
    }
    raw = nil
    guard let time else { return false }
    let bytes = Array(word.utf8)
    if word.hasPrefix("weekday ") {
      guard case .integer(let wanted)? = bytes[8...].withUnsafeBytes({ NumberParser.number($0) }),
        (0..<7).contains(wanted)
      else { return false }
      return set(time.milliseconds + ((wanted - time.weekday + 7) % 7) * CivilTime.millisecondsOfDay)
    }
    return shift(bytes, time)
  }

  private mutating func set(_ milliseconds: Int64) -> Bool {
    time = CivilTime(milliseconds: milliseconds)
    return time != nil
  }

  private mutating func fromUnix(_ seconds: Double) -> Bool {
    raw = nil
    let milliseconds = seconds * 1000 + Double(CivilTime.unixEpoch)
    guard milliseconds >= 0, milliseconds < Double(CivilTime.known.upperBound) else { return false }
    return set(Int64(milliseconds + 0.5))
  }

  private mutating func truncate(_ word: String) -> Bool {
    guard let before = time else { return false }
    let date = before.date
    time = CivilTime(
      year: date.year, month: word == "start of year" ? 1 : date.month,
      day: word == "start of day" ? date.day : 1, millisecondOfDay: 0)
    return time != nil
  }

  /// `+3 days`, `-1.5 months`, `+02:30`
  private mutating func shift(_ bytes: [UInt8], _ time: CivilTime) -> Bool {
    let number = bytes.withUnsafeBytes { NumberParser.prefix($0) }
    guard let number else { return false }
    if number.length < bytes.count, bytes[number.length] == UInt8(ascii: ":") {
      let isSigned = bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+")
      guard let offset = CivilTimeText.timeOfDay(bytes[(isSigned ? 1 : 0)...]), offset.rest.isEmpty else {
        return false
      }
      let sign: Int64 = bytes[0] == UInt8(ascii: "-") ? -1 : 1
      return set(time.milliseconds + sign * (offset.milliseconds % CivilTime.millisecondsOfDay))
    }
    let amount: Double =
      switch number.number {
      case .integer(let integer): Double(integer)
      case .real(let real): real
      }
    var unit = String(decoding: bytes[number.length...].drop { $0 == 0x20 }, as: UTF8.self)
    if unit.count > 3, unit.hasSuffix("s") { unit.removeLast() }
    guard bytes.count > number.length, abs(amount) < 5e11 else { return false }
    switch unit {
    case "second": return add(amount, 1000, time)
    case "minute": return add(amount, 60_000, time)
    case "hour": return add(amount, 3_600_000, time)
    case "day": return add(amount, 86_400_000, time)
    case "month", "year":
      guard abs(amount) < (unit == "month" ? 176_546 : 14_713) else { return false }
      let whole = amount.rounded(.towardZero)
      let date = time.date
      let months = date.year * 12 + date.month - 1 + Int64(whole) * (unit == "month" ? 1 : 12)
      let month = (months % 12 + 12) % 12
      guard
        let moved = CivilTime(
          year: (months - month) / 12, month: month + 1, day: date.day, millisecondOfDay: time.dayAndTime.time
        )
      else { return false }
      return add(amount - whole, unit == "month" ? 30 * 86_400_000 : 365 * 86_400_000, moved)
    default: return false
    }
  }

  private mutating func add(_ amount: Double, _ unit: Double, _ time: CivilTime) -> Bool {
    let distance = amount * unit + (amount < 0 ? -0.5 : 0.5)
    guard abs(distance) < 1e15 else { return false }
    return set(time.milliseconds + Int64(distance))
  }
}
