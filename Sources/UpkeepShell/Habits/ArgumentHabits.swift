/// The options of SQLite's shell, which has them with one dash, as those that they are here.
enum ArgumentHabits {
  private static let meanings: [String: [String]] = [
    "-bail": ["--bail"], "-box": ["--format", "box"], "-column": ["--format", "table"],
    "-csv": ["--format", "csv"], "-header": ["--header"], "-headers": ["--header"], "-help": ["--help"],
    "-json": ["--format", "json"], "-line": ["--format", "line"], "-list": ["--format", "list"],
    "-markdown": ["--format", "markdown"], "-noheader": ["--no-header"], "-nullvalue": ["--null"],
    "-readonly": ["--readonly"], "-table": ["--format", "table"], "-tabs": ["--format", "tsv"],
    "-version": ["--version"],
  ]

  /// The command line with those in place. What is an option's value, or behind `--`, stays.
  static func translated(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" { return result + arguments[(index - 1)...] }
      let isShort = argument.utf8.count > 2 && argument.hasPrefix("-") && !argument.hasPrefix("--")
      let meaning = (isShort ? meanings[argument] : nil) ?? [argument]
      result += meaning
      if let last = meaning.last, ArgumentReading.valueOptions.contains(last), index < arguments.count {
        result.append(arguments[index])
        index += 1
      }
    }
    return result
  }
}
