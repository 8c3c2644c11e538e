import Foundation

/// A shell that runs while the test talks to it through pipes.
final class LiveShell {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending = Data()

  init(_ arguments: [String], program: URL = ShellRun.program, in scratch: Scratch) throws {
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = scratch.folder
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  deinit { kill() }

  var processIdentifier: Int32 { process.processIdentifier }

  /// Sends text; what a dead shell does not take is lost.
  func send(_ text: String) {
    try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  }

  /// The next line it prints, or nil at its end.
  func line() -> String? {
    while true {
      if let end = pending.firstIndex(of: 10) {
        let line = String(decoding: pending[pending.startIndex..<end], as: UTF8.self)
        pending = Data(pending[(end + 1)...])
        return line
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      pending.append(more)
    }
  }

  /// Presses Ctrl-C, so to say.
  ///
  /// - Returns: the status with which it ends, if it is to end.
  func interrupt(waits: Bool = true) -> Int32? {
    _ = Foundation.kill(process.processIdentifier, SIGINT)
    guard waits else { return nil }
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Ends it as `kill -9` does, and waits until it is gone.
  func kill() {
    if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}
