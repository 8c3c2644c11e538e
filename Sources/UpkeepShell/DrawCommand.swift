import ArgumentParser
import Upkeep

/// `upkeep draw DATABASE TABLE --svg FILE`
struct DrawArguments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upkeep draw", abstract: "Draw the tree of a table or an index.",
    discussion: """
      The drawing has a strip for each level and a cell for each page, coloured by how full it is; in a browser a cell \
      says what it holds.

      Example: upkeep draw feeds.upkeep airport --svg airport.svg
      """)

  @OptionGroup var options: InspectOptions

  @Argument(help: ArgumentHelp("The table, or the index.", valueName: "TABLE"))
  var table: String

  @Option(help: ArgumentHelp("The file to make; - is standard output.", valueName: "FILE"))
  var svg: String

  func draw() -> ExitStatus {
    options.inspect { database, output in
      let drawing = try TreeDrawing(table, database.session)
      if svg == "-" {
        output.write(drawing.svg)
        return .success
      }
      let file = try Output.file(svg)
      file.write(drawing.svg)
      file.close()
      if let failure = file.failure { throw ShellError.system("cannot write \(svg)", failure) }
      let pages = drawing.shape.pageCount
      output.write(
        options.json
          ? "{\"file\":\(JSONText.quoted(svg)),\"pages\":\(pages),\"depth\":\(drawing.shape.survey.levels.count)}\n"
          : "\(svg), \(Figures.count(pages, "page"))\n")
      return .success
    }
  }
}
