import Foundation

/// Where chance begins in tests that try many cases: 1, so that a run tries what the run before it tried; another
/// number, or `random` to search anew, by the environment's `UPKEEP_SEED`.
package func firstSeed() -> UInt64 {
  guard let wish = ProcessInfo.processInfo.environment["UPKEEP_SEED"] else { return 1 }
  return UInt64(wish) ?? UInt64.random(in: 0 ... .max)
}
