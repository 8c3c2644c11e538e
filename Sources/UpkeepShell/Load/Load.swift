import Upkeep
import UpkeepSQL

/// A load from files, with its progress and its reject file, the same for `upkeep load`, `.import`, `.sync` and the diffs.
struct Load {
  var files: [String]
  var options: FeedOptions
  var rejectPath: String?
  /// The table is made if it is not there, with these columns as its primary key.
  var creation: (key: [String], isWanted: Bool) = ([], false)
  var isQuiet = false

  /// What a load did.
  struct Outcome {
    var result: UpsertResult
    /// The table that was made for it.
    var made: TableDefinition?
  }

  /// The load that arguments ask for.
  init(_ files: [String], into table: String, _ arguments: FeedArguments, isQuiet: Bool) throws(ShellError) {
    self.files = files
    self.isQuiet = isQuiet
    options = try arguments.options(into: table, files: files)
    rejectPath = arguments.rejects
    creation = (arguments.keyColumns, arguments.create)
  }

  /// Takes the files in, as one statement; a dry run is undone when it is done.
  func run(in session: Session) throws -> Outcome {
    let options = options
    return try run(in: session) { scope, feed, rejects, progress throws(UpkeepError) in
      let savepoint = options.isDryRun ? try scope.savepoint() : nil
      let result = try FeedImport(scope, options, rejects: rejects, progress: progress).run(feed)
      if let savepoint { try scope.rollback(to: savepoint) }
      return result
    }
  }

  /// Tells each row that the load would change, and changes nothing.
  func compare(in session: Session, _ body: (FeedDiff.Change, TableSchema) -> Void) throws -> Outcome {
    let options = options
    return try run(in: session) { scope, feed, rejects, progress throws(UpkeepError) in
      let schema = try scope.table(options.table)
      return try FeedDiff(scope, options, rejects: rejects, progress: progress)
        .run(feed) { body($0, schema) }
    }
  }

  private func run(
    in session: Session,
    _ body: (TransactionScope, [FeedSource], RejectFile?, @escaping (FeedProgress) -> Void)
      throws(UpkeepError)
      -> UpsertResult
  ) throws -> Outcome {
    let creates =
      try creation.isWanted
      && session.look { scope throws(UpkeepError) in try scope.catalog.find(options.table) } == nil
    let kept = creates && files.contains("-") ? try KeptInput() : nil
    var made: TableDefinition?
    if creates {
      let feed = try FeedFiles(files, kept)
      let bar = ProgressBar(totalBytes: feed.size, isQuiet: isQuiet)
      defer { bar?.clear() }
      let inference = TypeInference(options) { bar?.show(feed.placed($0)) }
      for source in feed.sources { try inference.take(source) }
      made = try inference.definition(key: creation.key)
    }
    let feed = try FeedFiles(files, kept)
    let rejects = try rejectPath.map { path throws(ShellError) in
      try RejectFile(path, inputs: files, separator: options.separator)
    }
    let bar = ProgressBar(totalBytes: feed.size, isQuiet: isQuiet)
    defer { bar?.clear() }
    let isUndone = options.isDryRun
    let outcome = Result { () throws(UpkeepError) -> UpsertResult in
      try session.change { scope throws(UpkeepError) in
        let savepoint = isUndone && made != nil ? try scope.savepoint() : nil
        if let made { try SchemaChange(scope).createTable(made) }
        let result = try body(scope, feed.sources, rejects) { bar?.show(feed.placed($0)) }
        if let savepoint { try scope.rollback(to: savepoint) }
        return result
      }
    }
    try rejects?.finish()
    return Outcome(result: try outcome.mapError(advised).get(), made: made)
  }

  /// A table that is not there could be made from the feed.
  private func advised(_ error: UpkeepError) -> UpkeepError {
    guard error.code == .unknownTable, !creation.isWanted, Names.equal(error.name ?? "", options.table)
    else { return error }
    var advised = error
    // A question, whether another name was meant, needs no sign behind it.
    advised.message += (error.message.hasSuffix("?") ? " " : "; ") + "--create makes it from the feed"
    return advised
  }
}

/// The files of a feed, opened.
struct FeedFiles {
  private let files: [FileSource]
  let sources: [FeedSource]

  /// - Parameter kept: what stands for standard input.
  init(_ paths: [String], _ kept: KeptInput? = nil) throws {
    files = try paths.map { path in
      if path == "-", let kept { return try FileSource(kept: kept.descriptor) }
      return try FileSource(path)
    }
    sources = zip(files, paths).map { file, path in
      let isGzip = path.lowercased().hasSuffix(".gz")
      return FeedSource(
        GzipSource(file, path: path, mustBeGzip: isGzip), name: paths.count > 1 ? path : nil)
    }
  }

  /// How long all of them are, where that is known.
  var size: Int? {
    files.contains { $0.size == nil } ? nil : files.compactMap(\.size).reduce(0, +)
  }

  /// How far a load has come in the files as they lie.
  func placed(_ progress: FeedProgress) -> FeedProgress {
    FeedProgress(rows: progress.rows, bytes: files.map(\.byteCount).reduce(0, +))
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
