/// How wide the columns of a table are, and which of them are shown.
///
/// 1. A column is as wide as its widest cell, or as it was told to be.
/// 2. Where that is wider than the window, the widest columns give way, as far as eight cells.
/// 3. Where even that is too wide, columns in the middle are left out, and a narrow one says so.
struct ColumnLayout: Equatable {
  static let least = 8

  /// The columns that are shown, by their numbers; nil stands for those that are left out.
  var shown: [Int?]
  /// The widths of what is shown.
  var widths: [Int]

  /// - Parameters:
  ///   - natural: the widths that the columns would have.
  ///   - told: widths that were asked for; 0 for none.
  ///   - most: cells for all columns together, if there is a limit.
  ///   - between: cells that each column takes besides, and what the frame takes besides that.
  init(natural: [Int], told: [Int] = [], most: Int?, between: Int, frame: Int) {
    shown = Array(natural.indices)
    widths = natural.enumerated().map { number, width in
      number < told.count && told[number] != 0 ? abs(told[number]) : width
    }
    guard let most else { return }
    func room(_ count: Int) -> Int { most - frame - between * count }
    let isFixed = natural.indices.map { $0 < told.count && told[$0] != 0 }
    shrink(to: room(widths.count), isFixed)
    if widths.reduce(0, +) <= room(widths.count) || widths.count < 3 { return }
    leaveOut(room)
  }

  /// Takes from the widest until it fits, or all are narrow.
  private mutating func shrink(to room: Int, _ isFixed: [Bool]) {
    let narrow = widths.indices.filter { isFixed[$0] || widths[$0] <= Self.least }
    let wide = Set(widths.indices).subtracting(narrow)
    let left = room - narrow.reduce(0) { $0 + widths[$1] }
    guard widths.reduce(0, +) > room, !wide.isEmpty else { return }
    // The widest that a column may be, so that all together just fit.
    var low = Self.least
    var high = widths.max() ?? low
    while low < high {
      let middle = (low + high + 1) / 2
      if wide.reduce(0, { $0 + min(widths[$1], middle) }) <= left { low = middle } else { high = middle - 1 }
    }
    var spare = left - wide.reduce(0) { $0 + min(widths[$1], low) }
    for number in wide.sorted() where widths[number] > low {
      let more = spare > 0 ? 1 : 0
      spare -= more
      widths[number] = low + more
    }
  }

  private mutating func leaveOut(_ room: (Int) -> Int) {
    let all = widths
    var first = 1
    var last = 0
    func fits(_ first: Int, _ last: Int) -> Bool {
      let total = all.prefix(first).reduce(0, +) + all.suffix(last).reduce(0, +) + 1
      return first + last < all.count && total <= room(first + last + 1)
    }
    while true {
      if fits(first, last + 1) {
        last += 1
        if fits(first + 1, last) { first += 1 }
      } else if fits(first + 1, last) {
        first += 1
      } else {
        break
      }
    }
    shown = Array(0..<first) + [nil] + Array((all.count - last)..<all.count)
    widths = all.prefix(first) + [1] + all.suffix(last)
  }
}
