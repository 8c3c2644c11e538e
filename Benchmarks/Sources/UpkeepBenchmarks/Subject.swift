import Harness

/// A contender with its open store and the session of the main thread.
final class Subject {
  let contender: any Contender
  let folder: String
  private var main: (any Session)?
  private var isOpen = false
  /// Sums and counts that must be the same for all contenders, in order.
  private(set) var verified: [Int] = []
  /// Why it takes no further part.
  var failure: String?
  /// Seconds that it worked on behind the rows.
  var restlessSeconds = 0.0

  /// A cache that holds everything.
  private static let wholeCache = 1 << 30

  init(_ contender: any Contender, folder: String) {
    self.contender = contender
    self.folder = folder
  }

  func open(_ durability: Durability = .none, cacheBytes: Int = Subject.wholeCache, in other: String? = nil)
    throws
  {
    try FolderFiles.make(other ?? folder)
    try contender.open(other ?? folder, durability, cacheBytes: cacheBytes)
    isOpen = true
  }

  /// The main thread's session.
  func session() throws -> any Session {
    if let main { return main }
    let made = try contender.session()
    main = made
    return made
  }

  /// A session for another thread.
  func newSession() throws -> any Session { try contender.session() }

  func close() throws {
    main = nil
    guard isOpen else { return }
    isOpen = false
    try contender.close()
  }

  func reopen(_ durability: Durability = .none) throws {
    try close()
    try open(durability)
  }

  /// Notes a sum or count that every contender must come to as well.
  func verify(_ number: Int) { verified.append(number) }

  /// The numbers were compared.
  func forget() { verified = [] }
}
