internal import UpkeepStorage

/// Takes a feed into a table, as one statement: all of it, or nothing.
///
/// 1. The first line of each file names columns, or each record of it does; a column of the table that is not named is
///    not given.
/// 2. Each record becomes a row of typed values and goes to the resolver; one that cannot goes there as rejected, with
///    what could be read of it.
/// 3. When the last record is in, the resolver settles what is held twice, and says what became of each row.
/// 4. Rejected records go to the sink as they were. Too many of them are an error, and nothing is stored.
package final class FeedImport {
  private static let progressInterval = 4096

  private let scope: TransactionScope
  private let schema: TableSchema
  private let options: FeedOptions
  private let rejects: (any RejectSink)?
  private let progress: ((FeedProgress) -> Void)?
  private let batch: UpsertBatch
  private let plan: UpsertPlan
  private let spool: LineSpool?
  private var row: [Value?]
  /// The rows of a feed of several files are numbered through: this is the number before the file's first record.
  private var fileStarts: [(start: Int, name: String?)] = []
  /// The number of the last record that was read, in its file.
  private var lastNumber = 0
  /// The lines of records that have numbers of their own.
  private var lines = RecordLines()
  /// What ended the reading of a file, with its place.
  private var readingFailure: UpkeepError?
  private var rowCount = 0
  private var byteCount = 0
  /// Reads on another thread, once that was worth it; nil also where it cannot be done.
  private var readAhead: FeedReadAhead?
  private var canReadAhead = true

  package init(
    _ scope: TransactionScope, _ options: FeedOptions, rejects: (any RejectSink)? = nil,
    progress: ((FeedProgress) -> Void)? = nil
  ) throws(UpkeepError) {
    self.scope = scope
    self.options = options
    self.rejects = rejects
    self.progress = progress
    schema = try scope.table(options.table)
    plan = try Self.plan(schema, options)
    batch = try UpsertBatch(scope, plan, now: .now(), sweepShare: 2)
    spool = rejects == nil ? nil : try LineSpool(try scope.writing)
    row = [Value?](repeating: nil, count: schema.columns.count)
  }

  /// What becomes of the feed's rows.
  static func plan(_ schema: TableSchema, _ options: FeedOptions) throws(UpkeepError) -> UpsertPlan {
    let policy = options.collectsRejects ? RejectPolicy.collect(limit: nil) : .fail
    let action: ConflictAction
    switch options.mode {
    case .sync:
      return try UpsertPlan(
        syncing: schema, by: options.target, rejects: policy, displaces: options.ambiguity == .displace,
        words: .load)
    case .insert:
      // A second line with one key is an error anyway.
      let duplicates = options.duplicates == .fail ? .fold : options.duplicates
      return try UpsertPlan(schema, clauses: [], duplicates: duplicates, rejects: policy, words: .load)
    case .ignore: action = .ignore
    case .replace: action = .replace
    case .merge: action = .merge(columns: nil)
    }
    let clause = ConflictClause(options.target, action, ambiguity: options.ambiguity)
    return try UpsertPlan(
      schema, clauses: [clause], duplicates: options.duplicates, rejects: policy, words: .load)
  }

  /// Takes the files in, one after the other, as one feed.
  package func run(_ sources: [FeedSource]) throws(UpkeepError) -> UpsertResult {
    var result: UpsertResult
    defer { readAhead?.stop() }
    do throws(UpkeepError) {
      for source in sources { try take(source) }
      result = try batch.finish()
    } catch {
      try batch.abandon()
      throw readingFailure ?? located(error)
    }
    result.rejects = result.rejects.map { located($0) }
    if let rejects, let spool {
      try batch.forEachReject { error throws(UpkeepError) in
        let (record, line) = try spool.record(error.rowNumber ?? 0)
        try rejects.reject(record, line: line, because: error)
      }
    }
    progress?(FeedProgress(rows: rowCount, bytes: byteCount))
    if let limit = options.rejectLimit, result.rejected > limit {
      throw Self.tooMany(result.rejected, limit, first: result.rejects.first)
    }
    return result
  }

  private static func tooMany(_ count: Int, _ limit: Int, first: UpkeepError?) -> UpkeepError {
    let reason = first.map { "; the first: \($0.message)" } ?? ""
    return UpkeepError(
      .tooManyRejects,
      "\(UpsertResult.grouped(count)) rows were rejected where \(UpsertResult.grouped(limit)) may be, so nothing was stored\(reason)"
    )
  }

  // MARK: - Records

  private func take(_ source: FeedSource) throws(UpkeepError) {
    let start = (fileStarts.last?.start ?? 0) + lastNumber
    lastNumber = 0
    fileStarts.append((start, source.name))
    let bytesBefore = byteCount
    let rows = try reading { () throws(UpkeepError) in try Self.rows(source, schema, options) }
    if fileStarts.count == 1 { try rejects?.begin(rows.header, options.format) }
    for ordinal in row.indices { row[ordinal] = nil }
    var plainCount = 0
    var hasRecord = try reading { () throws(UpkeepError) in try rows.next() }
    while hasRecord {
      plainCount = try takeRecord(rows, start) ? plainCount + 1 : 0
      tellNowAndThen(bytesBefore + rows.bytesRead)
      if plainCount >= options.readsAheadAfter ?? .max, let ahead = try aheadOfStatement() {
        plainCount = 0
        hasRecord = try takeAhead(ahead, rows, start, of: source.bytes, bytesBefore)
      } else {
        hasRecord = try reading { () throws(UpkeepError) in try rows.next() }
      }
    }
    byteCount = bytesBefore + rows.bytesRead
  }

  /// Takes the record that was read.
  ///
  /// - Returns: whether it is plain: text that became a row without its values being made.
  private func takeRecord(_ rows: any FeedRows, _ start: Int) throws(UpkeepError) -> Bool {
    lastNumber = rows.number
    let number = start + lastNumber
    if options.format == .json { lines.note(lastNumber + start, rows.line) }
    rowCount += 1
    if rowCount & 1023 == 0 { try scope.watch?.cancellation.check() }
    try spool?.keep(rows.record, line: rows.line, number: number)
    if let encoder = batch.textEncoder, rows.isTaken(by: encoder) {
      try batch.addTaken(number: number) {
        _ = rows.read(into: &row)
        return row
      }
      return true
    }
    switch rows.read(into: &row) {
    case .good: try batch.add(row, number: number)
    case .flawed(let problem): try reject(row, number, problem)
    case .unreadable(let problem): try reject(nil, number, problem)
    }
    return false
  }

  // MARK: - Reading ahead

  /// What reads on another thread, where that can be. Records that may be rejected into a file are kept one by one, on
  /// this one.
  private func aheadOfStatement() throws(UpkeepError) -> FeedReadAhead? {
    if let readAhead { return readAhead }
    guard canReadAhead, spool == nil, let encoder = batch.makeEncoder() else {
      canReadAhead = false
      return nil
    }
    readAhead = FeedReadAhead(
      encoder, spare: batch.makeSweep(), numbersLines: options.format == .json,
      cancellation: scope.watch?.cancellation)
    return readAhead
  }

  /// Takes plain records that are read on another thread, up to one that is not plain or to the file's end.
  ///
  /// - Returns: whether `rows` has a record that is still to be taken.
  private func takeAhead(
    _ ahead: FeedReadAhead, _ rows: any FeedRows, _ start: Int, of source: any ByteSource, _ bytesBefore: Int
  ) throws(UpkeepError) -> Bool {
    guard ahead.begin(rows, filling: batch.sweep, from: batch.kinds.count, start, of: source, lines) else {
      // The system gives no thread.
      readAhead = nil
      canReadAhead = false
      return try reading { () throws(UpkeepError) in try rows.next() }
    }
    let hasRecord: Bool
    do throws(UpkeepError) {
      hasRecord = try takeBlocks(ahead, bytesBefore)
    } catch {
      lines = ahead.abandon()
      throw error
    }
    lines = ahead.end()
    return hasRecord
  }

  /// Takes what is read ahead until it ends.
  ///
  /// - Returns: whether it ended at a record that is still to be taken.
  private func takeBlocks(_ ahead: FeedReadAhead, _ bytesBefore: Int) throws(UpkeepError) -> Bool {
    while true {
      let block = ahead.next()
      rowCount += block.numbers.count
      lastNumber = block.lastNumber ?? lastNumber
      try batch.take(block.sweep, block.numbers)
      byteCount = bytesBefore + block.bytesRead
      progress?(FeedProgress(rows: rowCount, bytes: byteCount))
      switch block.ending {
      case nil: ahead.giveBack(block.sweep)
      case .record: return true
      case .end: return false
      case .failed(let error): try reading { () throws(UpkeepError) in throw error }
      }
    }
  }

  @inline(__always)
  private func tellNowAndThen(_ bytes: Int) {
    guard rowCount % Self.progressInterval == 0 else { return }
    byteCount = bytes
    progress?(FeedProgress(rows: rowCount, bytes: bytes))
  }

  /// The rows of a file, with values for the columns of a schema.
  static func rows(
    _ source: FeedSource, _ schema: TableSchema, _ options: FeedOptions
  ) throws(UpkeepError) -> any FeedRows {
    switch options.format {
    case .csv, .tsv: try CSVRows(CSVReader(source.bytes, options), schema, options)
    case .json, .jsonl: try JSONRows(JSONReader(source.bytes, format: options.format), schema, options)
    }
  }

  /// Runs what reads the file; its errors end the reading, and have the line at which they do.
  private func reading<T>(_ body: () throws(UpkeepError) -> T) throws(UpkeepError) -> T {
    do throws(UpkeepError) {
      return try body()
    } catch {
      readingFailure = error.rowNumber.map { placed(error, line: $0, in: fileStarts.last?.name) } ?? error
      throw error
    }
  }

  private func reject(_ row: [Value?]?, _ number: Int, _ problem: UpkeepError) throws(UpkeepError) {
    var problem = problem
    problem.rowNumber = number
    try batch.reject(row, number: number, because: problem)
  }

  /// The error with the line in its file rather than the row's number in the feed.
  private func located(_ error: UpkeepError) -> UpkeepError {
    guard let number = error.rowNumber,
      let file = fileStarts.last(where: { $0.start < number }) ?? fileStarts.first
    else { return error }
    let inFile = number - file.start
    guard options.format == .json else { return placed(error, line: inFile, in: file.name) }
    return placed(error, line: lines.line(of: number), record: inFile, in: file.name)
  }

  private func placed(_ error: UpkeepError, line: Int?, record: Int? = nil, in file: String?) -> UpkeepError {
    var placed = error
    placed.rowNumber = line ?? record
    placed.file = file ?? error.file
    let place = [file, line.map { "line \($0)" }, record.map { "record \($0)" }].compactMap { $0 }
    placed.message = "\(place.joined(separator: ", ")): \(error.message)"
    return placed
  }
}
