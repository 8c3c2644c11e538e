import Foundation
import Testing

/// The guides to feeds and to the shell: the examples of each are one session, and each command prints what stands
/// below it.
@Suite struct ShellGuideTests {
  private struct Example {
    var command: String
    var expected: String
  }

  private static func examples(_ name: String) throws -> [Example] {
    let guide = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Docs/\(name)").standardizedFileURL
    var examples: [Example] = []
    for block in try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "```shell-session\n")
      .dropFirst()
    {
      for line in block.components(separatedBy: "```")[0].components(separatedBy: "\n").dropLast() {
        if line.hasPrefix("$ ") {
          examples.append(Example(command: String(line.dropFirst(2)), expected: ""))
        } else if !examples.isEmpty {
          examples[examples.count - 1].expected += line + "\n"
        }
      }
    }
    return examples
  }

  @Test("Every example of a guide prints what the guide says", arguments: ["Feeds.md", "Shell.md"])
  func examples(_ name: String) throws {
    let examples = try Self.examples(name)
    #expect(examples.count >= 15)
    let scratch = try Scratch()
    for example in examples {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = [
        "-c", "upkeep() { \"$UPKEEP\" \"$@\"; }\n\(example.command)",
      ]
      process.environment = ProcessInfo.processInfo.environment.merging(["UPKEEP": ShellRun.program.path]) {
        $1
      }
      process.currentDirectoryURL = scratch.folder
      let output = Pipe()
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(printed == example.expected, "$ \(example.command)")
    }
  }
}
