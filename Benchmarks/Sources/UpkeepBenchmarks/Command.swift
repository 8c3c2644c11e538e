import Foundation
import Harness

/// A program that is run as a person would run it, from its start to its end.
enum Command {
  /// Runs it and throws away what it prints.
  ///
  /// - Returns: how long it took, in seconds.
  @discardableResult
  static func time(_ program: String, _ arguments: [String]) throws -> Double {
    let nothing = open("/dev/null", O_WRONLY)
    defer { close(nothing) }
    let began = wallClock()
    try finish(try start(program, arguments, into: nothing), program, arguments)
    return wallClock() - began
  }

  /// What it prints, and how long it took.
  static func output(_ program: String, _ arguments: [String]) throws -> (text: String, seconds: Double) {
    let pipe = Pipe()
    let began = wallClock()
    let process = try start(program, arguments, into: pipe.fileHandleForWriting.fileDescriptor)
    try pipe.fileHandleForWriting.close()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    try finish(process, program, arguments)
    return (text, wallClock() - began)
  }

  /// Started and waited for by calls on the system: Foundation's `Process` notices the end of a program some hundredths of
  /// a second late.
  private static func start(_ program: String, _ arguments: [String], into output: Int32) throws -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    guard posix_spawnp(&process, program, &actions, nil, &words, environ) == 0 else {
      throw Options.Wrong(description: "\(program) cannot be started")
    }
    return process
  }

  private static func finish(_ process: pid_t, _ program: String, _ arguments: [String]) throws {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    guard status == 0 else {
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
