import ArgumentParser
import Upkeep

/// The program `upkeep`: its shell, and its subcommands.
@main
enum UpkeepCommand {
  static func main() {
    // A reader that goes away ends the program by an error of write, after the store is closed in order.
    signal(SIGPIPE, SIG_IGN)
    Interrupts.begin()
    let arguments = Array(CommandLine.arguments.dropFirst())
    exit(run(arguments).rawValue)
  }

  private static func run(_ arguments: [String]) -> ExitStatus {
    switch arguments.first {
    case "load": return run(LoadArguments.self, arguments) { LoadCommand(isQuiet: $0.quiet).load($0) }
    case "diff": return run(DiffArguments.self, arguments) { LoadCommand(isQuiet: $0.quiet).compare($0) }
    case "schema": return run(SchemaArguments.self, arguments) { $0.show() }
    case "dump": return run(DumpArguments.self, arguments) { $0.dump() }
    case "import-sqlite": return run(SQLiteImportArguments.self, arguments) { $0.takeOver() }
    case "stats": return run(StatsArguments.self, arguments) { $0.show() }
    case "check": return run(CheckArguments.self, arguments) { $0.check() }
    case "backup": return run(BackupArguments.self, arguments) { $0.backUp() }
    case "draw": return run(DrawArguments.self, arguments) { $0.draw() }
    case "compact": return run(CompactArguments.self, arguments) { $0.compact() }
    default:
      if let near = ArgumentReading.misspeltSubcommand(arguments) { return usageError(near) }
      let arguments = ArgumentHabits.translated(arguments)
      if let options = ShellOptions(plain: arguments) { return runShell(options, arguments) }
      return run(ShellArguments.self, ["upkeep"] + arguments) { runShell($0.options, arguments) }
    }
  }

  /// Parses what follows the first argument and goes on with it.
  private static func run<T: ParsableCommand>(
    _ type: T.Type, _ arguments: [String], _ body: (T) -> ExitStatus
  ) -> ExitStatus {
    switch ArgumentReading.parse(type, Array(arguments.dropFirst())) {
    case .success(let parsed): return body(parsed)
    case .failure(let ending):
      let output = Output(ending.isError ? STDERR_FILENO : STDOUT_FILENO)
      if !ending.text.isEmpty { output.write(ending.text + "\n") }
      output.flush()
      return ending.isError ? .usage : .success
    }
  }

  private static func usageError(_ message: String) -> ExitStatus {
    let output = Output(STDERR_FILENO)
    output.write("error: \(message)\n")
    output.flush()
    return .usage
  }

  private static func runShell(_ options: ShellOptions, _ arguments: [String]) -> ExitStatus {
    let words = [options.database].compactMap { $0 } + options.sql
    if let name = words.first(where: ArgumentReading.subcommands.contains) {
      return usageError(
        "the subcommand \(name) must come first; a database of that name is written ./\(name)")
    }
    let console = Output.standard(STDOUT_FILENO, options.color)
    let messages = Messages(results: console, errors: .standard(STDERR_FILENO, options.color))
    messages.isQuiet = options.isQuiet
    let scripts = ArgumentReading.scripts(arguments)
    let isConversing = scripts.isEmpty && Conversation.isPossible
    let database: Database
    do throws(UpkeepError) {
      database = try Database(options.database, options.opening)
    } catch {
      messages.error(error.message, code: error.code)
      return ExitStatus(error.code)
    }
    let format = options.format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .list)
    let settings = Shell.Settings(
      style: ResultStyle(format: format, header: options.header, null: options.null),
      showsChanges: !options.isQuiet && isatty(STDERR_FILENO) == 1, bails: options.bails)
    let shell = Shell(
      database, console: console, messages: messages, opening: options.opening, settings: settings
    ) { path throws(UpkeepError) in try OpenFile(path) }
    if !isConversing { return Interrupts.during { runScripts(scripts, in: shell) } }
    let history = HistoryFile(environment: System.environment("UPKEEP_HISTORY", "XDG_STATE_HOME", "HOME"))
    if isConversing, let conversation = Conversation(shell, history: history) {
      if !options.isQuiet { shell.greet() }
      shell.settings.countsRows = !options.isQuiet
      shell.pager = Pager(environment: System.environment("PAGER", "PATH"))
      conversation.run()
    } else {
      shell.run(descriptor: STDIN_FILENO, isInteractive: isConversing)
    }
    return shell.finish()
  }

  /// Runs what the command line asks for, or standard input, to the end.
  private static func runScripts(_ scripts: [ScriptSource], in shell: Shell) -> ExitStatus {
    for script in scripts where !shell.isFinished && !shell.isInterrupted {
      switch script {
      case .text(let text): shell.run(text: text)
      case .file(let path): shell.run(file: path)
      }
    }
    if scripts.isEmpty { shell.run(descriptor: STDIN_FILENO) }
    return shell.finish()
  }
}

extension Shell {
  fileprivate func greet() {
    console.write(
      "upkeep \(ShellArguments.version), \(database.path ?? "a store in memory"). .help lists commands, Ctrl-D leaves.\n"
    )
    console.flush()
  }
}
