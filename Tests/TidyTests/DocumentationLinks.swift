import Foundation
import Testing

@Suite struct DocumentationLinks {
  @Test("Every relative link in the documents leads to a file that is there")
  func links() throws {
    let link = try NSRegularExpression(pattern: #"\]\(([^)#\s]+)(#[^)]*)?\)"#)
    for document in ProjectFiles.documents {
      let folder = ProjectFiles.root.appendingPathComponent(document.path).deletingLastPathComponent()
      let text = document.text
      for match in link.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
        guard let range = Range(match.range(at: 1), in: text) else { continue }
        let target = String(text[range])
        if target.contains("://") || target.hasPrefix("mailto:") { continue }
        let path = folder.appendingPathComponent(target).standardizedFileURL.path
        #expect(FileManager.default.fileExists(atPath: path), "\(document.path) links to \(target)")
      }
    }
  }

  @Test("What a newcomer looks for first is there")
  func promisedFiles() {
    for path in ["README.md", "LICENSE", "Makefile", ".ci/run", "Docs/Shell.md", "Docs/FileFormat.md"] {
      let url = ProjectFiles.root.appendingPathComponent(path)
      #expect(FileManager.default.fileExists(atPath: url.path), "\(path)")
    }
  }
}
