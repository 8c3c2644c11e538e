import CTerminal
import Foundation
import Testing

/// The shell at a terminal, and the person who types there.
///
/// Nothing waits for a time: each step reads until the screen shows what it should, and fails if that has not come when
/// the patience is at its end.
final class TerminalRun {
  static let patience = 60.0

  private let process: pid_t
  private let terminal: Int32
  private(set) var screen: Screen
  private var hasEnded = false

  struct Impatience: Error, CustomStringConvertible {
    var wanted: String
    var screen: String
    var description: String { "no \(wanted); the screen:\n\(screen)" }
  }

  /// - Parameter environment: besides TERM, HOME (the scratch folder) and PATH.
  init(
    _ arguments: [String], in scratch: Scratch, columns: Int = 80, rows: Int = 24,
    environment: [String: String] = [:]
  ) throws {
    var all = ["TERM": "xterm", "HOME": scratch.folder.path]
    all["PATH"] = ProcessInfo.processInfo.environment["PATH"]
    all.merge(environment) { $1 }
    var words = ([ShellRun.program.path] + arguments).map { strdup($0) } + [nil]
    var variables = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var end: Int32 = -1
    process = upkeep_run_at_terminal(
      ShellRun.program.path, &words, &variables, scratch.folder.path, Int32(columns), Int32(rows), &end)
    guard process > 0 else { throw CocoaError(.executableLoad) }
    terminal = end
    screen = Screen(columns: columns, rows: rows)
  }

  deinit {
    if !hasEnded {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    close(terminal)
  }

  // MARK: Typing

  /// Presses keys.
  func press(_ keys: String) {
    var bytes = Array(keys.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
      if count <= 0 && errno != EINTR { return }
      bytes = bytes.dropFirst(max(count, 0))
    }
  }

  /// Types text and waits until it is seen before the cursor.
  func type(_ text: String) throws {
    press(text)
    // A long line goes on in the next row, and blanks at a row's end are not seen.
    let wanted = text.filter { $0 != " " }
    try wait("\(text) before the cursor") { screen in
      screen.lines.joined().filter { $0 != " " }.hasSuffix(wanted)
    }
  }

  /// Types a line, presses Enter, and waits for the next prompt.
  ///
  /// - Returns: what was shown between.
  @discardableResult
  func enter(_ text: String) throws -> [String] {
    try type(text)
    let row = screen.row
    press("\r")
    try waitForPrompt(below: row)
    return Array(screen.lines[(row + 1)..<screen.row])
  }

  /// Waits until the cursor stands behind a prompt, in a line below that.
  func waitForPrompt(below row: Int = -1) throws {
    try wait("prompt") { $0.row > row && $0.line.hasSuffix(">") && $0.column == $0.line.count + 1 }
  }

  /// Reads until the screen is as wanted.
  func wait(_ wanted: String, until isThere: (Screen) -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: Self.patience)
    while !isThere(screen) {
      guard Date() < deadline, read() else { throw Impatience(wanted: wanted, screen: screen.text) }
    }
  }

  /// Waits for the program to end.
  ///
  /// - Returns: its exit status; negative for a signal.
  func waitForEnd() throws -> Int32 {
    let deadline = Date(timeIntervalSinceNow: Self.patience)
    while read() {
      guard Date() < deadline else { throw Impatience(wanted: "end", screen: screen.text) }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    hasEnded = true
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }

  /// Stops the program, as Ctrl-Z does where a shell is around, and lets it go on; once it waits for keys, as it does when a
  /// person gets to that.
  func stopAndGoOn() {
    while !isWaiting { sched_yield() }
    kill(process, SIGSTOP)
    var status: Int32 = 0
    while waitpid(process, &status, WUNTRACED) < 0 && errno == EINTR {}
    kill(process, SIGCONT)
  }

  /// Whether its first thread, which reads what is typed, waits. Known on Linux only.
  private var isWaiting: Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let name = status.lastIndex(of: ")")
    else { return true }
    return status[name...].dropFirst().first { $0 != " " } != "R"
  }

  func resize(columns: Int, rows: Int) {
    upkeep_resize_terminal(terminal, Int32(columns), Int32(rows))
    screen.columns = columns
    screen.rows = rows
  }

  /// Reads what there is, waiting for a while; false at the end.
  private func read() -> Bool {
    var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, 1000) > 0 else { return true }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Foundation.read(terminal, &bytes, bytes.count)
    if count > 0 { screen.feed(bytes[..<count]) }
    return count > 0 || count < 0 && errno == EINTR
  }
}
