/// The program that shows what is longer than the window.
struct Pager {
  /// The shell's command line for it.
  let command: String

  /// What `PAGER` says, else less, if it is there. An empty `PAGER` is none.
  init?(environment: [String: String]) {
    if let wish = environment["PAGER"] {
      guard !wish.isEmpty else { return nil }
      command = wish
    } else {
      // What is shown is UTF-8, whatever the environment leaves out.
      let folders = environment["PATH", default: ""].split(separator: ":")
      guard folders.contains(where: { access("\($0)/less", X_OK) == 0 }) else { return nil }
      command = "LESSCHARSET=${LESSCHARSET:-utf-8} less -FRSX"
    }
  }

  /// Starts it; nil if that is not to be had. It gets the terminal's signals, which this thread may have blocked.
  func start() -> PagerPipe? {
    Interrupts.unblocked { popen(command, "w") }.map { PagerPipe($0) }
  }
}

/// What the pager reads.
final class PagerPipe {
  private let stream: UnsafeMutablePointer<FILE>

  init(_ stream: UnsafeMutablePointer<FILE>) { self.stream = stream }

  var descriptor: Int32 { fileno(stream) }

  /// Closes the pipe and waits until the person has seen enough.
  ///
  /// - Returns: whether there was such a program.
  func finish() -> Bool {
    let status = pclose(stream)
    return (status >> 8) & 0xFF != 127
  }
}
