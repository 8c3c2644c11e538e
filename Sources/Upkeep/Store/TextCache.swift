internal import UpkeepStorage

/// What was made of the texts of statements, by text: those used last, so that who prepares a text again is quick.
package final class TextCache: Sendable {
  private struct Entry {
    var made: any Sendable
    var used: UInt64
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var clock: UInt64 = 0
  }

  private static let capacity = 256
  /// A longer text is not kept: it is hardly asked for twice.
  private static let longest = 1 << 14

  private let state = Guarded(State())

  package init() {}

  package func find(_ text: String) -> (any Sendable)? {
    state.withLock { state in
      guard state.entries[text] != nil else { return nil }
      state.clock += 1
      state.entries[text]?.used = state.clock
      return state.entries[text]?.made
    }
  }

  package func keep(_ made: any Sendable, for text: String) {
    guard text.utf8.count <= Self.longest else { return }
    state.withLock { state in
      if state.entries.count >= Self.capacity {
        // A quarter goes at once, so that it is not looked for each time.
        let oldest = state.entries.sorted { $0.value.used < $1.value.used }.prefix(Self.capacity / 4)
        for entry in oldest { state.entries[entry.key] = nil }
      }
      state.clock += 1
      state.entries[text] = Entry(made: made, used: state.clock)
    }
  }
}
