import Foundation
import Upkeep

/// A load from files, with its progress and its reject file, the same for `upkeep load` and `.import`.
struct Load {
  var files: [String]
  var options: FeedOptions
  var rejectPath: String?
  var isQuiet = false

  /// Takes the files in. `run` gives the load its transaction, which it commits if the body returns.
  ///
  /// - Returns: what became of the rows.
  func run(in session: Session) throws -> UpsertResult {
    let sources = try files.map { (file: $0, source: try FileSource($0)) }
    let rejects = try rejectPath.map { path throws(ShellError) in try RejectFile(path) }
    let sizes = sources.map(\.source.size)
    let bar = ProgressBar(
      totalBytes: sizes.contains(nil) ? nil : sizes.compactMap { $0 }.reduce(0, +), isQuiet: isQuiet)
    defer { bar?.clear() }
    let feed = sources.map { FeedSource($0.source, name: files.count > 1 ? $0.file : nil) }
    let outcome = Result { () throws(UpkeepError) -> UpsertResult in
      try session.load(feed, options, rejects: rejects) { bar?.show($0) }
    }
    try rejects?.finish()
    return try outcome.get()
  }
}

extension Session {
  /// Takes a feed in, as one statement; a dry run is undone when it is done.
  fileprivate func load(
    _ feed: [FeedSource], _ options: FeedOptions, rejects: RejectFile?,
    progress: @escaping (FeedProgress) -> Void
  ) throws(UpkeepError) -> UpsertResult {
    try change { scope throws(UpkeepError) in
      let savepoint = options.isDryRun ? try scope.savepoint() : nil
      let result = try FeedImport(scope, options, rejects: rejects, progress: progress).run(feed)
      if let savepoint { try scope.rollback(to: savepoint) }
      return result
    }
  }
}

/// `upkeep load`
struct LoadCommand {
  private let arguments: LoadArguments
  private let output = Output(STDOUT_FILENO)
  private let messages: Messages

  init(_ arguments: LoadArguments) {
    self.arguments = arguments
    messages = Messages(results: output, errors: Output(STDERR_FILENO))
    messages.isQuiet = arguments.quiet
  }

  func run() -> ExitStatus {
    do {
      let load = try makeLoad()
      // What cannot be read must not leave a new, empty database behind.
      for file in load.files where file != "-" { _ = try FileSource(file) }
      let database = try Database(arguments.database, arguments.opening)
      let result = Result { try load.run(in: database.session) }
      try database.close()
      tell(try result.get())
      if let failure = output.failure { throw ShellError.system("cannot write the counts", failure) }
      return .success
    } catch let error as UpkeepError {
      messages.error(error.message, code: error.code)
      return ExitStatus(error.code)
    } catch let error as ShellError {
      messages.error(error.message, code: error.code)
      return ExitStatus(error.code)
    } catch {
      messages.error("\(error)", code: .misuse)
      return .failure
    }
  }

  private func makeLoad() throws -> Load {
    var options = try arguments.feed.options(into: arguments.into, file: arguments.files[0])
    for pair in arguments.map {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      options.columnNames[Names.folded(String(parts[0]))] = String(parts[1])
    }
    return Load(
      files: arguments.files, options: options, rejectPath: arguments.feed.rejects, isQuiet: arguments.quiet)
  }

  private func tell(_ result: UpsertResult) {
    for notice in result.notices { messages.notice(notice) }
    if arguments.feed.rejects == nil { messages.rejects(result.rejects) }
    let counts = result.summary.counts
    if arguments.json {
      output.write("{" + counts.map { "\"\($0.kind.rawValue)\":\($0.count)" }.joined(separator: ",") + "}\n")
    } else {
      output.write(Figures.counts(result.summary) + "\n")
    }
    output.flush()
  }
}

extension Messages {
  /// The reasons of rejected lines that go to no file, as far as a person reads them.
  func rejects(_ errors: [UpkeepError]) {
    for error in errors.prefix(20) { notice("rejected: \(error.message)") }
    if errors.count > 20 {
      notice("… and \(Figures.grouped(errors.count - 20)) more; --rejects FILE keeps them all")
    }
  }
}
