internal import UpkeepStorage

/// 'localtime' and 'utc': the zone of the system, as SQLite asks for it.
extension CivilTime {
  /// The years that systems know the rules of; others go by the rules of a year around 2000.
  private static let ruled: Range<Int64> = 210_866_760_000_000..<213_014_145_600_001

  /// What the clock on the wall shows at this moment.
  var local: CivilTime? {
    var moment = self
    var shift: Int64 = 0
    if !Self.ruled.contains(milliseconds) {
      let date = date
      shift = 2000 + date.year % 4 - date.year
      guard
        let near = CivilTime(
          year: date.year + shift, month: date.month, day: date.day, millisecondOfDay: dayAndTime.time)
      else { return nil }
      moment = near
    }
    guard let shown = WallClock.reading(at: moment.unixSeconds) else { return nil }
    return CivilTime(
      year: shown.year - shift, month: shown.month, day: shown.day,
      millisecondOfDay: shown.secondOfDay * 1000 + milliseconds % 1000)
  }

  /// The moment at which the clock on the wall shows this; where it never does, one near it.
  var ofLocal: CivilTime? {
    var guess = self
    for _ in 0..<5 {
      guard let shown = guess.local else { return nil }
      let error = shown.milliseconds - milliseconds
      if error == 0 { break }
      guard let next = CivilTime(milliseconds: guess.milliseconds - error) else { return nil }
      guess = next
    }
    return guess
  }
}
