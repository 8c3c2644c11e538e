extension Timestamp: CustomStringConvertible {
  /// RFC 3339, in UTC: `2024-05-01T12:00:00Z`, with three or six digits of a fraction where there is one.
  public var description: String {
    let (days, microsecondOfDay) = Self.floorDivide(microseconds, 86_400_000_000)
    let (year, month, day) = Calendar.date(ofDay: days)
    let second = microsecondOfDay / 1_000_000
    let fraction = microsecondOfDay % 1_000_000
    var text = (0...9999).contains(year) ? padded(year, 4) : (year < 0 ? "-" : "+") + padded(abs(year), 6)
    text += "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(second / 3600, 2) + ":"
    text += padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2)
    if fraction % 1000 != 0 {
      text += "." + padded(fraction, 6)
    } else if fraction != 0 {
      text += "." + padded(fraction / 1000, 3)
    }
    return text + "Z"
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
  }

  private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The moment that a text tells: `2024-05-01`, `2024-05-01 12:00`, `2024-05-01T12:00:00.25+02:00`. Without a
  /// zone it is UTC. Nil for any other text, and for more digits of a second than a microsecond has.
  package init?(text: UnsafeRawBufferPointer) {
    var reader = DigitReader(bytes: text)
    let isLong = text.count > 0 && (text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"))
    let sign: Int64 = isLong && text[0] == UInt8(ascii: "-") ? -1 : 1
    if isLong { reader.position = 1 }
    guard let year = reader.number(isLong ? 6 : 4), reader.take("-"), let month = reader.number(2),
      reader.take("-"),
      let day = reader.number(2), (1...12).contains(month),
      day >= 1, day <= Calendar.days(inMonth: month, of: sign * year)
    else { return nil }
    let days = Calendar.day(sign * year, month, day)
    var second: Int64 = 0
    var fraction: Int64 = 0
    var offset: Int64 = 0
    if !reader.isAtEnd {
      guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), hour < 24,
        reader.take(":"), let minute = reader.number(2), minute < 60
      else { return nil }
      second = hour * 3600 + minute * 60
      if reader.take(":") {
        guard let seconds = reader.number(2), seconds < 60 else { return nil }
        second += seconds
        if reader.take(".") {
          guard let microseconds = reader.fraction() else { return nil }
          fraction = microseconds
        }
      }
      guard let zone = reader.zone(), reader.isAtEnd else { return nil }
      offset = zone
    }
    let total = Int128(days * 86_400 + second - offset) * 1_000_000 + Int128(fraction)
    guard let sum = Int64(exactly: total) else { return nil }
    self.init(microseconds: sum)
  }
}

/// Days since 1970 and the dates of the Gregorian calendar.
enum Calendar {
  /// The day of a date. The year counts from March, so that a leap day is its last.
  static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let fromMarch = month > 2 ? year : year - 1
    let era = (fromMarch >= 0 ? fromMarch : fromMarch - 399) / 400
    let yearOfEra = fromMarch - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  static func days(inMonth month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// Reads digits and marks from left to right.
private struct DigitReader {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  var isAtEnd: Bool { position == bytes.count }

  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
    position += 1
    return true
  }

  mutating func digit() -> Int64? {
    guard position < bytes.count, bytes[position] &- 0x30 < 10 else { return nil }
    position += 1
    return Int64(bytes[position - 1] - 0x30)
  }

  mutating func number(_ digitCount: Int) -> Int64? {
    var number: Int64 = 0
    for _ in 0..<digitCount {
      guard let digit = digit() else { return nil }
      number = number * 10 + digit
    }
    return number
  }

  /// The digits of a fraction as microseconds; further digits must be zero.
  mutating func fraction() -> Int64? {
    guard var fraction = digit() else { return nil }
    var count = 1
    while let next = digit() {
      if count < 6 { fraction = fraction * 10 + next } else if next != 0 { return nil }
      count += 1
    }
    while count < 6 {
      fraction *= 10
      count += 1
    }
    return fraction
  }

  /// `Z`, `+02:00`, `-0530`, or nothing, in seconds.
  mutating func zone() -> Int64? {
    if isAtEnd || take("Z") || take("z") { return 0 }
    let isEast = take("+")
    guard isEast || take("-"), let hours = number(2), hours < 24 else { return nil }
    var minutes: Int64 = 0
    if !isAtEnd {
      _ = take(":")
      guard let given = number(2), given < 60 else { return nil }
      minutes = given
    }
    return (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
  }
}
