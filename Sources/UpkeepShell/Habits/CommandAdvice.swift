/// What to do in place of those dot commands of SQLite's shell that there are not.
enum CommandAdvice {
  static let all: [String: String] = {
    var all: [String: String] = [:]
    for (names, advice) in table { for name in names.split(separator: " ") { all[String(name)] = advice } }
    return all
  }()

  private static let table: [(String, String)] = [
    (".archive .ar", "it is a database, and no archive"),
    (
      ".auth .trace .progress .vfsinfo .vfslist .vfsname .filectrl .dbconfig .scanstats .selecttrace .wheretrace",
      "it is about the inside of SQLite"
    ),
    (".binary .crlf .crnl", "results are written as they are"),
    (".cd", "leave, and begin in another folder"),
    (".clone", ".backup FILE writes a copy, compact and checked"),
    (".connection .connections", "one database is open at a time; .open FILE opens another"),
    (".dbinfo .dbstat .dbtotxt", ".stats tells what the database holds and takes up"),
    (".eqp .expert", ".explain says how the last statement ran, or how another would"),
    (".excel .www", ".once FILE sends the next result to a file, .format csv before it as CSV"),
    (".fullschema", ".schema shows all of it; there are no statistics beside it"),
    (".intck .selftest .sha3sum", ".check verifies every page, tree, index and row"),
    (".lint .limit", "there is nothing of the kind"),
    (".load", "there are no extensions"),
    (".log", "errors go to standard error; .errors stdout sends them among the results"),
    (".prompt", "the prompt has the database's name"),
    (".recover", ".check says what is damaged; restore it from a backup"),
    (".restore", "a backup is a database as it is: .open it, or copy it into place"),
    (".session", "there are no sessions; .diff FILE TABLE compares"),
    (".shell .system", "run it outside of this shell"),
    (".testcase .testctrl", "it is for testing SQLite"),
    (".timeout", "--wait SECONDS says how long to wait for another process"),
    (".unmodule .nonce .parser .imposter .iotrace .explain_auto", "it is about the inside of SQLite"),
  ]
}
