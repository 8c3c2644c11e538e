import Foundation

/// What the system counts of this process; nil where it does not say.
public enum ProcessFigures {
  /// Bytes given to write calls so far.
  public static var bytesWritten: Double? { number("/proc/self/io", "wchar:") }

  /// The most memory that was resident at once, in bytes.
  public static var peakResidentBytes: Double? { number("/proc/self/status", "VmHWM:").map { $0 * 1024 } }

  private static func number(_ path: String, _ name: String) -> Double? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Double($0) }
    }
    return nil
  }
}

/// The machine, in a line.
public enum Machine {
  /// Processor, cores, memory and system.
  public static var description: String {
    let info = ProcessInfo.processInfo
    var processor = "processor unknown"
    if let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
      let name = line.split(separator: ":").last
    {
      processor = name.trimmingCharacters(in: .whitespaces)
    }
    let memory = digits(Double(info.physicalMemory) / 1e9)
    return
      "\(info.activeProcessorCount) cores of \(processor), \(memory) GB, \(info.operatingSystemVersionString)"
  }

  /// Today, as the report says it.
  public static var date: String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "UTC")
    format.dateFormat = "yyyy-MM-dd"
    return format.string(from: Date())
  }
}
