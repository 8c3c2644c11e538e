import ArgumentParser
import Upkeep

/// `upkeep backup DATABASE FILE`
struct BackupArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep backup", abstract: "Write a database to a new, compact file.",
    discussion: """
      FILE must not exist; it is there when it is complete. A database that another process has open is backed up \
      there, with .backup.

      Example: upkeep backup feeds.upkeep feeds-friday.upkeep
      """)

  @OptionGroup var options: InspectOptions

  @Argument(help: ArgumentHelp("The file to make.", valueName: "FILE"))
  var file: String

  func backUp() -> ExitStatus {
    options.inspect { database, output in
      try options.watched(database) { watch in try database.store.backup(to: file, watch: watch) }
      let size = try DiskFileSystem().status(file)?.size ?? 0
      output.write(
        options.json
          ? "{\"file\":\(JSONText.quoted(file)),\"fileSize\":\(size)}\n"
          : "\(file), \(Figures.bytes(Int(clamping: size)))\n")
      return .success
    }
  }
}

/// `upkeep compact DATABASE`
struct CompactArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep compact", abstract: "Move what lies at the file's end down, and cut the file.",
    discussion: "Example: upkeep compact feeds.upkeep")

  @OptionGroup var options: InspectOptions

  func compact() -> ExitStatus {
    options.inspect(writing: true) { database, output in
      let before = try database.store.statistics().fileSize
      try options.watched(database) { watch in try database.store.compact(watch: watch) }
      let after = try database.store.statistics().fileSize
      output.write(
        options.json
          ? "{\"fileSizeBefore\":\(before),\"fileSize\":\(after)}\n"
          : "\(Figures.bytes(before)) before, \(Figures.bytes(after)) now\n")
      return .success
    }
  }
}
