internal import UpkeepStorage

/// 'localtime' and 'utc': the zone of the system, as SQLite asks for it.
extension CivilDraft {
  /// The years that systems know the rules of; others go by the rules of a year around 2000.
  private static let ruled: Range<Int64> = 210_866_760_000_000..<213_014_145_600_001

  /// What the clock on the wall shows at this moment.
  func local() -> CivilDraft? {
    var draft = self
    guard let milliseconds = draft.milliseconds() else { return nil }
    var shift: Int64 = 0
    var asked = milliseconds
    if !Self.ruled.contains(milliseconds) {
      guard let (date, tenths) = draft.parts() else { return nil }
      shift = 2000 + date.year % 4 - date.year
      var near = CivilDraft(date: (date.year + shift, date.month, date.day), tenths: tenths)
      guard let counted = near.milliseconds() else { return nil }
      asked = counted
    }
    guard let moment = CivilTime(milliseconds: asked),
      let shown = WallClock.reading(at: moment.unixSeconds)
    else { return nil }
    return CivilDraft(
      date: (shown.year - shift, shown.month, shown.day),
      tenths: (shown.secondOfDay * 1000 + milliseconds % 1000) * 10)
  }

  /// The moment at which the clock on the wall shows this; where it never does, one near it.
  func ofLocal() -> CivilDraft? {
    var draft = self
    guard let wanted = draft.milliseconds() else { return nil }
    var guess = wanted
    for _ in 0..<5 {
      var shown = CivilDraft(milliseconds: guess).local()
      guard let read = shown?.milliseconds() else { return nil }
      if read == wanted { break }
      guess -= read - wanted
    }
    return CivilDraft(milliseconds: guess)
  }
}
