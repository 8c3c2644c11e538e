/// For each input row its number as the source counts. Sources mostly count by ones, so that what is kept is where they
/// do not.
struct RowNumbers {
  /// Rows from `first` on count by ones from `number` on, up to the next run.
  private var runs: [(first: Int, number: Int)] = []
  private(set) var count = 0
  private var next = Int.min

  mutating func append(_ number: Int) {
    if number != next || runs.isEmpty { runs.append((count, number)) }
    next = number &+ 1
    count += 1
  }

  /// Appends the numbers of rows that follow.
  mutating func append(_ more: RowNumbers) {
    for run in more.runs where run.number != next || runs.isEmpty || run.first > 0 {
      runs.append((count + run.first, run.number))
    }
    if more.count > 0 { next = more.next }
    count += more.count
  }

  subscript(row: Int) -> Int {
    var low = 0
    var high = runs.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if runs[middle].first <= row { low = middle } else { high = middle }
    }
    return runs[low].number + row - runs[low].first
  }
}
