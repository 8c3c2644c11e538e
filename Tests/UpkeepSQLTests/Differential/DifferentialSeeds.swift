import Foundation

/// The seeds of a comparison with SQLite, as `QueryDifferentialTests` tells: always the same, unless the environment asks for
/// one of them or for others.
struct DifferentialSeeds {
  let first: UInt64
  let count: Int

  /// - Parameters:
  ///   - debug: how many seeds there are without optimisation.
  ///   - release: how many with it.
  init(debug: Int, release: Int) {
    let environment = ProcessInfo.processInfo.environment
    let only = environment["UPKEEP_DIFFERENTIAL_SEED"].flatMap { UInt64($0) }
    let isSearching = environment["UPKEEP_DIFFERENTIAL_RANDOM"] != nil
    first = only ?? (isSearching ? UInt64.random(in: 0 ... .max) : 1)
    #if DEBUG
      let usual = debug
    #else
      let usual = release
    #endif
    count = only == nil ? environment["UPKEEP_DIFFERENTIAL_ROUNDS"].flatMap { Int($0) } ?? usual : 1
  }
}
