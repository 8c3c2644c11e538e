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

  /// The most memory that was resident at once in another program, from its start to its end, in bytes.
  ///
  /// It is run by a process in between, which is small: what a process had in memory before it became another program
  /// counts as that one's.
  ///
  /// - Throws: what starting a process throws, and where the program fails.
  public static func peakResidentBytes(_ program: String, _ arguments: [String]) throws -> Double {
    let (figures, status) = try figures(["--peak-of", program] + arguments)
    guard status == 0, let bytes = figures.first else {
      throw Failed(description: "\(program) \(arguments.joined(separator: " ")) failed")
    }
    return bytes
  }

  /// In the process in between: runs the program and gives that figure, and the status with which it ended.
  public static func peakOfChild(_ program: String, _ arguments: [String]) throws -> (
    bytes: Double, status: Int32
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    var usage = rusage()
    #if os(Linux)
      getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
      let unit = 1024.0
    #else
      getrusage(RUSAGE_CHILDREN, &usage)
      let unit = 1.0
    #endif
    return (Double(usage.ru_maxrss) * unit, process.terminationStatus)
  }

  /// A program that failed.
  public struct Failed: Error, CustomStringConvertible {
    /// Which one.
    public let description: String
  }
}
