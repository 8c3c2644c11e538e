/// When colours are shown.
enum ColorChoice: String, CaseIterable {
  /// On a terminal that has them, unless `NO_COLOR` is set.
  case auto
  case always
  case never

  /// Whether what goes to a descriptor is coloured.
  func isOn(_ descriptor: Int32, environment: [String: String]) -> Bool {
    switch self {
    case .always: return true
    case .never: return false
    case .auto:
      let terminal = environment["TERM"] ?? ""
      return isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty
        && !terminal.isEmpty && terminal != "dumb"
    }
  }
}

/// The colours of what the shell says: few, and of the sixteen that every terminal has and its owner chose.
struct Paint {
  enum Color: String {
    case bold = "1"
    case dim = "2"
    case red = "1;31"
    case green = "1;32"
    case yellow = "33"
    case blue = "34"
  }

  var isOn = false

  func callAsFunction(_ text: String, _ color: Color) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }
}
