import Foundation
import Testing

@testable import UpkeepShell

/// What stands between the program and the system: paths, folders, texts by bytes.
@Suite struct SystemTests {
  @Test("The folder of a path, and a path with a home in place of its tilde")
  func paths() {
    for (path, folder) in [("a/b/c", "a/b"), ("/a", "/"), ("a", ""), ("", ""), ("/", "/"), ("é/x", "é")] {
      #expect(System.folder(of: path) == folder, "\(path)")
    }
    let home = ProcessInfo.processInfo.environment["HOME"] ?? "~"
    #expect(System.expanded("~/x y") == home + "/x y")
    #expect(System.expanded("~") == home)
    #expect(System.expanded("a~/b") == "a~/b")
    #expect(System.expanded("~nobody that there is/b") == "~nobody that there is/b")
  }

  @Test("Folders are made with those around them, for their owner only, and their names are listed")
  func folders() throws {
    let scratch = try Scratch()
    let path = scratch.path("one/two/three")
    System.makeFolder(path)
    #expect(System.isFolder(path))
    let mode = try FileManager.default.attributesOfItem(atPath: scratch.path("one"))[.posixPermissions]
    #expect(mode as? Int == 0o700)
    try scratch.write("one/é.csv", "x")
    #expect(System.names(in: scratch.path("one")).sorted() == ["two", "é.csv"])
    #expect(!System.isFolder(scratch.path("one/é.csv")) && System.names(in: scratch.path("nope")) == [])
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try scratch.write("bytes", bytes: bytes)
    #expect(System.contents(of: scratch.path("bytes")) == bytes)
    #expect(System.contents(of: scratch.path("nope")) == nil && System.contents(of: path) == nil)
  }

  @Test("Quotes are doubled by bytes: an accent behind one does not hide it")
  func doubling() {
    #expect("it's".doubling("'") == "it''s")
    #expect("'\u{301}; DROP".doubling("'") == "''\u{301}; DROP")
    #expect("plain".doubling("\"") == "plain" && "".doubling("'") == "")
    #expect("a\nb\\".replacing(10, by: "\\n") == "a\\nb\\")
  }

  @Test("What stands around a text and is meant goes, and nothing within it")
  func trimming() {
    #expect(" \t\na b \r\n".trimmed == "a b" && "".trimmed == "" && " \n ".trimmed == "")
    #expect("[FILE]".trimmed { $0 == "[" || $0 == "]" } == "FILE")
    #expect("a,b"[...].trimmed == "a,b")
  }

  @Test("Numbers with places behind the point", arguments: [(0.0, 2), (-1.005, 2), (1e300, 1), (12.3456, 3)])
  func fixed(_ number: Double, _ places: Int) {
    #expect(Figures.fixed(number, places: places) == String(format: "%.\(places)f", number))
  }

  #if os(Linux)
    @Test("The program loads neither Foundation nor its tables of all languages: they would double its start")
    func libraries() throws {
      let scratch = try Scratch()
      let shell = try LiveShell(
        ["-c", "LD_TRACE_LOADED_OBJECTS=1 exec \"$0\"", ShellRun.program.path],
        program: URL(fileURLWithPath: "/bin/sh"), in: scratch)
      var names: [String] = []
      while let line = shell.line() { names.append(String(line.split(separator: " ").first ?? "")) }
      let list = names.joined(separator: " ")
      #expect(list.contains("libc.so"), "\(list)")
      #expect(!list.contains("libFoundation.so") && !list.contains("ICU"), "\(list)")
    }
  #endif
}
