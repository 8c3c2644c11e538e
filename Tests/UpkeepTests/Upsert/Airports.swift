import Foundation
import Upkeep

/// The two releases of the airport list that the demo loads.
enum Airports {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Docs/Examples/airports")
  static let gunzip = URL(fileURLWithPath: "/usr/bin/env")
  static let areThere = FileManager.default.fileExists(
    atPath: folder.appendingPathComponent("airports-2025-02-24.csv.gz").path)

  /// The rows of a release. Its quoted fields hold neither quotes nor line breaks.
  static func release(_ name: String) throws -> [[Value]] {
    let process = Process()
    process.executableURL = gunzip
    process.arguments = ["gzip", "-dc", folder.appendingPathComponent("\(name).csv.gz").path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    var rows: [[Value]] = []
    for line in data.split(separator: UInt8(ascii: "\n")).dropFirst() {
      var fields: [String] = []
      var field: [UInt8] = []
      var isQuoted = false
      for byte in line where byte != UInt8(ascii: "\r") {
        if byte == UInt8(ascii: "\"") {
          isQuoted.toggle()
        } else if byte == UInt8(ascii: ","), !isQuoted {
          fields.append(String(decoding: field, as: UTF8.self))
          field = []
        } else {
          field.append(byte)
        }
      }
      fields.append(String(decoding: field, as: UTF8.self))
      rows.append(
        fields.enumerated().map { (6...8).contains($0) ? Double($1).map { .real($0) } ?? .null : .text($1) })
    }
    return rows
  }
}
