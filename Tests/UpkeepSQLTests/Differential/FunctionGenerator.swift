import UpkeepTestSupport

/// Makes calls of functions at random whose result SQLite and Upkeep share.
///
/// Left out, because Upkeep means something else on purpose: how REALs with many digits are written as text, days that
/// a month does not have, paths into what the same call put in, widths of texts that are not ASCII. And because SQLite 3.40
/// miscounts them: what 'utc' and 'localtime' come to outside the years that are known, weekdays before days are counted, and the
/// years around centuries before the year 301.
struct FunctionGenerator {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// `SELECT` with some calls.
  mutating func query() -> String {
    "SELECT " + (0..<4).map { _ in call() }.joined(separator: ", ")
  }

  /// What stands between braces in a call: `t` a text, `v` anything, `i` a small integer, `n` a number, `d` a time, `m` a
  /// modifier, `e` a time at one end of the years, `r` a modifier that asks for no zone and may go far, `f` a format of times, `j` JSON, `p` a path in it, `q` one to a part, `w` what JSON can hold, `g` a pattern of
  /// GLOB, `%` a format of printf.
  private static let calls = [
    "abs({n})", "sign({v})", "ceil({v})", "floor({v})", "trunc({v})", "mod({n}, {n})", "round({n})",
    "round({n}, {i})", "sqrt({n})", "pow({i}, {i})", "ln({n})", "log2({n})", "log10({n})", "exp({i})",
    "atan({n})",
    "printf('{%}', {v})", "printf('{%}|{%}', {v}, {n})", "format('%{i}s|', {t})", "printf('%.*f', {i}, {n})",
    "quote({v})", "char({i} + 70, 65, {i} + 200)", "unicode({t})", "instr({t}, {t})",
    "replace({t}, {t}, {t})",
    "substr({t}, {i}, {i})", "substr({t}, {i})", "trim({t})", "trim({t}, {t})", "ltrim({t}, {t})",
    "rtrim({t}, {t})",
    "hex({t})", "hex({i})", "length({v})", "lower({t})", "upper({t})", "iif({v}, {v}, {v})",
    "nullif({v}, {v})",
    "ifnull({v}, {v})", "coalesce({v}, {v}, {v})", "min({v}, {v})", "max({v}, {v}, {v})", "typeof({v})",
    "likely({v})", "zeroblob(3)", "{t} GLOB {g}", "{t} NOT GLOB {g}", "glob({g}, {t})", "{t} LIKE {t}",
    "like({t}, {t})", "{t} || {v}", "{i} & {i}", "{i} | {i}", "{i} << {i}", "{i} >> {i}", "~{i}",
    "{v} IS NOT DISTINCT FROM {v}", "{v} IS DISTINCT FROM {v}", "CAST({v} AS INTEGER)", "CAST({i} AS TEXT)",
    "CAST({v} AS REAL)",
    "date({d})", "date({d}, {m})", "date({d}, {m}, {m})", "time({d}, {m})", "datetime({d})",
    "datetime({d}, {m}, {m})",
    "julianday({d})", "julianday({d}, {m})", "unixepoch({d})", "unixepoch({d}, {m})", "strftime('{f}', {d})",
    "strftime('{f} {f}', {d}, {m})", "datetime({n} * 1000000, 'unixepoch')",
    "datetime({i} * 100000000, 'auto')",
    "date({i} * 300000 + 0.5)",
    "datetime({e}, {r})", "datetime({e}, {r}, {r})", "datetime({e}, {r}, {r}, {r})",
    "julianday({e}, {r}, {r})",
    "unixepoch({d}, {r}, {r})", "datetime({d}, {r}, {r})", "strftime('{f} {f}', {e}, {r}, {r})",
    "json({j})", "json_extract({j}, {p})", "json_extract({j}, {p}, {p})", "{j} -> {p}", "{j} ->> {p}",
    "{j} ->> 'a'", "{j} -> 1", "json_type({j})", "json_type({j}, {p})", "json_array_length({j})",
    "json_array_length({j}, {p})", "json_set({j}, {q}, {w})", "json_insert({j}, '$.a', {w}, '$.z', {w})",
    "json_replace({j}, {q}, {w})", "json_remove({j}, {p})", "json_remove({j}, {p}, {p})",
    "json_patch({j}, {j})",
    "json_array({w}, {w})", "json_object('k', {w}, 'l', {w})", "json_quote({w})", "json_valid({t})",
    "json_valid({j})",
    "json_array(json({j}))",
    "(SELECT group_concat(key || '=' || ifnull(value, 'NULL') || type || id || fullkey || path, ';') FROM json_each({j}))",
    "(SELECT group_concat(ifnull(key, '') || type || id || ifnull(parent, '') || fullkey || path, ';') FROM json_tree({j}))",
    "(SELECT group_concat(value) FROM json_each({j}, {p}))",
    "(SELECT json_group_array(value) FROM json_each({j}))",
    "(SELECT json_group_object(ifnull(key, 'x'), atom) FROM json_each({j}))",
  ]

  private mutating func call() -> String {
    var text = ""
    var rest = random.pick(Self.calls)[...]
    while let open = rest.firstIndex(of: "{") {
      text += rest[..<open]
      text += argument(rest[rest.index(after: open)])
      rest = rest[rest.index(open, offsetBy: 3)...]
    }
    text += rest
    // SQLite 3.40 still holds a time for UTC that 'localtime' was told to change.
    return text.contains("Z', 'localtime', 'utc'") || text.contains("+02:00', 'localtime', 'utc'")
      ? call() : text
  }

  private mutating func argument(_ kind: Character) -> String {
    if "tvwnd".contains(kind), random.oneIn(12) { return "NULL" }
    switch kind {
    case "t":
      return random.pick([
        "'abc'", "'a'", "'B'", "''", "'a%c'", "'  x '", "'12'", "'it''s'", "'bab'", "'-7x'",
      ])
    case "i": return "\(random.below(12) - 3)"
    case "n":
      return random.pick(["0", "1", "-1", "2.5", "-0.5", "100", "1234.5", "7", "0.125", "-17", "99.75"])
    case "g":
      return random.pick(["'a*'", "'*b*'", "'?'", "'[a-b]*'", "'[^a]'", "'*'", "''", "'a[b%]c'", "'*c'"])
    case "d":
      return random.pick([
        "'2024-02-29'", "'2023-12-31 23:59:59'", "'1999-01-01T00:00'", "'2024-05-17 12:30:45.250'", "'12:34'",
        "'2024-03-31 10:00+02:00'", "'1969-07-20 20:17:40Z'", "2460000.5", "'0001-01-01'", "'rubbish'",
        "'2024-13-01'",
        "'23:59:59.5'", "'2024-03-31 02:30'", "'2024-03-31 01:00Z'", "'2023-10-29 02:15'",
        "'2023-10-29 00:59:59Z'", "'1943-04-01 12:00'", "'2050-07-01 12:00'",
      ])
    case "e":
      return random.pick([
        "'9999-12-31 23:00'", "'9999-12-31 23:59:59'", "'9999-11-30'", "'9999-12-31 23:30-02:00'",
        "5373484.4",
        "5373484.5", "'-4713-11-24 12:00'", "'-4713-12-31 01:00'", "'-4713-11-25'", "0", "0.75",
        "'0000-01-01'",
        "'0001-01-01 00:30+01:00'",
      ])
    case "r":
      return random.pick([
        "'+1 day'", "'-1 day'", "'+1.5 hours'", "'-90 minutes'", "'-45 days'", "'+45 days'", "'+1 month'",
        "'-1 month'", "'+0.9 months'", "'-1.5 years'", "'+30 months'", "'start of month'", "'start of year'",
        "'start of day'", "'weekday \(random.below(7))'", "'+12:30'", "'-23:59:59.5'", "'12:00'",
        "'+3990 years'", "'-3990 years'", "'-2430000 days'", "'+5373484 days'", "'-5373484 days'",
        "'+5373485 days'",
        "'+400000000000 seconds'", "'-400000000000 seconds'", "'+464269060800000 seconds'", "'auto'",
        "'julianday'",
        "'unixepoch'", "'+14712 years'", "'-176545 months'", "'weekday 1.0'", "'+1days'", "' +1 day'",
        "'.5 days'",
        "'+.5 days'", "'1e1 days'", "'+2. days'", "'+1 sec'",
      ])
    case "m":
      return random.pick([
        "'+1 day'", "'-1 month'", "'+1 year'", "'+1.5 hours'", "'start of month'", "'start of year'",
        "'start of day'",
        "'weekday \(random.below(7))'", "'\(random.below(99) - 50) days'", "'+\(random.below(30)) months'",
        "'-90 minutes'",
        "'+30 seconds'", "'utc'", "'localtime'", "'+02:30'", "'-00:45:10'", "'-0.5 month'", "'nonsense'",
        "'+100 years'",
        "'unixepoch'",
      ])
    case "f": return random.pick(["%Y-%m-%d", "%H:%M:%S", "%j", "%w", "%W", "%s", "%f", "%d%%", "x%Yx"])
    case "j":
      return random.pick([
        "'{\"a\":1,\"b\":[1,2.5,\"x\",null,true]}'", "'[1,[2,3],{\"a\":\"q\"}]'", "'{}'", "'[]'", "'5'",
        "'\"t\"'", "'null'",
        "'{\"a\":{\"b\":{\"c\":[0,{\"d\":9}]}},\"k\":false}'", "' [ 1 , 2 ] '", "'{\"a\":\"it\\u0041\\n\"}'",
        "'[1.0e2,-3]'",
      ])
    case "p":
      return random.pick([
        "'$'", "'$.a'", "'$.b'", "'$.a.b'", "'$[0]'", "'$[1]'", "'$[#-1]'", "'$.b[2]'", "'$.a.b.c[1].d'",
        "'$.z'", "'$[9]'",
      ])
    case "q":
      return random.pick([
        "'$.a'", "'$.b'", "'$.a.b'", "'$[0]'", "'$[1]'", "'$[#]'", "'$.b[2]'", "'$.z'", "'$[9]'",
      ])
    case "w":
      return random.pick(["1", "-5", "2.5", "'abc'", "''", "json('[1,{}]')", "'[1]'", "json_array(7)"])
    case "%":
      return "%"
        + random.pick([
          "d", "5d", "-5d|", "05d", "+d", ",d", "x", "X", "o", "s", "8s", "-8s|", ".2s", "f", ".2f", "8.1f",
          "+.3f", "e",
          ".3e", "g", "q", "Q", "u", "i", "#x", "08.2f",
        ])
    default:
      return random.pick([
        "1", "0", "-5", "2.5", "'abc'", "'12'", "''", "NULL", "x'41'", "'1.5x'", "9223372036854775807",
        "-0.25", "'A'",
      ])
    }
  }
}
