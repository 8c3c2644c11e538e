import Synchronization
internal import UpkeepStorage

/// Reads records of a feed on a thread of its own, as far as they are plain, while the statement applies those before.
///
/// 1. `begin` hands over the reader and the buffer that the statement was filling. From then on they are the thread's.
/// 2. The thread fills the buffer with records up to one that is not plain, encoded as they would be stored and in order. A
///    full one is the statement's, and the thread goes on with the spare one.
/// 3. The statement takes a buffer (`next`), applies it, and hands it back empty (`giveBack`): the thread is never more than
///    one ahead.
/// 4. The last buffer of a stretch says why it ended: at a record that is not plain, at the file's end or at an error. The
///    buffer, the reader and its record are then the statement's again. `end` must follow. A statement that has failed
///    does not wait for it but calls `abandon`: the thread stops early, even where the feed is a pipe to which nobody writes.
///
/// `filled`, `empty`, `isAtWork` and the stretch to do are guarded by `monitor`; what the thread uses while it is at work
/// it has to itself.
final class FeedReadAhead: @unchecked Sendable {
  /// Why a stretch ended.
  enum Ending {
    /// The reader is at a record that is not plain.
    case record
    case end
    case failed(UpkeepError)
  }

  /// What the thread has read.
  struct Block {
    let sweep: SweepBuffer
    /// The numbers of the records that it added to the buffer, as the feed counts.
    let numbers: RowNumbers
    /// The last of them in its file; nil if there is none.
    let lastNumber: Int?
    /// How many bytes of the file lie before the record after them.
    let bytesRead: Int
    /// Nil if more follows.
    let ending: Ending?
  }

  /// What the thread is to read.
  private struct Stretch {
    let rows: any FeedRows
    let sweep: SweepBuffer
    /// The first record's index among the statement's input rows.
    var index: Int
    /// The number in the feed before the file's first record.
    let start: Int
    /// What the rows are read from.
    let source: any ByteSource
  }

  private let encoder: SweepEncoder
  private let numbersLines: Bool
  private let cancellation: Cancellation?
  private let monitor = Monitor()
  private let mustStop = Atomic<Bool>(false)
  private var thread: BackgroundWorker?
  private var isAtWork = false
  private var stretch: Stretch?
  private var filled: Block?
  private var empty: SweepBuffer?
  private var lines = RecordLines()

  /// - Parameters:
  ///   - encoder: for the thread alone.
  ///   - spare: a second buffer.
  ///   - numbersLines: whether the lines of records are to be noted.
  init(_ encoder: SweepEncoder, spare: SweepBuffer, numbersLines: Bool, cancellation: Cancellation?) {
    self.encoder = encoder
    self.numbersLines = numbersLines
    self.cancellation = cancellation
    empty = spare
  }

  // MARK: - The statement's side

  /// Lets the thread read from the record after the current one.
  ///
  /// - Parameters:
  ///   - sweep: with what waits in it.
  ///   - index: the number of input rows so far.
  ///   - start: the number in the feed before the file's first record.
  ///   - source: what the rows are read from.
  ///   - lines: those noted so far; `end` gives them back.
  /// - Returns: false if the system gives no thread.
  func begin(
    _ rows: any FeedRows, filling sweep: SweepBuffer, from index: Int, _ start: Int,
    of source: any ByteSource, _ lines: RecordLines
  ) -> Bool {
    let thread =
      thread
      ?? BackgroundWorker { [unowned self] in
        work()
        return nil
      }
    self.thread = thread
    monitor.withLock {
      stretch = Stretch(rows: rows, sweep: sweep, index: index, start: start, source: source)
      self.lines = lines
      isAtWork = true
    }
    if thread.wake() { return true }
    monitor.withLock {
      stretch = nil
      isAtWork = false
    }
    return false
  }

  /// What was read next; waits for it.
  func next() -> Block {
    monitor.withLock {
      while true {
        if let block = filled {
          filled = nil
          monitor.signalAll()
          return block
        }
        monitor.wait()
      }
    }
  }

  /// Hands back a buffer that was applied.
  func giveBack(_ sweep: SweepBuffer) {
    monitor.withLock {
      empty = sweep
      monitor.signalAll()
    }
  }

  /// Ends the stretch before its end; the feed is not read any further.
  ///
  /// - Returns: the lines noted.
  func abandon() -> RecordLines {
    mustStop.store(true, ordering: .relaxed)
    monitor.withLock { isAtWork ? stretch?.source : nil }?.stopWaiting()
    return end()
  }

  /// Ends the stretch, if the thread has not.
  ///
  /// - Returns: the lines noted.
  func end() -> RecordLines {
    mustStop.store(true, ordering: .relaxed)
    return monitor.withLock {
      monitor.signalAll()
      while isAtWork { monitor.wait() }
      mustStop.store(false, ordering: .relaxed)
      filled = nil
      return lines
    }
  }

  /// Ends the thread. No stretch may be under way.
  func stop() {
    thread?.stop()
    thread = nil
  }

  // MARK: - The thread's side

  /// A stretch, from beginning to end.
  private func work() {
    guard var stretch = monitor.withLock({ self.stretch }) else { return }
    var sweep: SweepBuffer? = stretch.sweep
    while let filling = sweep {
      let block = fill(filling, &stretch)
      sweep = hand(block)
    }
    monitor.withLock {
      self.stretch = nil
      isAtWork = false
      monitor.signalAll()
    }
  }

  /// Hands a block to the statement.
  ///
  /// - Returns: the buffer to go on with; nil if the stretch has ended.
  private func hand(_ block: Block) -> SweepBuffer? {
    let isLast = block.ending != nil
    return monitor.withLock {
      while filled != nil {
        if mustStop.load(ordering: .relaxed) { return nil }
        monitor.wait()
      }
      filled = block
      monitor.signalAll()
      if isLast { return nil }
      while true {
        if mustStop.load(ordering: .relaxed) { return nil }
        if let next = empty {
          empty = nil
          return next
        }
        monitor.wait()
      }
    }
  }

  /// Adds records to a buffer until it is full or the stretch ends. A full one is put in order here.
  private func fill(_ sweep: SweepBuffer, _ stretch: inout Stretch) -> Block {
    let rows = stretch.rows
    var numbers = RowNumbers()
    var lastNumber: Int?
    var ending: Ending?
    do throws(UpkeepError) {
      ending = try read(rows, sweep, &stretch, &numbers, &lastNumber)
    } catch {
      ending = .failed(error)
    }
    if ending == nil {
      sweep.sort()
      sweep.sortClaims()
    }
    return Block(
      sweep: sweep, numbers: numbers, lastNumber: lastNumber, bytesRead: rows.bytesRead, ending: ending)
  }

  private func read(
    _ rows: any FeedRows, _ sweep: SweepBuffer, _ stretch: inout Stretch, _ numbers: inout RowNumbers,
    _ lastNumber: inout Int?
  ) throws(UpkeepError) -> Ending? {
    while !sweep.isFull {
      guard try rows.next() else { return .end }
      guard rows.isTaken(by: encoder.rows), !encoder.rows.lacksKey, encoder.add(stretch.index, to: sweep)
      else { return .record }
      let number = rows.number
      lastNumber = number
      numbers.append(stretch.start + number)
      if numbersLines { lines.note(stretch.start + number, rows.line) }
      stretch.index += 1
      if numbers.count & 1023 == 0 {
        try cancellation?.check()
        if mustStop.load(ordering: .relaxed) { return .end }
      }
    }
    return nil
  }
}
