/// Bytes on their way to a file descriptor: gathered, and written when a statement is done or they are many.
final class Output {
  private let descriptor: Int32
  /// What makes a gzip file of the bytes, if it is one.
  private let encoder: GzipEncoder?
  private var buffer: [UInt8] = []
  /// The first failure of a write (`EPIPE` where the reader has gone); nothing is written after it.
  private(set) var failure: Int32?
  /// Colours, where this goes to a terminal.
  let paint: Paint
  /// What is held back until it is clear whether it fits the window.
  private var page: Page?

  /// A result on its way to a person.
  private struct Page {
    let pager: Pager
    let rows: Int
    /// The pager, once there is more than a window of it.
    var pipe: PagerPipe?
  }

  init(_ descriptor: Int32, paint: Paint = Paint(), encoder: GzipEncoder? = nil) {
    self.descriptor = descriptor
    self.paint = paint
    self.encoder = encoder
    buffer.reserveCapacity(64 << 10)
  }

  /// Standard output or standard error, coloured where it is a terminal that has colours.
  static func standard(_ descriptor: Int32, _ color: ColorChoice = .auto) -> Output {
    let isOn = color.isOn(descriptor, environment: System.environment("TERM", "NO_COLOR"))
    return Output(descriptor, paint: Paint(isOn: isOn))
  }

  /// A file to write to, made anew.
  static func file(_ path: String, gzip: Bool = false) throws(ShellError) -> Output {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ShellError.system("cannot write \(path)", errno) }
    return Output(descriptor, encoder: gzip ? GzipEncoder() : nil)
  }

  func write(_ byte: UInt8) {
    buffer.append(byte)
  }

  func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    flushIfLong()
  }

  func write(_ text: StaticString) {
    buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  func write(_ bytes: [UInt8]) {
    buffer.append(contentsOf: bytes)
    flushIfLong()
  }

  func close() {
    flush()
    if encoder != nil, failure == nil { write(encoding: [], isLast: true) }
    System.close(descriptor)
  }

  /// The window that this goes to; nil if it goes elsewhere.
  var window: Window.Size? { Window.size(descriptor) }

  private func flushIfLong() {
    guard buffer.count >= 60 << 10 else { return }
    if page != nil { turnPage() }
    flush()
  }

  // MARK: Pages

  /// What is written from here on goes through the pager if it is longer than the window.
  func beginPage(_ pager: Pager) {
    flush()
    guard page == nil, let window else { return }
    page = Page(pager: pager, rows: window.rows)
  }

  /// Ends the page, and waits for the person who reads it. One who left early is no failure.
  ///
  /// - Returns: what went wrong with the pager, if anything.
  func endPage() -> String? {
    guard page != nil else { return nil }
    if lineCount >= (page?.rows ?? 0) { turnPage() }
    guard let ended = page, let pipe = ended.pipe else {
      page = nil
      flush()
      return nil
    }
    flush()
    page = nil
    failure = nil
    return pipe.finish()
      ? nil : "the pager `\(ended.pager.command)` is not there; PAGER names another, or none if it is empty"
  }

  private var lineCount: Int { buffer.reduce(0) { $0 + ($1 == 10 ? 1 : 0) } }

  /// Starts the pager; where there is none to be had, the page is an ordinary one.
  private func turnPage() {
    guard var turned = page, turned.pipe == nil else { return }
    turned.pipe = turned.pager.start()
    page = turned.pipe == nil ? nil : turned
  }

  /// Writes what was gathered, unless it is held back.
  func flush() {
    if let page, page.pipe == nil { return }
    let descriptor = page?.pipe?.descriptor ?? descriptor
    defer { buffer.removeAll(keepingCapacity: buffer.count <= 1 << 20) }
    guard failure == nil else { return }
    if encoder != nil { write(encoding: buffer, isLast: false) } else { write(all: buffer, to: descriptor) }
  }

  private func write(encoding bytes: [UInt8], isLast: Bool) {
    guard let encoded = encoder?.encode(bytes, isLast: isLast) else {
      failure = EIO
      return
    }
    write(all: encoded, to: descriptor)
  }

  private func write(all bytes: [UInt8], to descriptor: Int32) {
    failure = bytes.withUnsafeBytes { System.write($0, to: descriptor) }
  }
}
