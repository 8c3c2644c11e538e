import Upkeep

/// A conversation with a person at a terminal, line by line.
///
/// A statement may take several lines; it is one entry of the history, and comes back as a whole. What begins with a
/// blank is not remembered. Ctrl-C gives up the line and what was typed of its statement, or stops what runs; Ctrl-D
/// leaves, and a statement that has no end by then does not run.
final class Conversation {
  private let shell: Shell
  private let editor: LineEditor
  private let history: HistoryFile?
  private var reader = ScriptReader()
  /// The lines of the statement that is being typed.
  private var typed = ""
  /// What was typed before, oldest first.
  private var entries: [String] = []

  /// Whether a person is at both ends.
  static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  init?(_ shell: Shell, history: HistoryFile?) {
    guard let editor = LineEditor(historyCount: HistoryFile.mostEntries) else { return nil }
    self.shell = shell
    self.editor = editor
    self.history = history
  }

  func run() {
    shell.isConversing = true
    Interrupts.keepProgram()
    entries = history?.load() ?? []
    for entry in entries { editor.remember(entry) }
    shell.typedBefore = { [unowned self] in entries }
    editor.complete = { [unowned self] in completion($0, $1) }
    while !shell.isFinished {
      if !reader.isInStatement { begin() }
      switch editor.read(shell.prompt(isInStatement: reader.isInStatement)) {
      case .text(let line): take(line)
      case .cancelled: begin()
      case .end:
        shell.console.write("\n")
        if reader.isInStatement { shell.messages.notice("the statement was not ended, and did not run") }
        return
      }
    }
  }

  /// Forgets what was typed; lines are counted from here.
  private func begin() {
    reader = ScriptReader()
    typed = ""
  }

  private func take(_ entered: String) {
    if reader.isWithinCode, isCommand(entered) {
      // It would only spoil the statement.
      shell.messages.notice("a statement is being typed: end it with a semicolon, or give it up with Ctrl-C")
      return
    }
    let meaning = Self.habits[entered.trimmed]
    let line = reader.isInStatement ? entered : meaning ?? entered
    typed += line
    reader.feed(line.utf8)
    // What is typed is worth keeping whatever comes of it.
    if reader.endsWhole { remember() }
    Interrupts.forget()
    shell.runPieces(of: &reader, file: nil)
    if shell.isInterrupted { begin() }
  }

  /// What people type who want to leave or need help, and what they get.
  private static let habits = [
    "exit": ".quit\n", "quit": ".quit\n", "help": ".help\n",
  ]

  /// Whether a line is a dot command.
  private func isCommand(_ line: String) -> Bool {
    let name = line.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
    return Shell.commandNames.contains(String(name))
  }

  private func remember() {
    let entry = typed.trimmed(of: \.isNewline)
    let isHidden = entry.hasPrefix(" ") || entry.hasPrefix("\t")
    guard !isHidden, !entry.isEmpty, entry != entries.last else { return }
    entries.append(entry)
    editor.remember(entry)
    history?.append(entry)
  }

  private func completion(_ before: String, _ after: String) -> LineEditor.Completion {
    let known = (try? shell.tables()) ?? []
    let tables = known.map { table in
      Completer.Table(
        name: table.name, columns: table.columns.map(\.name), indexes: table.indexes.map(\.name))
    }
    let views = ((try? shell.views()) ?? []).map { view in
      Completer.Table(name: view.name, columns: (try? shell.columns(of: view)) ?? [], indexes: [])
    }
    return Completer(tables: tables + views, statement: typed).completion(before: before, after: after)
  }
}
