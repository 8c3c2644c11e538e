/// Functions of dates and times. A time value is a text, a TIMESTAMP, a Julian day number, or 'now'; modifiers behind
/// it change it. What means no time is NULL.
enum DateFunctions {
  private static func time(_ values: ArraySlice<Value>, _ call: ValueCall) throws(UpkeepError) -> CivilTime? {
    try CivilTimeReader.read(values, now: call.now)
  }

  static func date(_ call: ValueCall) throws(UpkeepError) -> Value {
    try time(call.values[...], call).map { .text($0.dateText) } ?? .null
  }

  static func time(_ call: ValueCall) throws(UpkeepError) -> Value {
    try time(call.values[...], call).map { .text($0.timeText) } ?? .null
  }

  static func dateAndTime(_ call: ValueCall) throws(UpkeepError) -> Value {
    try time(call.values[...], call).map { .text($0.dateText + " " + $0.timeText) } ?? .null
  }

  static func julianDay(_ call: ValueCall) throws(UpkeepError) -> Value {
    try time(call.values[...], call).map { .real($0.julianDay) } ?? .null
  }

  static func unixSeconds(_ call: ValueCall) throws(UpkeepError) -> Value {
    try time(call.values[...], call).map { .integer($0.unixSeconds) } ?? .null
  }

  static func formatted(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let format = call.values[0].castText, let time = try time(call.values.dropFirst(), call) else {
      return .null
    }
    return time.text(format).map { .text($0) } ?? .null
  }

  /// `timediff(a, b)`: what is to be added to b to get a, as `+0001-02-03 04:05:06.789`.
  static func difference(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let a = try time(call.values[0...0], call), let b = try time(call.values[1...1], call) else {
      return .null
    }
    let isNegative = a.milliseconds < b.milliseconds
    let (from, to) = isNegative ? (a, b) : (b, a)
    // Whole months first, counted from b, then what is left of days.
    let step: Int64 = isNegative ? -1 : 1
    var months = (to.date.year - from.date.year) * 12 + to.date.month - from.date.month
    func moved(_ months: Int64) -> CivilTime? {
      let date = b.date
      let all = date.year * 12 + date.month - 1 + step * months
      let month = (all % 12 + 12) % 12
      return CivilTime(
        year: (all - month) / 12, month: month + 1, day: date.day, millisecondOfDay: b.dayAndTime.time)
    }
    func goesTooFar(_ moment: CivilTime) -> Bool {
      isNegative ? moment.milliseconds < a.milliseconds : moment.milliseconds > a.milliseconds
    }
    while months > 0, moved(months).map(goesTooFar) ?? true { months -= 1 }
    let rest = abs(a.milliseconds - (moved(months) ?? b).milliseconds)
    let (days, time) = rest.quotientAndRemainder(dividingBy: CivilTime.millisecondsOfDay)
    var text = (isNegative ? "-" : "+") + CivilTime.padded(months / 12, 4) + "-"
    text += CivilTime.padded(months % 12, 2) + "-" + CivilTime.padded(days, 2) + " "
    text += CivilTime.padded(time / 3_600_000, 2) + ":" + CivilTime.padded(time / 60_000 % 60, 2) + ":"
    text += CivilTime.padded(time / 1000 % 60, 2) + "." + CivilTime.padded(time % 1000, 3)
    return .text(text)
  }
}
