import Foundation
import Harness

/// A program that is run as a person would run it, from its start to its end.
enum Command {
  /// Runs it and throws away what it prints.
  ///
  /// - Returns: how long it took, in seconds.
  @discardableResult
  static func time(_ program: String, _ arguments: [String]) throws -> Double {
    let began = wallClock()
    try run(program, arguments, into: FileHandle.nullDevice)
    return wallClock() - began
  }

  /// What it prints, and how long it took.
  static func output(_ program: String, _ arguments: [String]) throws -> (text: String, seconds: Double) {
    let pipe = Pipe()
    let began = wallClock()
    let process = try start(program, arguments, into: pipe)
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    try finish(process, program, arguments)
    return (text, wallClock() - began)
  }

  private static func run(_ program: String, _ arguments: [String], into output: Any) throws {
    try finish(try start(program, arguments, into: output), program, arguments)
  }

  private static func start(_ program: String, _ arguments: [String], into output: Any) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = output
    try process.run()
    return process
  }

  private static func finish(_ process: Process, _ program: String, _ arguments: [String]) throws {
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Options.Wrong(description: "\(program) \(arguments.joined(separator: " ")) failed")
    }
  }

  static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
}

/// People as a file to be taken in.
enum PeopleFile {
  /// Writes a line for each row, a piece at a time.
  ///
  /// - Parameters:
  ///   - path: ends with `.csv` or `.jsonl`.
  ///   - edition: of which their scores and times are.
  static func write(_ rows: some Sequence<Int>, edition: Int = 0, to path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else {
      throw Options.Wrong(description: "\(path) cannot be written")
    }
    defer { try? file.close() }
    let isCSV = path.hasSuffix(".csv")
    var text = isCSV ? "id,email,name,score,updated_at\n" : ""
    for row in rows {
      let person = Person(row, edition: edition)
      if isCSV {
        text += "\(person.id),\(person.email),\(person.name),\(person.score),\(person.updatedAt)\n"
      } else {
        text +=
          "{\"id\":\(person.id),\"email\":\"\(person.email)\",\"name\":\"\(person.name)\",\"score\":\(person.score),"
          + "\"updated_at\":\(person.updatedAt)}\n"
      }
      if text.utf8.count > 1 << 20 {
        try file.write(contentsOf: Data(text.utf8))
        text = ""
      }
    }
    try file.write(contentsOf: Data(text.utf8))
  }
}
