/// Cuts a stream of text into statements at the `;` that end them: those outside strings, quoted names and
/// comments. Text may come in any pieces; each byte is looked at once.
///
/// CREATE TRIGGER goes to the `;` behind its END, as in SQLite: what a trigger would do must not be run in its place,
/// also where there are none.
///
///     var splitter = StatementSplitter()
///     splitter.append("INSERT INTO t VALUES (';');SEL".utf8)
///     splitter.next()?.text        // INSERT INTO t VALUES (';');
///     splitter.next()              // nil: SEL is not whole
public struct StatementSplitter: Sendable {
  /// A statement's text, and where it began in the stream.
  public struct Piece: Sendable {
    /// The text, from its first word to its `;`.
    public let utf8: [UInt8]
    /// The line of its first word, from 1.
    public let line: Int
    /// Where in that line, in bytes from 1.
    public let column: Int
    /// What stands before the statement in its first line and behind it in its last one, as far as it came in the same
    /// piece of text as its first byte, and its last. Empty in a line that goes on for long before the statement.
    package var lead: [UInt8] = []
    package var trail: [UInt8] = []

    /// The line of its last byte.
    package var lastLine: Int { line + utf8.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) } }

    /// The text as a string; what is not UTF-8 becomes U+FFFD.
    public var text: String { String(decoding: utf8, as: UTF8.self) }
  }

  /// The longest text around a statement that is kept for messages.
  private static let longestMargin = 1_000

  private enum State: UInt8 {
    case plain, minus, slash, lineComment, blockComment, blockStar
    case single, double, backtick, bracket
  }

  private var state = State.plain
  private var head = StatementHead()
  private var pending: [UInt8] = []
  private var lead: [UInt8] = []
  /// Something of a statement has been seen since the last `;`.
  private var hasStarted = false
  private var pendingLine = 1
  private var pendingColumn = 1
  private var line = 1
  private var column = 1
  private var pieces: [Piece] = []
  private var firstPiece = 0

  /// A splitter at the beginning of a text.
  public init() {}

  /// Whether nothing but blanks and comments has come since the last whole statement, none of them unfinished.
  public var isBlank: Bool { !hasStarted && (state == .plain || state == .lineComment) }

  /// Whether what comes next is neither in quotes nor in a comment.
  package var isWithinCode: Bool { state == .plain }

  /// What has come since the last whole statement.
  public var unfinished: String { String(decoding: pending, as: UTF8.self) }

  /// Takes more text.
  ///
  /// - Complexity: linear in the bytes given.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { scan($0) }
    if done == nil { Array(bytes).withUnsafeBufferPointer { scan($0) } }
  }

  /// The next whole statement; nil if none has come.
  public mutating func next() -> Piece? {
    guard firstPiece < pieces.count else { return nil }
    defer {
      firstPiece += 1
      if firstPiece == pieces.count {
        pieces.removeAll(keepingCapacity: true)
        firstPiece = 0
      }
    }
    return pieces[firstPiece]
  }

  /// The text after the last `;` when no more will come; nil if it says nothing. Begins anew.
  public mutating func finish() -> Piece? {
    let isUnclosedComment = state == .blockComment || state == .blockStar
    let rest = hasStarted || isUnclosedComment ? takePending() : nil
    state = .plain
    head = StatementHead()
    pending.removeAll(keepingCapacity: true)
    hasStarted = false
    return rest
  }

  /// Whether a text is one or more whole statements with nothing but blanks and comments behind them.
  public static func isComplete(_ text: String) -> Bool {
    var splitter = StatementSplitter()
    splitter.append(text.utf8)
    return splitter.isBlank && splitter.next() != nil
  }

  // MARK: - Scanning

  private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) {
    var copied = 0  // bytes before this one are in `pending` already, or dropped
    var lineStart = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      let wasBlank = !hasStarted
      if step(byte) {
        pending.append(contentsOf: bytes[copied...index])
        copied = index + 1
        pieces.append(takePending(before: bytes[(index + 1)...]))
      } else if wasBlank {
        dropBlanks(byte, bytes, index, &copied)
        if hasStarted { lead = margin(bytes[lineStart...index]) }
      }
      if byte == 0x0A {
        line += 1
        column = 1
        lineStart = index + 1
      } else {
        column += 1
      }
    }
    if copied < bytes.count { pending.append(contentsOf: bytes[copied...]) }
  }

  /// What stands in the line before the statement that has begun, of the line up to here; nothing if that is not all.
  private func margin(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
    let length = pendingColumn - 1
    guard pendingLine == self.line, length <= Self.longestMargin, line.count == column else { return [] }
    return Array(line.prefix(length))
  }

  /// Blanks and whole comments before a statement are no part of it.
  private mutating func dropBlanks(
    _ byte: UInt8, _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ copied: inout Int
  ) {
    guard !hasStarted else { return }
    switch state {
    case .minus, .slash:
      // Perhaps a comment, perhaps an operator where a statement should begin.
      if pending.isEmpty, copied <= index { copied = index }
      pendingLine = line
      pendingColumn = column
    case .plain, .lineComment:
      pending.removeAll(keepingCapacity: true)
      copied = index + 1
    default: break
    }
  }

  /// Goes one byte on; true if the byte is the `;` that ends a statement.
  private mutating func step(_ byte: UInt8) -> Bool {
    switch state {
    case .single: if byte == UInt8(ascii: "'") { state = .plain }
    case .double: if byte == UInt8(ascii: "\"") { state = .plain }
    case .backtick: if byte == UInt8(ascii: "`") { state = .plain }
    case .bracket: if byte == UInt8(ascii: "]") { state = .plain }
    case .lineComment: if byte == 0x0A { state = .plain }
    case .blockComment: if byte == UInt8(ascii: "*") { state = .blockStar }
    case .blockStar:
      state = byte == UInt8(ascii: "/") ? .plain : byte == UInt8(ascii: "*") ? .blockStar : .blockComment
    case .minus where byte == UInt8(ascii: "-"): state = .lineComment
    case .slash where byte == UInt8(ascii: "*"): state = .blockComment
    case .minus, .slash:
      hasStarted = true
      head.takeSign()
      state = .plain
      return plain(byte)
    case .plain: return plain(byte)
    }
    return false
  }

  private mutating func plain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ";"):
      // An empty statement is none, but what stands before a `;` is one to complain about.
      guard hasStarted else { return false }
      return head.ends()
    case 0x20, 0x09...0x0D:
      head.takeBlank()
      return false
    case UInt8(ascii: "-"):
      state = .minus
      head.takeBlank()
    case UInt8(ascii: "/"):
      state = .slash
      head.takeBlank()
    case UInt8(ascii: "'"): begin(.single)
    case UInt8(ascii: "\""): begin(.double)
    case UInt8(ascii: "`"): begin(.backtick)
    case UInt8(ascii: "["): begin(.bracket)
    default:
      head.take(byte)
      begin(.plain)
    }
    return false
  }

  private mutating func begin(_ next: State) {
    state = next
    if next != .plain { head.takeSign() }
    guard !hasStarted else { return }
    hasStarted = true
    if pending.isEmpty {
      pendingLine = line
      pendingColumn = column
    }
  }

  private mutating func takePending(before rest: Slice<UnsafeBufferPointer<UInt8>>? = nil) -> Piece {
    defer {
      pending.removeAll(keepingCapacity: pending.capacity < 1 << 20)
      hasStarted = false
      head = StatementHead()
      lead = []
    }
    var piece = Piece(utf8: pending, line: pendingLine, column: pendingColumn)
    piece.lead = lead
    // In a line of very many statements only the first are shown with what follows them.
    if let rest, lead.count == pendingColumn - 1 {
      piece.trail = Array(rest.prefix(Self.longestMargin).prefix { $0 != 0x0A && $0 != 0x0D })
    }
    return piece
  }
}
