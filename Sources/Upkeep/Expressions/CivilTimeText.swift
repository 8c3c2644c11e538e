/// Dates and times as texts tell them.
enum CivilTimeText {
  /// Whether a text that tells a time says of which zone it is.
  static func hasZone(_ bytes: [UInt8]) -> Bool {
    let end = bytes.reversed().drop { NumberParser.isSpace($0) }.prefix(6)
    guard let last = end.first else { return false }
    return last | 0x20 == UInt8(ascii: "z")
      || end.count == 6 && end.last.map { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } == true
        && Array(end)[2] == UInt8(ascii: ":")
  }

  /// `2024-05-01`, `2024-05-01 12:00`, `2024-05-01T12:00:00.25+02:00`, `12:00`; a time alone is of 2000-01-01.
  static func moment(_ bytes: [UInt8]) -> CivilDraft? {
    if let (time, rest) = timeOfDay(bytes[...]) {
      guard let offset = zone(rest) else { return nil }
      return inUTC(CivilDraft(date: nil, tenths: time), offset)
    }
    var rest = bytes[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest.removeFirst() }
    guard let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest), take("-", &rest),
      let day = digits(2, &rest), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let date = (isNegative ? -year : year, month, day)
    rest = rest.drop { NumberParser.isSpace($0) || $0 == UInt8(ascii: "T") }
    if rest.isEmpty { return CivilDraft(date: date, tenths: nil) }
    guard let read = timeOfDay(rest), let offset = zone(read.rest) else { return nil }
    return inUTC(CivilDraft(date: date, tenths: read.tenths), offset)
  }

  private static func inUTC(_ draft: CivilDraft, _ offset: Int64) -> CivilDraft? {
    if offset == 0 { return draft }
    var moved = draft
    return moved.add(-offset) ? moved : nil
  }

  /// `02:30`, `02:30:00.5` as a distance within a day, in milliseconds. A zone behind it is taken off, as in SQLite.
  static func shift(_ bytes: ArraySlice<UInt8>) -> Int64? {
    guard let (tenths, rest) = timeOfDay(bytes), let offset = zone(rest) else { return nil }
    let distance = ((tenths + 5) / 10 - offset) % CivilTime.millisecondsOfDay
    return distance < 0 ? distance + CivilTime.millisecondsOfDay : distance
  }

  /// `12:00`, `12:00:30`, `12:00:30.25`, in tenths of a millisecond.
  private static func timeOfDay(_ bytes: ArraySlice<UInt8>) -> (tenths: Int64, rest: ArraySlice<UInt8>)? {
    var rest = bytes
    guard let hour = digits(2, &rest), hour <= 24, take(":", &rest), let minute = digits(2, &rest),
      minute < 60
    else { return nil }
    var time = (hour * 60 + minute) * 600_000
    if take(":", &rest) {
      guard let second = digits(2, &rest), second < 60 else { return nil }
      time += second * 10_000
      if rest.first == UInt8(ascii: "."), let next = rest.dropFirst().first, next &- 0x30 < 10 {
        rest.removeFirst()
        var unit: Int64 = 1000
        while let digit = rest.first, digit &- 0x30 < 10 {
          time += Int64(digit - 0x30) * unit
          unit /= 10
          rest.removeFirst()
        }
      }
    }
    return (time, rest)
  }

  /// `Z`, `+02:00` or nothing, in milliseconds; blanks may stand around it.
  private static func zone(_ bytes: ArraySlice<UInt8>) -> Int64? {
    var rest = bytes.drop { NumberParser.isSpace($0) }
    guard let first = rest.popFirst() else { return 0 }
    var offset: Int64 = 0
    if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
      guard let hour = digits(2, &rest), hour <= 14, take(":", &rest), let minute = digits(2, &rest),
        minute < 60
      else { return nil }
      offset = (first == UInt8(ascii: "-") ? -1 : 1) * (hour * 60 + minute) * 60_000
    } else if first | 0x20 != UInt8(ascii: "z") {
      return nil
    }
    return rest.allSatisfy { NumberParser.isSpace($0) } ? offset : nil
  }

  private static func digits(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Int64? {
    guard rest.count >= count, rest.prefix(count).allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
    let number = rest.prefix(count).reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
    rest.removeFirst(count)
    return number
  }

  private static func take(_ mark: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.first == UInt8(ascii: mark) else { return false }
    rest.removeFirst()
    return true
  }
}
