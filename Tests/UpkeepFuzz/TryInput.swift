import Foundation

/// What libFuzzer calls with input after input, as it makes them to reach ever more of the code. One that makes it trap, hang or take too much
/// memory ends the process, and libFuzzer writes it to a file. `UPKEEP_FUZZ_SUBJECT` says what is given them.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Subject.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

extension Subject {
  static let chosen: Subject = {
    let name = ProcessInfo.processInfo.environment["UPKEEP_FUZZ_SUBJECT"] ?? ""
    guard let subject = Subject(rawValue: name) else {
      print(
        "UPKEEP_FUZZ_SUBJECT must be \(allCases.map(\.rawValue).joined(separator: ", ")), not \"\(name)\"")
      exit(2)
    }
    return subject
  }()
}
