@testable import UpkeepStorage

/// What a store holds, as a number: entries may come in any order, and what is compared a thousand times a second is
/// not gathered first.
struct Digest: Equatable, Sendable {
  private(set) var value: UInt64 = 0

  /// A tree is there, if perhaps without entries.
  mutating func add(tree: Int) { value &+= Self.mixed(UInt64(tree) &+ 1) }

  mutating func add(tree: Int, _ key: UnsafeRawBufferPointer, _ entry: UnsafeRawBufferPointer) {
    let start = Self.mixed(UInt64(tree) &+ 1)
    value &+= Self.mixed(Checksum.hash(entry, seed: Checksum.hash(key, seed: start)))
  }

  private static func mixed(_ number: UInt64) -> UInt64 {
    let mixed = (number ^ (number >> 31)) &* 0x9E37_79B9_7F4A_7C15
    return mixed ^ (mixed >> 29)
  }
}

extension StoreState {
  var digest: Digest {
    var digest = Digest()
    for (tree, entries) in trees {
      digest.add(tree: tree)
      for (key, value) in entries {
        key.withUnsafeBytes { key in value.withUnsafeBytes { digest.add(tree: tree, key, $0) } }
      }
    }
    return digest
  }
}
