/// The rows and ids that every contender is given, made once. Loaded are the even ids; those of the form 4k+1 and
/// 4k+3 are new to later workloads.
final class Population: Sendable {
  let count: Int
  /// Loaded first, in the order of their ids.
  let loaded: [Person]
  /// The same, shuffled.
  let shuffled: [Person]
  /// Half of them there already, changed; half of them new; shuffled. As many as half the table.
  let halfNew: [Person]
  /// Nine in ten there already. As many as half the table.
  let mostlyThere: [Person]
  /// Ids that are there, at random.
  let probes: [Int]
  /// The emails of as many rows, at random.
  let emails: [String]
  /// Bytes of the loaded rows, as a user would count them.
  let userBytes: Double

  init(count: Int) {
    self.count = count
    var dice = Dice(state: 42)
    let loaded = (0..<count).map { Person($0 * 2) }
    self.loaded = loaded
    shuffled = loaded.shuffled(using: &dice)
    var half = (0..<count / 4).map { Person($0 * 8, edition: 1) }
    half += (0..<count / 4).map { Person($0 * 8 + 1) }
    halfNew = half.shuffled(using: &dice)
    mostlyThere = Array((shuffled.prefix(count * 9 / 20) + (0..<count / 20).map { Person($0 * 40 + 3) }))
      .shuffled(using: &dice)
    probes = (0..<min(count, 300_000)).map { _ in dice.below(count) * 2 }
    emails = (0..<min(count, 300_000)).map { _ in loaded[dice.below(count)].email }
    userBytes = loaded.reduce(0) { $0 + Double($1.userBytes) }
  }

  /// Rows that change `count` others, chosen at random among the loaded ones.
  func changes(_ count: Int, edition: Int, seed: UInt64) -> [Person] {
    var dice = Dice(state: seed)
    return (0..<count).map { _ in Person(dice.below(self.count) * 2, edition: edition) }
  }
}
