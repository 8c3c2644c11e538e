/// A moment as the date functions know it: milliseconds since noon of the 24th of November -4713, where Julian day
/// numbers begin, in UTC.
struct CivilTime: Equatable {
  static let unixEpoch: Int64 = 210_866_760_000_000
  static let millisecondsOfDay: Int64 = 86_400_000
  /// Up to the end of the year 9999.
  static let known: Range<Int64> = 0..<464_269_060_800_000

  var milliseconds: Int64

  /// Nil outside the years that the functions know.
  init?(milliseconds: Int64) {
    guard Self.known.contains(milliseconds) else { return nil }
    self.milliseconds = milliseconds
  }

  init?(year: Int64, month: Int64, day: Int64, millisecondOfDay: Int64) {
    let days = Calendar.day(year, month, 1) + day - 1
    self.init(milliseconds: days * Self.millisecondsOfDay + Self.unixEpoch + millisecondOfDay)
  }

  init?(_ timestamp: Timestamp) {
    let (whole, rest) = timestamp.microseconds.quotientAndRemainder(dividingBy: 1000)
    self.init(milliseconds: whole - (rest < 0 ? 1 : 0) + Self.unixEpoch)
  }

  // MARK: Parts

  /// Days since 1970 and the millisecond of the day.
  var dayAndTime: (day: Int64, time: Int64) {
    let sinceEpoch = milliseconds - Self.unixEpoch
    let time = ((sinceEpoch % Self.millisecondsOfDay) + Self.millisecondsOfDay) % Self.millisecondsOfDay
    return ((sinceEpoch - time) / Self.millisecondsOfDay, time)
  }

  var date: (year: Int64, month: Int64, day: Int64) { Calendar.date(ofDay: dayAndTime.day) }

  /// 0 is Sunday.
  var weekday: Int64 { ((milliseconds + 129_600_000) / Self.millisecondsOfDay) % 7 }

  var julianDay: Double { Double(milliseconds) / 86_400_000 }

  var unixSeconds: Int64 {
    let sinceEpoch = milliseconds - Self.unixEpoch
    let (seconds, rest) = sinceEpoch.quotientAndRemainder(dividingBy: 1000)
    return rest < 0 ? seconds - 1 : seconds
  }

  /// The day of its year, from 0.
  var dayOfYear: Int64 { dayAndTime.day - Calendar.day(date.year, 1, 1) }

  // MARK: Texts

  var dateText: String {
    let date = date
    return (date.year < 0 ? "-" : "") + Self.padded(abs(date.year), 4) + "-" + Self.padded(date.month, 2)
      + "-"
      + Self.padded(date.day, 2)
  }

  var timeText: String {
    let second = dayAndTime.time / 1000
    return Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":"
      + Self.padded(second % 60, 2)
  }

  /// A number with so many characters at least, its sign among them.
  static func padded(_ number: Int64, _ width: Int, with fill: Character = "0") -> String {
    if number < 0 { return "-" + padded(-number, width - 1, with: fill) }
    let digits = String(number)
    return String(repeating: fill, count: max(0, width - digits.utf8.count)) + digits
  }

  /// The text of a format as `strftime()` takes it; nil for a letter that it does not know.
  func text(_ format: String) -> String? {
    var result = ""
    var isLetter = false
    for character in format.unicodeScalars {
      if !isLetter {
        if character == "%" { isLetter = true } else { result.unicodeScalars.append(character) }
        continue
      }
      isLetter = false
      guard let part = text(of: character) else { return nil }
      result += part
    }
    return isLetter ? nil : result
  }

  private func text(of letter: Unicode.Scalar) -> String? {
    let second = dayAndTime.time / 1000
    let hour = second / 3600
    let hourOfHalf = (hour + 11) % 12 + 1
    return switch letter {
    case "d": Self.padded(date.day, 2)
    case "e": Self.padded(date.day, 2, with: " ")
    case "f": Self.padded(second % 60, 2) + "." + Self.padded(dayAndTime.time % 1000, 3)
    case "F": dateText
    case "G": Self.padded(isoWeek.year, 4)
    case "g": Self.padded(isoWeek.year % 100, 2)
    case "H": Self.padded(hour, 2)
    case "I": Self.padded(hourOfHalf, 2)
    case "j": Self.padded(dayOfYear + 1, 3)
    case "J": RealText.printed("%.*g", 16, julianDay)
    case "k": Self.padded(hour, 2, with: " ")
    case "l": Self.padded(hourOfHalf, 2, with: " ")
    case "m": Self.padded(date.month, 2)
    case "M": Self.padded(second / 60 % 60, 2)
    case "p": hour < 12 ? "AM" : "PM"
    case "P": hour < 12 ? "am" : "pm"
    case "R": String(timeText.prefix(5))
    case "s": String(unixSeconds)
    case "S": Self.padded(second % 60, 2)
    case "T": timeText
    case "u": String(weekday == 0 ? 7 : weekday)
    case "U": Self.padded((dayOfYear + 7 - weekday) / 7, 2)
    case "V": Self.padded(isoWeek.week, 2)
    case "w": String(weekday)
    case "W": Self.padded((dayOfYear + 7 - (weekday + 6) % 7) / 7, 2)
    case "Y": Self.padded(date.year, 4)
    case "%": "%"
    default: nil
    }
  }

  /// The week of ISO 8601, which belongs to the year of its Thursday.
  private var isoWeek: (year: Int64, week: Int64) {
    let thursday = dayAndTime.day - (weekday + 6) % 7 + 3
    let year = Calendar.date(ofDay: thursday).year
    return (year, (thursday - Calendar.day(year, 1, 1)) / 7 + 1)
  }
}
