import UpkeepStorage
import UpkeepTesting

extension Workload {
  /// A program made by chance; the same seed makes the same.
  static func random(seed: UInt64) -> Workload {
    var chance = SeededGenerator(seed: seed)
    var options = Workload.options(
      pageSize: chance.pick([512, 1024, 4096]), chance.oneIn(4) ? .none : .full,
      checkpointLogSize: chance.pick([3000, 8000, 32 << 20]), firstCommitHasLog: seed % 2 == 0,
      goesOnWithLog: seed % 3 != 0)
    options.fewestRowsDroppedLater = chance.pick([6, 4096])
    options.pagesReclaimedAtOnce = 1 + chance.below(6)
    // A commit within a checkpoint must not need one itself: on one thread it would wait for ever.
    var maker = Maker(chance: chance, commitsWithinCheckpoints: options.checkpointLogSize > 1 << 20)
    let count = 4 + maker.chance.below(10)
    return Workload("random \(seed)", options: options, (0..<count).map { _ in maker.step() })
  }

  /// Makes steps that can be done in their order: it knows which trees there are.
  private struct Maker {
    var chance: SeededGenerator
    let commitsWithinCheckpoints: Bool
    var trees = [0]
    var nextTree = 1

    mutating func step() -> Step {
      switch chance.below(28) {
      case 26: .compact
      case 27: .backup
      case 0...3: .checkpoint
      case 4, 5: .reopen
      case 6, 7: .group((0..<(2 + chance.below(4))).map { _ in changes(atMost: 4) })
      case 8...9 where commitsWithinCheckpoints:
        .checkpointDuring(call: chance.below(10), changes(atMost: 6))
      case 10, 11: .commit(many())
      default: .commit(changes(atMost: 12))
      }
    }

    private mutating func changes(atMost most: Int) -> [Change] {
      (0...chance.below(most)).map { _ in change() }
    }

    /// A sweep of rows, long enough to make pages split, or to commit by checkpoint.
    private mutating func many() -> [Change] {
      let tree = chance.pick(trees)
      let length = chance.pick([20, 150, 500])
      let seed = chance.below(1000)
      return (0..<(20 + chance.below(60))).map {
        .put(tree: tree, key: key($0), value: value(seed + $0, length))
      }
    }

    private mutating func change() -> Change {
      let tree = chance.pick(trees)
      let number = chance.below(100)
      switch chance.below(17) {
      case 16:
        trees.append(nextTree)
        nextTree += 1
        return .fillTree(nextTree - 1, count: chance.below(80), seed: chance.below(1000))
      case 0:
        trees.append(nextTree)
        nextTree += 1
        return .createTree(nextTree - 1)
      case 1 where tree > 0:
        trees.removeAll { $0 == tree }
        return .dropTree(tree)
      case 2, 3: return .delete(tree: tree, key: key(number))
      case 4: return .deleteRange(tree: tree, from: key(number), to: key(min(99, number + chance.below(30))))
      case 5:
        // What is taken back makes no trees, so that those after it are what they would be without it.
        return .rolledBack(
          (0...chance.below(4)).map { _ in put(number + chance.below(3), chance.below(1000), 80, tree: tree) }
        )
      case 6: return .scratch(chance.below(40))
      case 8 where tree > 0: return .emptyTree(tree)
      case 9 where chance.oneIn(2):
        return stream(
          number, chance.below(1000), chance.below(12_000), piece: 1 + chance.below(3000), tree: tree)
      case 7: return put(number, chance.below(1000), 1000 + chance.below(9000), tree: tree)
      default: return put(number, chance.below(1000), chance.below(200), tree: tree)
      }
    }
  }
}
