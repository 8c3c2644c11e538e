/// A moment while modifiers change it: counted in milliseconds, told in parts, or both.
///
/// It may leave the years that the functions know and come back. Only what asks a count for its date must find it among
/// them, and what asks a date for its count.
///
/// What was written stands until a modifier counts with it: the 31st of February has a first of its month, and no place in
/// the count but the 2nd or 3rd of March.
struct CivilDraft {
  typealias Date = (year: Int64, month: Int64, day: Int64)

  /// The years of which a date can be counted.
  private static let years: ClosedRange<Int64> = -4713...9999
  private static let withoutDate: Date = (2000, 1, 1)

  private var counted: Int64?
  private var date: Date?
  /// Of the day, in tenths of a millisecond, so that what is written of a second is rounded only where it is counted.
  private var time: Int64?

  init(milliseconds: Int64) { counted = milliseconds }

  /// A time without a date is of 2000-01-01.
  init(date: Date?, tenths: Int64?) { (self.date, time) = (date, tenths) }

  // MARK: One from the other

  /// Since noon of the 24th of November -4713; nil of a year that cannot be counted.
  mutating func milliseconds() -> Int64? {
    if let counted { return counted }
    let date = date ?? Self.withoutDate
    guard Self.years.contains(date.year) else { return nil }
    let day = Calendar.day(date.year, date.month, 1) + date.day - 1
    counted = day * CivilTime.millisecondsOfDay + CivilTime.unixEpoch + ((time ?? 0) + 5) / 10
    return counted
  }

  /// Nil of a count outside the years that the functions know.
  mutating func parts() -> (date: Date, tenths: Int64)? {
    let told: Date
    if let date {
      told = date
    } else if let counted {
      guard let moment = CivilTime(milliseconds: counted) else { return nil }
      told = moment.date
    } else {
      told = Self.withoutDate
    }
    guard let tenths = time ?? milliseconds().map({ Self.timeOfDay($0) * 10 }) else { return nil }
    (date, time) = (told, tenths)
    return (told, tenths)
  }

  private static func timeOfDay(_ milliseconds: Int64) -> Int64 {
    let time = (milliseconds + CivilTime.millisecondsOfDay / 2) % CivilTime.millisecondsOfDay
    return time < 0 ? time + CivilTime.millisecondsOfDay : time
  }

  /// The moment that it has come to; nil outside the years that the functions know.
  mutating func moment() -> CivilTime? {
    guard let milliseconds = milliseconds(), let moment = CivilTime(milliseconds: milliseconds) else {
      return nil
    }
    // The last half of a millisecond of a second that nothing counted with belongs to that second.
    guard let time, time % 10_000 >= 9_995 else { return moment }
    return CivilTime(milliseconds: milliseconds - 1) ?? moment
  }

  // MARK: Changes

  /// - Returns: false if there is no such moment.
  mutating func add(_ distance: Int64) -> Bool {
    guard let before = milliseconds() else { return false }
    let (sum, isTooFar) = before.addingReportingOverflow(distance)
    self = CivilDraft(milliseconds: sum)
    return !isTooFar
  }

  /// Moves by whole months; a day that the month does not have is one of the next.
  mutating func add(months: Int64) -> Bool {
    guard milliseconds() != nil, let (date, tenths) = parts() else { return false }
    let all = date.year * 12 + date.month - 1 + months
    let month = (all % 12 + 12) % 12
    self = CivilDraft(date: ((all - month) / 12, month + 1, date.day), tenths: tenths)
    return milliseconds() != nil
  }

  enum Unit { case day, month, year }

  mutating func goToStart(of unit: Unit) -> Bool {
    guard let date = parts()?.date else { return false }
    let month = unit == .year ? 1 : date.month
    self = CivilDraft(date: (date.year, month, unit == .day ? date.day : 1), tenths: 0)
    return true
  }

  /// Moves to the next of the day of the week, 0 being Sunday, or stays where it is one.
  mutating func goToWeekday(_ wanted: Int64) -> Bool {
    guard parts() != nil, let milliseconds = milliseconds() else { return false }
    let days = (milliseconds + 3 * CivilTime.millisecondsOfDay / 2) / CivilTime.millisecondsOfDay
    return add(((wanted - days % 7 + 14) % 7) * CivilTime.millisecondsOfDay)
  }
}
