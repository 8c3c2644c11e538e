import Foundation
import Testing

@testable import UpkeepShell

/// A load takes no more memory for a longer file.
@Suite struct LoadMemoryTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let short = 40_000
  private static let long = 200_000

  private func row(_ id: Int, asJSON: Bool) -> String {
    let scattered = UInt32(truncatingIfNeeded: id) &* 2_654_435_761
    let code = String(scattered, radix: 36)
    let note = "row \(id) of many, with words that make it as long as rows are \(id % 89)"
    return asJSON
      ? "{\"id\":\(id),\"code\":\"\(code)\",\"note\":\"\(note)\",\"size\":\(id % 1000).5}\n"
      : "\(id),\(code),\"\(note)\",\(id % 1000).5\n"
  }

  private func write(_ name: String, rows: Int) throws -> Int {
    let isJSON = name.contains("json")
    var text = isJSON ? "" : "id,code,note,size\n"
    for id in 0..<rows { text += row(id, asJSON: isJSON) }
    guard name.hasSuffix(".gz") else {
      try scratch.write(name, text)
      return text.utf8.count
    }
    let output = try Output.file(scratch.path(name), gzip: true)
    output.write(text)
    output.close()
    return text.utf8.count
  }

  /// The most memory that was resident in a shell that has loaded a file and still runs.
  private func peak(_ file: String, rows: Int) throws -> Int {
    let shell = Process()
    shell.executableURL = ShellRun.program
    let database = scratch.path("m-\(UUID().uuidString).upkeep")
    shell.arguments = [database, "--cache", "8MB", "--durability", "none"]
    shell.currentDirectoryURL = scratch.folder
    let (input, output) = (Pipe(), Pipe())
    shell.standardInput = input
    shell.standardOutput = output
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    let script = """
      CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note TEXT, size REAL);
      .import \(file) t
      SELECT count(*) FROM t;

      """
    try input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
    // The count is there when the load is done; the shell then waits for more.
    var told = Data()
    while !told.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      told += more
    }
    let bytes = try Self.residentBytes(shell.processIdentifier)
    try input.fileHandleForWriting.close()
    shell.waitUntilExit()
    #expect(String(decoding: told, as: UTF8.self) == "\(rows)\n")
    #expect(shell.terminationStatus == 0)
    return bytes
  }

  /// The most that a process had resident, as the system counts; where it tells only what is now, that.
  private static func residentBytes(_ process: Int32) throws -> Int {
    #if os(Linux)
      let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return try #require(Int(line.split(whereSeparator: { " \t".contains($0) })[1])) * 1024
    #else
      let ps = Process()
      ps.executableURL = URL(fileURLWithPath: "/bin/ps")
      ps.arguments = ["-o", "rss=", "-p", "\(process)"]
      let output = Pipe()
      ps.standardOutput = output
      try ps.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      ps.waitUntilExit()
      return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines))) * 1024
    #endif
  }

  @Test("Five times the file, and no more memory than a little", arguments: ["csv", "jsonl", "csv.gz"])
  func memory(_ ending: String) throws {
    let shortSize = try write("short.\(ending)", rows: Self.short)
    let longSize = try write("long.\(ending)", rows: Self.long)
    #expect(longSize - shortSize > 13 << 20)
    let short = try peak("short.\(ending)", rows: Self.short)
    let long = try peak("long.\(ending)", rows: Self.long)
    // Whatever was kept of each row would be 13 MB more at least.
    #expect(long - short < 5 << 20, "\(short) and \(long) bytes")
  }
}
