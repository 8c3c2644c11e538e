import Foundation
import Testing

@Suite struct SoakTests {
  @Test func aSecondRunGoesOnWhereTheFirstStopped() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-soak-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "state")
    let first = try Soak(file: file)
    #expect(try first.run(programs: 2) == [])
    let second = try Soak(file: file)
    #expect(second.total.nextSeed == 2 && second.total.nextTriple == 1)
    #expect(second.total.states == first.total.states)
    #expect(try second.run(programs: 1) == [])
    let third = try Soak(file: file)
    #expect(third.total.nextSeed == 2 && third.total.nextTriple == 2)
    #expect(third.total.states > first.total.states && first.total.states > 0)
  }

  @Test("Every sequence of three operations has its number")
  func triples() {
    let count = Sequences.operations.count
    #expect(count >= 12)
    let all = Set((0..<Sequences.tripleCount).map { Sequences.triple($0) })
    #expect(all.count == count * count * count)
    #expect(all.allSatisfy { $0.count == 3 && $0.allSatisfy((0..<count).contains) })
  }

  /// How long `make soak` was told to go on.
  static let wanted = Settings.variable("UPKEEP_SOAK_SECONDS").flatMap(Double.init).map { [$0] } ?? []

  @Test(arguments: wanted)
  func forAsLongAsTold(_ seconds: Double) throws {
    let file = URL(filePath: Settings.variable("UPKEEP_SOAK_FILE") ?? ".build-soak/state")
    let threads = Settings.variable("UPKEEP_SOAK_THREADS").flatMap(Int.init)
    let soak = try Soak(file: file)
    let processors = ProcessInfo.processInfo.activeProcessorCount
    #expect(try soak.run(seconds: seconds, threads: threads ?? processors) == [])
  }
}
