/// One row of the workload's table `t(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER)`:
/// about 100 bytes, with words in them.
struct Person {
  let id: Int
  let email: String
  let name: String
  let score: Double
  let updatedAt: Int

  private static let first = [
    "Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Alan", "Katherine", "Dennis", "Margaret",
    "Ken",
    "Radia", "Leslie", "Shafi", "Niklaus", "Adele",
  ]
  private static let last = [
    "Lovelace", "Hopper", "Dijkstra", "Liskov", "Knuth", "Allen", "Turing", "Johnson", "Ritchie", "Hamilton",
    "Thompson", "Perlman", "Lamport", "Goldwasser", "Wirth", "Goldberg",
  ]
  private static let hosts = ["example.com", "mail.example.org", "post.example.net", "letters.example.edu"]

  /// The row with this id; `edition` changes what is not a key.
  init(_ id: Int, edition: Int = 0) {
    // Scattered, so that emails come in another order than ids.
    let scattered = UInt32(truncatingIfNeeded: id) &* 2_654_435_761
    self.id = id
    let first = Self.first[Int(scattered % 16)]
    let last = Self.last[Int((scattered >> 8) % 16)]
    email = "\(last.lowercased()).\(String(scattered, radix: 36))@\(Self.hosts[id % 4])"
    name = "\(first) \(last) of the \(id % 97)th department"
    score = Double((id * 7 + edition * 13) % 100_000) / 8
    updatedAt = 1_700_000_000 + id + edition
  }
}

/// The same choices in every run.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The rows and ids that every contender is given, made once.
final class Population: Sendable {
  let count: Int
  /// Loaded first: even ids.
  let loaded: [Person]
  /// Half of them there already, changed; half of them new; shuffled.
  let halfNew: [Person]
  /// Nine in ten there already.
  let mostlyThere: [Person]
  /// Ids to read, at random.
  let probes: [Int]

  init(count: Int) {
    self.count = count
    var dice = Dice(state: 42)
    loaded = (0..<count).map { Person($0 * 2) }
    var half = (0..<count / 2).map { Person($0 * 4, edition: 1) }
    half += (0..<count / 2).map { Person($0 * 4 + 1) }
    halfNew = half.shuffled(using: &dice)
    var there = (0..<count * 9 / 10).map { Person($0 * 2) }
    there += (0..<count / 10).map { Person($0 * 4 + 3) }
    mostlyThere = there.shuffled(using: &dice)
    probes = (0..<count).map { $0 * 2 }.shuffled(using: &dice)
  }
}
