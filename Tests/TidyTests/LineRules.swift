import Testing

@Suite struct LineRules {
  @Test("A source file is one idea: none is longer than 500 lines")
  func fileLength() {
    for file in ProjectFiles.sources {
      #expect(file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines")
    }
  }

  @Test("Nothing in the sources traps by a call that says so")
  func bannedCalls() {
    let pattern = #"\btry!|\bas!|\bfatalError\(|\bpreconditionFailure\(|unsafeFlags|-Ounchecked"#
    #expect(ProjectFiles.matches(pattern, in: ProjectFiles.sources) == [])
  }

  @Test("Nothing is left for later in the sources")
  func unfinishedMarks() {
    let pattern =
      #"\b("# + ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].joined(separator: "|") + #")\b"#
    #expect(ProjectFiles.matches(pattern, in: ProjectFiles.sources, withComments: true) == [])
  }

  @Test("No source imports Foundation: the library is to need little, and the program to start fast")
  func foundation() {
    let pattern = #"^\s*(@\w+ )*(public |package |internal )?import Foundation"#
    #expect(ProjectFiles.matches(pattern, in: ProjectFiles.sources) == [])
  }

  @Test("Only the room at the file seam calls the operating system on files")
  func systemCalls() {
    let library = ["Sources/Upkeep/", "Sources/UpkeepSQL/", "Sources/UpkeepStorage/"]
    let others = ProjectFiles.sources.filter { file in
      library.contains { file.path.hasPrefix($0) } && !file.path.hasPrefix("Sources/UpkeepStorage/Files/")
    }
    let pattern = #"\b(pread|pwrite|fsync|fdatasync|ftruncate|fopen|unlink|renameat2?)\("#
    #expect(ProjectFiles.matches(pattern, in: others) == [])
  }

  @Test("No test is switched off")
  func switchedOffTests() {
    let tests = ProjectFiles.swift.filter {
      $0.path.hasPrefix("Tests/") && !$0.path.hasPrefix("Tests/TidyTests/")
    }
    #expect(ProjectFiles.matches(#"\.disabled\(|withKnownIssue|#expect\(true\)|\bXCTSkip"#, in: tests) == [])
  }

  @Test("No file names a folder of somebody's machine")
  func machinePaths() {
    let files = ProjectFiles.swift + ProjectFiles.documents + ProjectFiles.scripts
    let folders = ["wo" + "rk", "fa" + "rm", "ro" + "ot", "home/[a-z]+"].joined(separator: "|")
    let pattern = "(^|[^A-Za-z0-9_.])/(\(folders))/"
    #expect(ProjectFiles.matches(pattern, in: files, withComments: true) == [])
  }
}
