import Foundation

/// A document whose generated parts stand between marks, so that they can be made again without touching the rest.
public enum MarkedText {
  /// Puts `text` between `<!-- NAME -->` and `<!-- end of NAME -->` in a file.
  ///
  /// - Returns: false if the file has no such marks.
  public static func replace(_ name: String, in path: String, by text: String) throws -> Bool {
    let document = try String(contentsOfFile: path, encoding: .utf8)
    guard let begin = document.range(of: "<!-- \(name) -->\n"),
      let end = document.range(of: "<!-- end of \(name) -->", range: begin.upperBound..<document.endIndex)
    else { return false }
    let changed = document.replacingCharacters(in: begin.upperBound..<end.lowerBound, with: "\n\(text)\n\n")
    try changed.write(toFile: path, atomically: true, encoding: .utf8)
    return true
  }
}
