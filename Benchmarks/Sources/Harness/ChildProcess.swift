import Foundation

/// This program once more, in a process of its own whose memory is only its own work's.
public enum ChildProcess {
  /// Runs it and reads the numbers that it prints, separated by spaces.
  ///
  /// - Returns: the numbers, and the status with which it ended.
  /// - Throws: what starting a process throws.
  public static func figures(_ arguments: [String]) throws -> (figures: [Double], status: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let words = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    return (words.compactMap { Double($0) }, process.terminationStatus)
  }
}
