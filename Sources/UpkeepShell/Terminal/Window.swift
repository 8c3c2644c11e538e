/// The size of a terminal's window.
enum Window {
  struct Size: Equatable {
    var columns: Int
    var rows: Int
  }

  /// The size, if the descriptor is a terminal that knows it.
  static func size(_ descriptor: Int32) -> Size? {
    var window = winsize()
    guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0 else {
      return nil
    }
    return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
  }
}

/// Names in columns, as many as fit, read downwards.
enum Columns {
  static func of(_ names: [String], width: Int) -> String {
    let cell = (names.map { DisplayWidth.of($0) }.max() ?? 0) + 2
    let columnCount = max(1, width / max(cell, 1))
    let rowCount = (names.count + columnCount - 1) / columnCount
    var text = ""
    for row in 0..<rowCount {
      for place in stride(from: row, to: names.count, by: rowCount) {
        text += names[place]
        if place + rowCount < names.count {
          text += String(repeating: " ", count: cell - DisplayWidth.of(names[place]))
        }
      }
      text += "\n"
    }
    return text
  }
}
