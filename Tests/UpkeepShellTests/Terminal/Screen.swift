import Foundation

@testable import UpkeepShell

/// What a terminal shows of what a program writes: the characters of lines, from the first that was written, and the
/// cursor. Colours and all else that moves nothing is left out.
struct Screen {
  private(set) var row = 0
  private(set) var column = 0
  /// The window's size.
  var columns: Int
  var rows: Int
  /// A cell a character; a wide one has an empty cell behind it.
  private var cells: [[String]] = [[]]
  private var pending: [UInt8] = []
  /// Everything that came, as it came.
  private(set) var raw = ""

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// The lines, without the blanks behind them.
  var lines: [String] { cells.indices.map { text(of: $0) } }

  var text: String { lines.joined(separator: "\n") }

  /// The cursor's line.
  var line: String { text(of: row) }

  func text(of row: Int) -> String {
    guard cells.indices.contains(row) else { return "" }
    let line = cells[row].joined()
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  /// The first line of the window.
  private var top: Int { max(0, cells.count - rows) }

  mutating func feed(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    while let taken = takeOne() { pending.removeFirst(taken) }
  }

  /// Takes a character or a control sequence; gives its length, or nil if it is not whole yet.
  private mutating func takeOne() -> Int? {
    guard let first = pending.first else { return nil }
    if first == 0x1B { return takeEscape() }
    let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard pending.count >= length else { return nil }
    let text = String(decoding: pending[..<length], as: UTF8.self)
    raw += text
    switch first {
    case 8: column = max(0, column - 1)
    case 10: moveDown()
    case 13: column = 0
    case 0..<0x20: break
    default: put(text)
    }
    return length
  }

  private mutating func takeEscape() -> Int? {
    guard pending.count >= 2 else { return nil }
    guard pending[1] == UInt8(ascii: "[") else { return pending[1] == UInt8(ascii: "(") ? 3 : 2 }
    guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else { return nil }
    let body = String(decoding: pending[2..<end], as: UTF8.self)
    raw += "\u{1B}[" + body + String(UnicodeScalar(pending[end]))
    let numbers = body.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
    control(UnicodeScalar(pending[end]), numbers)
    return end + 1
  }

  private mutating func control(_ letter: UnicodeScalar, _ numbers: [Int?]) {
    let first = numbers.first.flatMap { $0 }
    let count = max(first ?? 1, 1)
    switch letter {
    case "A": row = max(top, row - count)
    case "B":
      row += count
      makeLines()
    case "C": column += count
    case "D": column = max(0, column - count)
    case "G": column = count - 1
    case "H":
      row = top + count - 1
      column = max((numbers.count > 1 ? numbers[1] : nil) ?? 1, 1) - 1
      makeLines()
    case "K" where (first ?? 0) == 0: if column < cells[row].count { cells[row].removeSubrange(column...) }
    case "J" where (first ?? 0) == 0:
      if column < cells[row].count { cells[row].removeSubrange(column...) }
      for below in cells.indices where below > row { cells[below] = [] }
    case "P":
      let end = min(cells[row].count, column + count)
      if column < end { cells[row].removeSubrange(column..<end) }
    case "@":
      if column < cells[row].count {
        cells[row].insert(contentsOf: [String](repeating: " ", count: count), at: column)
      }
    default: break
    }
  }

  private mutating func moveDown() {
    row += 1
    makeLines()
  }

  private mutating func makeLines() {
    while cells.count <= row { cells.append([]) }
  }

  private mutating func put(_ text: String) {
    let width = DisplayWidth.of(text)
    if width == 0 {
      if column > 0, column <= cells[row].count { cells[row][column - 1] += text }
      return
    }
    if column + width > columns {
      column = 0
      moveDown()
    }
    while cells[row].count < column + width { cells[row].append(" ") }
    cells[row][column] = text
    if width == 2 { cells[row][column + 1] = "" }
    column += width
  }
}
