/// One row of the table `t(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, score REAL, updated_at INTEGER)`:
/// about 100 bytes, with words in them.
struct Person: Sendable {
  let id: Int
  let email: String
  let name: String
  let score: Double
  let updatedAt: Int

  private static let first = [
    "Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Alan", "Katherine", "Dennis", "Margaret",
    "Ken", "Radia", "Leslie", "Shafi", "Niklaus", "Adele",
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

  init(id: Int, email: String, name: String, score: Double, updatedAt: Int) {
    (self.id, self.email, self.name) = (id, email, name)
    (self.score, self.updatedAt) = (score, updatedAt)
  }

  /// What a user would call the row's size: eight bytes for a number, text as long as it is.
  var userBytes: Int { 24 + email.utf8.count + name.utf8.count }
}

/// Rows for a write: a list that was made before, or rows made as they are asked for, so that there may be more of
/// them than memory holds.
struct People: Sequence {
  private let list: ArraySlice<Person>
  private let made: Range<Int>
  private let make: @Sendable (Int) -> Person
  let count: Int

  init(_ list: ArraySlice<Person>) {
    self.list = list
    made = 0..<0
    make = { Person($0) }
    count = list.count
  }

  init(_ list: [Person]) { self.init(list[...]) }

  init(made count: Int, _ make: @escaping @Sendable (Int) -> Person) {
    list = []
    made = 0..<count
    self.make = make
    self.count = count
  }

  struct Iterator: IteratorProtocol {
    var list: ArraySlice<Person>.Iterator
    var made: Range<Int>.Iterator
    let make: @Sendable (Int) -> Person

    mutating func next() -> Person? { list.next() ?? made.next().map(make) }
  }

  func makeIterator() -> Iterator {
    Iterator(list: list.makeIterator(), made: made.makeIterator(), make: make)
  }
}
