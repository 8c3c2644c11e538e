#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Seconds on a clock that only goes forward.
public func wallClock() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Nanoseconds that each of `operations` took which `body` runs.
public func nanosecondsEach(_ operations: Int, _ body: () throws -> Void) rethrows -> Double {
  let start = wallClock()
  try body()
  return (wallClock() - start) * 1e9 / Double(max(operations, 1))
}
