import Foundation
import Testing

@Suite struct SoakTests {
  @Test func aSecondRunGoesOnWhereTheFirstStopped() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-soak-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "state")
    var first = try Soak(file: file)
    #expect(try first.run(programs: 1) == [])
    var second = try Soak(file: file)
    #expect(second.total.nextSeed == 2 && second.total.states == first.total.states)
    #expect(try second.run(programs: 1) == [])
    let third = try Soak(file: file)
    #expect(third.total.nextSeed == 3)
    #expect(third.total.states > first.total.states && first.total.states > 0)
  }

  /// How long `make soak` was told to go on.
  static let wanted = Settings.variable("UPKEEP_SOAK_SECONDS").flatMap(Double.init).map { [$0] } ?? []

  @Test(arguments: wanted)
  func forAsLongAsTold(_ seconds: Double) throws {
    let file = URL(filePath: Settings.variable("UPKEEP_SOAK_FILE") ?? ".build-soak/state")
    var soak = try Soak(file: file)
    #expect(try soak.run(seconds: seconds) == [])
  }
}
