import CEdit

/// Lines that a person types, edited with libedit.
///
/// Ctrl-C gives the line up, Ctrl-D on an empty line ends the input, TAB completes. libedit calls back through C
/// functions, which find the editor again as its client data; so it must stay where it is while it lives.
final class LineEditor {
  enum Line {
    case text(String)
    /// Ctrl-C.
    case cancelled
    /// Ctrl-D, or a terminal that is gone.
    case end
  }

  /// What can stand in place of the last characters before the cursor.
  struct Completion {
    /// How many characters are replaced.
    var length = 0
    var candidates: [String] = []
  }

  private let editor: OpaquePointer
  private let history: OpaquePointer
  private var promptText: UnsafeMutablePointer<CChar>?
  private var wasCancelled = false
  /// Finds completions: what stands before the cursor, what behind it.
  var complete: (_ before: String, _ after: String) -> Completion = { _, _ in Completion() }

  /// An editor on the terminal, or nil if there can be none.
  init?(historyCount: Int) {
    Self.useUTF8()
    guard let editor = upkeep_edit_begin("upkeep") else { return nil }
    guard let history = upkeep_history_begin(editor, Int32(clamping: historyCount)) else {
      el_end(editor)
      return nil
    }
    self.editor = editor
    self.history = history
    upkeep_edit_set_owner(editor, Unmanaged.passUnretained(self).toOpaque())
    upkeep_edit_set_up(editor) { LineEditor.of($0)?.promptText }
    upkeep_edit_bind_function(editor, "^C", "upkeep-cancel", "Give the line up") { editor, _ in
      LineEditor.of(editor)?.giveUp() ?? UInt8(CC_REFRESH_BEEP)
    }
    upkeep_edit_bind_function(editor, "^I", "upkeep-complete", "Complete the word") { editor, _ in
      LineEditor.of(editor)?.completeWord() ?? UInt8(CC_REFRESH_BEEP)
    }
    upkeep_edit_bind(editor, "^R", "em-inc-search-prev")
    // What the person has set for all programs.
    el_source(editor, nil)
  }

  deinit {
    el_end(editor)
    history_end(history)
    free(promptText)
  }

  /// Reads a line.
  func read(_ prompt: String) -> Line {
    free(promptText)
    promptText = strdup(prompt)
    wasCancelled = false
    upkeep_edit_take_interrupt_key(editor)
    var count: Int32 = 0
    while true {
      let line = Interrupts.watchingWindow { el_gets(editor, &count) }
      if let line, count > 0 { return wasCancelled ? .cancelled : .text(String(cString: line)) }
      // A signal that stops nothing, as Ctrl-Z where no shell is around, is no end of the input.
      guard count < 0, errno == EINTR else { return .end }
      let typed = el_line(editor).map { Self.text(from: $0.pointee.buffer, to: $0.pointee.lastchar) } ?? ""
      upkeep_edit_take_interrupt_key(editor)
      el_push(editor, typed)
    }
  }

  /// Adds to what the arrow keys go through.
  func remember(_ text: String) { upkeep_history_enter(history, text) }

  /// The editor's bytes are UTF-8, whatever the environment says or leaves out.
  private static func useUTF8() {
    setlocale(LC_CTYPE, "")
    if let set = nl_langinfo(nl_item(CODESET)), String(cString: set) == "UTF-8" { return }
    for name in ["C.UTF-8", "en_US.UTF-8", "UTF-8"] where setlocale(LC_CTYPE, name) != nil { return }
  }

  private static func of(_ editor: OpaquePointer?) -> LineEditor? {
    guard let owner = upkeep_edit_owner(editor) else { return nil }
    return Unmanaged<LineEditor>.fromOpaque(owner).takeUnretainedValue()
  }

  // MARK: Keys

  /// Shows ^C behind the line and goes on as if it was entered; `read` then knows better.
  private func giveUp() -> UInt8 {
    wasCancelled = true
    el_cursor(editor, 1 << 20)
    el_insertstr(editor, "^C")
    el_push(editor, "\n")
    return UInt8(CC_REFRESH)
  }

  private func completeWord() -> UInt8 {
    guard let line = el_line(editor)?.pointee else { return UInt8(CC_REFRESH_BEEP) }
    let before = Self.text(from: line.buffer, to: line.cursor)
    let completion = complete(before, Self.text(from: line.cursor, to: line.lastchar))
    let typed = before.suffix(completion.length)
    guard let first = completion.candidates.first else { return UInt8(CC_REFRESH_BEEP) }
    if completion.candidates.count == 1 {
      let isOpen = first.hasSuffix("/") || first.hasSuffix("(")
      replace(typed, with: isOpen ? first : first + " ")
      return UInt8(CC_REFRESH)
    }
    let shared = completion.candidates.dropFirst().reduce(first) { Self.shared($0, $1) }
    if shared.count > typed.count {
      replace(typed, with: shared)
      return UInt8(CC_REFRESH)
    }
    list(completion.candidates)
    return UInt8(CC_REDISPLAY)
  }

  /// What two candidates begin with, in the first one's case.
  private static func shared(_ one: String, _ other: String) -> String {
    String(zip(one, other).prefix { $0 == $1 || $0.lowercased() == $1.lowercased() }.map(\.0))
  }

  private static func text(from start: UnsafePointer<CChar>?, to end: UnsafePointer<CChar>?) -> String {
    guard let start, let end else { return "" }
    let bytes = UnsafeRawBufferPointer(start: start, count: end - start)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func replace(_ typed: Substring, with text: String) {
    // libedit counts code points.
    el_deletestr(editor, Int32(clamping: typed.unicodeScalars.count))
    el_insertstr(editor, text)
  }

  /// Shows the candidates below the line, in columns.
  private func list(_ candidates: [String]) {
    let output = Output(STDOUT_FILENO)
    output.write("\n" + Columns.of(candidates, width: Window.size(STDOUT_FILENO)?.columns ?? 80))
    output.flush()
  }
}
