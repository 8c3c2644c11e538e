/// What was typed, kept between runs: an entry a line, oldest first, with backslashes and line ends in it escaped.
///
/// Only its owner may read it. Each entry is appended when it was typed, so that shells that run at once keep the entries
/// of both, and one that is killed loses none.
struct HistoryFile {
  /// Entries that are kept.
  static let mostEntries = 2000

  let path: String

  /// The file that the environment asks for: `UPKEEP_HISTORY` (empty for none), else a file in `XDG_STATE_HOME`, else
  /// `.upkeep_history` at home.
  init?(environment: [String: String]) {
    if let path = environment["UPKEEP_HISTORY"] {
      guard !path.isEmpty else { return nil }
      self.path = path
    } else if let state = environment["XDG_STATE_HOME"], !state.isEmpty {
      path = state + "/upkeep/history"
    } else if let home = environment["HOME"], !home.isEmpty {
      path = home + "/.upkeep_history"
    } else {
      return nil
    }
  }

  /// The entries, oldest first. A file that has grown long is cut to the newest.
  func load() -> [String] {
    guard let bytes = System.contents(of: path) else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    let entries = lines.suffix(Self.mostEntries).map(Self.unescaped)
    if lines.count > 2 * Self.mostEntries { rewrite(entries) }
    return entries
  }

  /// Adds an entry.
  ///
  /// - Returns: whether it was written.
  @discardableResult
  func append(_ entry: String) -> Bool {
    System.makeFolder(System.folder(of: path))
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    return write(Self.escaped(entry) + "\n", to: descriptor)
  }

  private func rewrite(_ entries: [String]) {
    let other = "\(path).\(getpid())"
    let descriptor = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let text = entries.map { Self.escaped($0) + "\n" }.joined()
    if write(text, to: descriptor), rename(other, path) == 0 { return }
    unlink(other)
  }

  /// Writes text to a file, which it closes, and makes sure that others cannot read it.
  private func write(_ text: String, to descriptor: Int32) -> Bool {
    guard descriptor >= 0 else { return false }
    fchmod(descriptor, 0o600)
    let output = Output(descriptor)
    output.write(text)
    output.close()
    return output.failure == nil
  }

  static func escaped(_ entry: String) -> String {
    entry.replacing(UInt8(ascii: "\\"), by: "\\\\").replacing(UInt8(ascii: "\n"), by: "\\n")
  }

  static func unescaped(_ line: some StringProtocol) -> String {
    var entry = ""
    var isEscaped = false
    for character in line {
      if isEscaped {
        entry.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        entry.append(character)
      }
    }
    return entry
  }
}
