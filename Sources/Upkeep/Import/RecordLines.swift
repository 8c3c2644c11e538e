/// On which lines the records of a feed begin, where a record is not a line. What is kept is where the distance from one
/// to the next changes, and of a file where it does so very often only the beginning.
struct RecordLines {
  private static let mostRuns = 1 << 18

  private struct Run {
    var number: Int
    var line: Int
    var stride: Int
  }

  private var runs: [Run] = []
  private var last: (number: Int, line: Int)?
  private var isFull = false

  /// Notes the next record's line.
  mutating func note(_ number: Int, _ line: Int) {
    defer { last = (number, line) }
    guard !isFull, let last, let run = runs.last else {
      if !isFull { runs.append(Run(number: number, line: line, stride: 1)) }
      return
    }
    if line - last.line == run.stride { return }
    if last.number == run.number {
      runs[runs.count - 1].stride = line - last.line
    } else if runs.count < Self.mostRuns {
      runs.append(Run(number: last.number, line: last.line, stride: line - last.line))
    } else {
      runs.append(Run(number: number, line: line, stride: 0))
      isFull = true
    }
  }

  /// The line of a record; nil if it is not known.
  func line(of number: Int) -> Int? {
    if let last, last.number == number { return last.line }
    var low = 0
    var high = runs.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if runs[middle].number <= number { low = middle } else { high = middle }
    }
    guard low < runs.count, !(isFull && low == runs.count - 1 && runs[low].number != number) else {
      return nil
    }
    return runs[low].line + (number - runs[low].number) * runs[low].stride
  }
}
