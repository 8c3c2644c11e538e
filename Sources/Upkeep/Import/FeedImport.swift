internal import UpkeepStorage

/// Takes a feed into a table, as one statement: all of it, or nothing.
///
/// 1. The first line of each file names columns; a column of the table that it lacks is not given.
/// 2. Each line becomes a row of typed values and goes to the resolver; a line that cannot goes there as
///    rejected, with what could be read of it.
/// 3. When the last line is in, the resolver settles what is held twice, and says what became of each row.
/// 4. Rejected lines go to the sink as they were. Too many of them are an error, and nothing is stored.
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
  private let null: [UInt8]?
  private var row: [Value?]
  /// The rows of a feed of several files are numbered through: this is the number before the file's first line.
  private var fileStarts: [(start: Int, name: String?)] = []
  /// The number of the last line that was read, in its file.
  private var lastLine = 0
  private var rowCount = 0
  private var byteCount = 0

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
    batch = try UpsertBatch(scope, plan, now: .now())
    spool = rejects == nil ? nil : try LineSpool(try scope.writing)
    null = options.null.map { Array($0.utf8) }
    row = [Value?](repeating: nil, count: schema.columns.count)
  }

  private static func plan(_ schema: TableSchema, _ options: FeedOptions) throws(UpkeepError) -> UpsertPlan {
    let policy = options.collectsRejects ? RejectPolicy.collect(limit: nil) : .fail
    let action: ConflictAction
    switch options.mode {
    case .sync:
      return try UpsertPlan(
        syncing: schema, by: options.target, rejects: policy, displaces: options.ambiguity == .displace)
    case .insert: return try UpsertPlan(schema, clauses: [], rejects: policy)
    case .ignore: action = .ignore
    case .replace: action = .replace
    case .merge: action = .merge(columns: nil)
    }
    let clause = ConflictClause(options.target, action, ambiguity: options.ambiguity)
    return try UpsertPlan(schema, clauses: [clause], duplicates: options.duplicates, rejects: policy)
  }

  /// Takes the files in, one after the other, as one feed.
  package func run(_ sources: [FeedSource]) throws(UpkeepError) -> UpsertResult {
    var result: UpsertResult
    do throws(UpkeepError) {
      for source in sources { try take(source) }
      result = try batch.finish()
    } catch {
      try batch.abandon()
      throw located(error)
    }
    result.rejects = result.rejects.map { located($0) }
    if let rejects, let spool {
      try batch.forEachReject { error throws(UpkeepError) in
        let line = try spool.line(error.rowNumber ?? 0)
        try rejects.reject(line, number: located(error).rowNumber ?? 0, because: error)
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

  // MARK: - Lines

  private func take(_ source: FeedSource) throws(UpkeepError) {
    let reader = CSVReader(source.bytes, format: options.format)
    let start = (fileStarts.last?.start ?? 0) + lastLine
    fileStarts.append((start, source.name))
    let bytesBefore = byteCount
    guard try next(reader, start) else {
      throw .badLine(start + 1, "the feed is empty; its first line must name columns")
    }
    let header = try FeedHeader(reader, schema, options)
    if fileStarts.count == 1 { try rejects?.header(reader.record, options.format) }
    reader.skipsEmptyLines = header.fieldCount > 1
    for ordinal in row.indices { row[ordinal] = nil }
    while try next(reader, start) {
      lastLine = reader.line
      rowCount += 1
      try takeLine(reader, header, number: start + reader.line)
      if rowCount % Self.progressInterval == 0 {
        byteCount = bytesBefore + reader.bytesRead
        progress?(FeedProgress(rows: rowCount, bytes: byteCount))
      }
    }
    byteCount = bytesBefore + reader.bytesRead
  }

  /// Goes to the next line; an error that ends the reading names its line as the feed numbers it.
  private func next(_ reader: CSVReader, _ start: Int) throws(UpkeepError) -> Bool {
    do throws(UpkeepError) {
      return try reader.next()
    } catch {
      var numbered = error
      numbered.rowNumber = error.rowNumber.map { start + $0 }
      throw numbered
    }
  }

  private func takeLine(_ reader: CSVReader, _ header: FeedHeader, number: Int) throws(UpkeepError) {
    try spool?.keep(reader.record, number: number)
    var problem = reader.problem
    guard problem == nil else { return try reject(nil, number, problem) }
    if reader.fieldCount != header.fieldCount {
      let count = reader.fieldCount == 1 ? "1 field" : "\(reader.fieldCount) fields"
      problem = UpkeepError(
        .badInput, "the line has \(count) where the first line names \(header.fieldCount)")
      return try reject(nil, number, problem)
    }
    for (field, ordinal) in header.ordinals.enumerated() {
      guard let ordinal else { continue }
      let bytes = reader.bytes(field)
      if !reader.wasQuoted(field) && (bytes.isEmpty || isNull(bytes)) {
        row[ordinal] = .some(.null)
        continue
      }
      do throws(UpkeepError) {
        row[ordinal] = try Coercion.parse(bytes, to: schema.columns[ordinal])
      } catch {
        problem = problem ?? error
        row[ordinal] = nil
      }
    }
    if problem != nil { return try reject(row, number, problem) }
    try batch.add(row, number: number)
  }

  private func reject(_ row: [Value?]?, _ number: Int, _ problem: UpkeepError?) throws(UpkeepError) {
    guard var problem else { return }
    problem.rowNumber = number
    try batch.reject(row, number: number, because: problem)
  }

  @inline(__always)
  private func isNull(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let null, null.count == bytes.count else { return false }
    return null.withUnsafeBytes { Bytes.equal($0, bytes) }
  }

  /// The error with the line in its file rather than the row's number in the feed.
  private func located(_ error: UpkeepError) -> UpkeepError {
    guard let number = error.rowNumber,
      let file = fileStarts.last(where: { $0.start < number }) ?? fileStarts.first
    else { return error }
    var located = error
    let line = number - file.start
    located.rowNumber = line
    located.file = file.name ?? error.file
    let place = file.name.map { "\($0), line \(line)" } ?? "line \(line)"
    located.message = "\(place): \(error.message)"
    return located
  }
}
