import Foundation
import Synchronization

/// Carries what is used by one thread at a time over to it.
public struct Carried<T>: @unchecked Sendable {
  /// What is carried.
  public let value: T
  /// Carries `value`.
  public init(_ value: T) { self.value = value }
}

/// Threads of the harness, as many as asked for, whatever the number of cores.
public enum Threads {
  /// Runs `body` on `count` threads at once and waits for all; throws the first error.
  public static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let group = DispatchGroup()
    let failure = FirstError()
    for number in 0..<count {
      group.enter()
      let thread = Thread {
        do { try body(number) } catch { failure.keep(error) }
        group.leave()
      }
      thread.stackSize = 1 << 20
      thread.start()
    }
    group.wait()
    try failure.rethrow()
  }

  /// Runs `other` on a thread again and again while `body` runs; throws the errors of both.
  public static func beside<R>(
    _ other: @escaping @Sendable () throws -> Void, _ body: () throws -> R
  ) throws -> R {
    let failure = FirstError()
    let done = StopFlag()
    let group = DispatchGroup()
    group.enter()
    let thread = Thread {
      do { while !done.isSet { try other() } } catch { failure.keep(error) }
      group.leave()
    }
    thread.start()
    defer {
      done.set()
      group.wait()
    }
    let result = try body()
    done.set()
    group.wait()
    try failure.rethrow()
    return result
  }
}

/// Counts what several threads do.
public final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  /// Nothing done yet.
  public init() {}
  /// How much was done.
  public var value: Int { count.load(ordering: .relaxed) }
  /// So much more was done.
  public func add(_ number: Int) { count.wrappingAdd(number, ordering: .relaxed) }
}

/// Says to another thread that it is time to end.
public final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  /// Not set.
  public init() {}
  /// Whether it is time.
  public var isSet: Bool { flag.load(ordering: .relaxed) }
  /// It is time.
  public func set() { flag.store(true, ordering: .relaxed) }
}
