import Upkeep
import UpkeepSQL

/// Runs scripts: statements against the database, dot commands against the shell itself.
///
/// 1. Input is cut into pieces as it arrives, and each piece runs before more is read.
/// 2. A statement's rows go to the output through the printer of the format in force. The session gives those
///    of a change outside a transaction when its commit is durable.
/// 3. The output is flushed after each piece; then the next one runs, also after an error, unless `--bail`.
final class Shell {
  /// What is shown and how; dot commands change it.
  struct Settings {
    var style: ResultStyle
    var showsChanges: Bool
    var showsTime = false
    var echoes = false
    var bails: Bool
    /// Whether a query's rows are counted below them, with the time that it took.
    var countsRows = false
    /// The values of parameters in statements.
    var parameters = SQLParameters([])
  }

  let console: Output
  let messages: Messages
  let opening: Opening
  var settings: Settings
  private(set) var database: Database {
    didSet { database.session.openFile = openFile }
  }
  /// Opens the files that statements name as sources of rows.
  private let openFile: (String) throws(UpkeepError) -> OpenFile
  private(set) var status = ExitStatus.success
  /// Set by `.quit`, `--bail` after an error, or an output that takes no more.
  private(set) var isFinished = false
  /// A person types at a terminal: Ctrl-C stops what runs and not the program.
  var isConversing = false
  /// What shows results that are longer than the window; nil for none.
  var pager: Pager?
  /// What was typed before, oldest first.
  var typedBefore: () -> [String] = { [] }
  /// The last statement that ran, for `.explain`.
  var lastStatement: String? { lastPiece?.text }
  private var lastPiece: StatementSplitter.Piece?
  /// Somebody pressed Ctrl-C since the last line was typed, or since the program began.
  var isInterrupted: Bool { Interrupts.isPending }
  /// A statement said that it was stopped.
  private var hasToldOfStop = false
  /// The statement that ended last went well.
  private var isLastDone = false
  /// Where rows go: the console, or a file after `.output` and `.once`.
  private(set) var results: Output
  private var resultsAreForOnce = false
  private var readDepth = 0

  init(
    _ database: Database, console: Output, messages: Messages, opening: Opening, settings: Settings,
    openFile: @escaping (String) throws(UpkeepError) -> OpenFile
  ) {
    self.database = database
    self.openFile = openFile
    database.session.openFile = openFile
    self.console = console
    self.messages = messages
    self.opening = opening
    self.settings = settings
    results = console
  }

  // MARK: - Input

  /// Runs what a descriptor gives, with prompts if a person types it.
  func run(descriptor: Int32, file: String? = nil, isInteractive: Bool = false) {
    var reader = ScriptReader()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { chunk.deallocate() }
    while !isFinished && !isInterrupted {
      if isInteractive {
        console.write(prompt(isInStatement: reader.isInStatement))
        console.flush()
      }
      let count = Interrupts.waiting { System.read(descriptor, into: chunk) }
      if count < 0 && errno == EINTR { continue }
      if count < 0 { report(.system("cannot read \(file ?? "standard input")", errno)) }
      if count <= 0 { break }
      reader.feed(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      runPieces(of: &reader, file: file)
    }
    reader.end()
    if !isInterrupted { runPieces(of: &reader, file: file) }
    if isInteractive && !isFinished { console.write("\n") }
    console.flush()
  }

  /// Runs the text of a `-c`.
  func run(text: String) {
    var reader = ScriptReader()
    reader.feed(text.utf8)
    reader.end()
    runPieces(of: &reader, file: nil)
  }

  /// Runs a script by path; `-` is standard input.
  func run(file: String) {
    if file == "-" { return run(descriptor: STDIN_FILENO) }
    guard readDepth < 16 else {
      return report(ShellError("scripts read one another more than 16 deep; is one reading itself?"))
    }
    let descriptor = System.open(reading: file)
    guard descriptor >= 0 else { return report(.system("cannot read \(file)", errno)) }
    defer { System.close(descriptor) }
    readDepth += 1
    defer { readDepth -= 1 }
    run(descriptor: descriptor, file: file)
  }

  /// What stands before a line that is to be typed.
  func prompt(isInStatement: Bool) -> String {
    let name = database.name
    let isChanging = database.session.isInTransaction
    guard isInStatement else { return name + (isChanging ? "*> " : "> ") }
    return String(repeating: " ", count: max(0, DisplayWidth.of(name) + (isChanging ? 1 : 0) - 3)) + "...> "
  }

  func runPieces(of reader: inout ScriptReader, file: String?) {
    while !isFinished, !isInterrupted, let piece = reader.next() {
      if let pager { console.beginPage(pager) }
      Interrupts.during {
        switch piece {
        case .statement(let statement): run(statement, file: file)
        case .dotCommand(let text): runDotCommand(text)
        }
      }
      endPage()
      finishPiece()
    }
  }

  /// Shows what a page held back, and waits for the person who reads it.
  private func endPage() {
    if let problem = console.endPage() { messages.notice(problem) }
  }

  private func finishPiece() {
    results.flush()
    console.flush()
    let failure = results.failure ?? console.failure
    guard let failure else { return }
    isFinished = true
    status.raise(to: .failure)
    // A reader that has gone knows it; anything else must be said.
    if failure != EPIPE {
      messages.error("cannot write the results: \(System.meaning(of: failure))", code: .io)
    }
  }

  // MARK: - Statements

  private func run(_ statement: StatementSplitter.Piece, file: String?) {
    if settings.echoes {
      console.write(statement.text + "\n")
      console.flush()
    }
    let clock = ContinuousClock()
    let began = clock.now
    let progress = ProgressLine(isQuiet: messages.isQuiet)
    progress?.watch(database.session.watch)
    defer { database.session.watch.progress = nil }
    var sink = ResultSink(results, settings.style)
    do throws(UpkeepError) {
      isLastDone = false
      let summary = try execute(statement, into: &sink)
      isLastDone = true
      progress?.clear()
      sink.end()
      results.flush()
      endPage()
      tell(summary, after: clock.now - began)
      if settings.countsRows, sink.hasBegun, summary.tally.isEmpty {
        messages.aside("\(Figures.count(sink.rowCount, "row")) (\(Figures.seconds(clock.now - began)))")
      }
      if resultsAreForOnce && sink.hasBegun { resetOutput() }
    } catch {
      progress?.clear()
      sink.end(failed: true)
      let isUnwanted = results.failure != nil
      endPage()
      // Of a reader that has gone away the output tells; one who has seen enough needs to be told nothing.
      let told = StatementAdvice.advised(error, in: statement, commands: Self.commandNames)
      if !isUnwanted { report(told, at: TextPlace(error, in: statement, file: file)) }
    }
    if settings.showsTime {
      messages.line("time: \(Figures.fixed(Figures.inSeconds(clock.now - began), places: 3)) s")
    }
  }

  private func execute(
    _ statement: StatementSplitter.Piece, into sink: inout ResultSink
  ) throws(UpkeepError) -> StatementSummary {
    if let pragma = Pragma(statement.utf8) {
      do {
        try answer(pragma, into: sink)
        return StatementSummary()
      } catch {
        if let own = error as? ShellError { throw UpkeepError(own.code, own.message) }
        throw error as? UpkeepError ?? UpkeepError(.misuse, "\(error)")
      }
    }
    let parsed = try parse(statement)
    lastPiece = statement
    sink = ResultSink(results, settings.style, source: parsed.statement.source)
    return try database.session.execute(parsed, into: sink)
  }

  private func parse(_ piece: StatementSplitter.Piece) throws(UpkeepError) -> SQLStatement {
    // Without the blanks behind it, so that an error at its end stands where the text does.
    let end = piece.utf8.lastIndex { $0 > 32 }.map { $0 + 1 } ?? 0
    // What is only explained needs no values.
    let isExplained = Names.folded(String(decoding: piece.utf8.prefix(8), as: UTF8.self)).hasPrefix("explain")
    var parser = SQLParser(
      utf8: end == piece.utf8.count ? piece.utf8 : Array(piece.utf8[..<end]),
      parameters: isExplained ? nil : settings.parameters,
      firstLine: piece.line)
    parser.cancellation = database.session.cancellation
    database.session.cancellation.reset()
    guard let statement = try parser.next() else {
      throw UpkeepError(.syntax, "there is no statement here")
    }
    return statement
  }

  /// Rejected rows, and rows that gave way, that are told one by one.
  private static let mostRowsTold = 20

  /// One line of what a change did, its notices and why rows were rejected.
  func tell(_ summary: StatementSummary, after duration: Duration) {
    for notice in summary.notices { messages.notice(notice) }
    for reject in summary.rejects.prefix(Self.mostRowsTold) {
      messages.notice("row \(reject.number.map(String.init) ?? "?") was rejected: \(reject.reason)")
    }
    let untold = summary.rejects.count - Self.mostRowsTold
    if untold > 0 { messages.notice("\(untold) more rows were rejected") }
    for row in summary.displaced.prefix(Self.mostRowsTold) { messages.notice("\(row)") }
    let unnamed = (summary.tally[.displaced] ?? 0) - min(summary.displaced.count, Self.mostRowsTold)
    if !summary.displaced.isEmpty, unnamed > 0 { messages.notice("\(unnamed) more rows gave way") }
    guard settings.showsChanges, !summary.tally.isEmpty else { return }
    messages.line("\(Figures.counts(summary)) (\(Figures.seconds(duration)))")
  }

  // MARK: - Errors and the end

  func report(_ error: UpkeepError, at place: TextPlace? = nil) {
    report(error.message, error.code, place)
  }

  func report(_ error: ShellError) {
    report(error.message, error.code, nil)
  }

  private func report(_ message: String, _ code: UpkeepError.Code, _ place: TextPlace?) {
    endPage()
    messages.error(message, code: code, place: place)
    if code == .cancelled { hasToldOfStop = true }
    // Who converses goes on after a stop; a script does not.
    status.raise(to: code == .cancelled && isConversing ? .failure : ExitStatus(code))
    if settings.bails { isFinished = true }
  }

  /// Raises the exit status for what was told already.
  func raise(to status: ExitStatus) {
    self.status.raise(to: status)
    if settings.bails && status != .success { isFinished = true }
  }

  func quit() { isFinished = true }

  /// Ends the session: what was not committed is undone, and the database is closed.
  func finish() -> ExitStatus {
    if isInterrupted && !isConversing {
      if !hasToldOfStop { messages.notice("interrupted; \(whatRan)") }
      status.raise(to: .interrupted)
    }
    endTransaction("the input ended within a transaction; its changes were undone")
    do throws(UpkeepError) {
      try database.close()
    } catch {
      messages.error(error.message, code: error.code)
      status.raise(to: ExitStatus(error.code))
    }
    resetOutput()
    console.flush()
    return status
  }

  /// What a person who stopped a script wants to know: how far it came.
  private var whatRan: String {
    guard isLastDone, let word = lastPiece.flatMap({ SQLWords(String($0.text.prefix(80))).words.first })
    else {
      return "what follows the last statement did not run"
    }
    return "the last statement (\(word.uppercased())) was done, and what follows it did not run"
  }

  private func endTransaction(_ notice: String) {
    guard database.session.isInTransaction else { return }
    messages.notice(notice)
    database.session.rollback()
  }

  // MARK: - For dot commands

  /// Leaves the database for another one.
  func open(_ path: String?) throws(UpkeepError) {
    endTransaction("the database was closed within a transaction; its changes were undone")
    try database.close()
    do throws(UpkeepError) {
      database = try Database(path, opening)
    } catch {
      database = try Database(nil, opening)
      throw error
    }
  }

  /// Sends results to a file, or back to the console.
  func sendResults(to path: String?, once: Bool) throws(ShellError) {
    resetOutput()
    guard let path else { return }
    results = try Output.file(path)
    resultsAreForOnce = once
  }

  private func resetOutput() {
    if results !== console {
      results.close()
      if let failure = results.failure { report(.system("cannot write the results", failure)) }
    }
    results = console
    resultsAreForOnce = false
  }
}

/// Takes the rows of one statement to a printer.
final class ResultSink: RowSink {
  private let output: Output
  private let style: ResultStyle
  private let source: String?
  private var printer: (any ResultPrinter)?
  private(set) var rowCount = 0

  /// - Parameter source: the table that the rows are from, if it is one.
  init(_ output: Output, _ style: ResultStyle, source: String? = nil) {
    self.output = output
    self.style = style
    self.source = source
  }

  /// Whether the statement gave rows, if perhaps none.
  var hasBegun: Bool { printer != nil }

  func begin(columns: [String]) throws {
    let printer = style.printer(output, source: source)
    printer.begin(columns)
    self.printer = printer
  }

  func row(_ values: [Value]) throws {
    rowCount += 1
    printer?.row(values)
    if output.failure != nil { throw ShellError("the output takes no more rows", code: .io) }
  }

  func end(failed: Bool = false) { printer?.end(failed: failed) }
}

extension Statement {
  /// The table that the statement's rows are from, if it is one.
  fileprivate var source: String? {
    switch self {
    case .select(let query):
      guard query.compounds.isEmpty, case .select(let select) = query.block, select.from.count == 1,
        case .table(let table) = select.from[0].source
      else { return nil }
      return table.name
    case .with(_, .statement(let inner)): return inner.source
    case .upsert(let upsert): return upsert.table
    case .delete(let delete): return delete.table.name
    default: return nil
    }
  }
}
