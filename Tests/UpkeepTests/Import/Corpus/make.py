"""Makes corpus.jsonl: awkward texts with what Python's csv and json modules read in them.

    python3 make.py > corpus.jsonl

Each line has a text as hexadecimal digits and `expected`: of CSV the rows, of JSON the members of the object, numbers as
they are written; null where Python finds the text wrong. Where Upkeep reads it otherwise on purpose, `differs` says why,
and `ours` is what Upkeep reads.
"""
import csv
import io
import json

csv.field_size_limit(1 << 30)


def read_csv(data):
    text = data.decode("utf-8")
    if text.startswith("\ufeff"):
        text = text[1:]
    return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row != []]


def refuse(word):
    raise ValueError(word)


def members(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name twice")
    return dict(pairs)


def shown(value):
    if value is None:
        return "null"
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return "nested"
    return value[0] if isinstance(value, tuple) else "<" + value + ">"


def read_json(data):
    text = data.decode("utf-8")
    if text.startswith("\ufeff"):
        text = text[1:]
    number = lambda digits: ("<" + digits + ">",)
    value = json.loads(
        text, parse_float=number, parse_int=number, parse_constant=refuse, object_pairs_hook=members)
    if not isinstance(value, dict):
        raise ValueError("no object")
    value = {name: shown(member) for name, member in value.items()}
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


NUL = "text here holds no NUL"
DEEP = "arrays and objects lie in one another at most 500 deep"

CSV = [
    ("plain", b"a,b\n1,2\n"),
    ("no line end at the end", b"a,b\n1,2"),
    ("a separator at the end", b"a,\n1,\n,\n"),
    ("empty", b""),
    ("only a byte-order mark", b"\xef\xbb\xbf"),
    ("only line ends", b"\n\r\n\n"),
    ("a byte-order mark, then a quote", b"\xef\xbb\xbf\"a\",b\n"),
    ("a byte-order mark twice", b"\xef\xbb\xbf\xef\xbb\xbfa,b\n"),
    ("a byte-order mark in the second line", b"a,b\n\xef\xbb\xbfc,d\n"),
    ("quotes in the midst", b"a\"b,c\"\"d,e\"f\"\n"),
    ("a blank before a quote", b"a, \"b\"\n"),
    ("a tab before a quote", b"a,\t\"b, c\"\n"),
    ("a blank after a quote", b"\"a\" ,b\n"),
    ("text after a quote", b"\"a\"b,c\n"),
    ("nothing but quotes", b"\"\"\n\"\"\"\"\n\"\"\"\"\"\"\n"),
    ("three quotes", b"\"\"\"\n"),
    ("a quote that stays open", b"a,\"b\nc,d\n"),
    ("a quote that opens at the end", b"a,b\n\""),
    ("a quoted field at the end of the file", b"a,\"b\""),
    ("a doubled quote at the end of the file", b"a,\"b\"\""),
    ("separators within quotes", b"\"a,b\",\",\",\",,\"\n"),
    ("line ends within quotes", b"\"a\nb\",\"c\r\nd\",\"e\rf\",\"\n\"\n"),
    ("line ends mixed", b"a,b\r\nc,d\ne,f\rg,h"),
    ("CR alone, many", b"a\rb\r\rc,d\r"),
    ("LF before CR", b"a,b\n\rc,d\n\r"),
    ("CR CR LF", b"a,b\r\r\nc,d\r\r\n"),
    ("CR at the end of the file", b"a,b\r"),
    ("CR in the midst of a field", b"ab\rcd,e\n"),
    ("ragged lines", b"a,b\nc\nd,e,f\n,\n\"\"\n"),
    ("lines of blanks", b"a,b\n \n\t\nc,d\n"),
    ("semicolons and pipes are text", b"a;b|c,d\n"),
    ("backslashes are text", b"a\\,b\\\"c,\\n\n"),
    ("apostrophes are text", b"'a,b',c\n"),
    ("a backslash before a quote within quotes", b"\"a\\\"\",b\n"),
    ("other separators of Unicode", "a\u2028b,c\u2029d,e\u0085f,g\x0bh,i\x0cj\n".encode()),
    ("controls are text", bytes(range(1, 9)) + b",\x0e\x1f\x7f\n"),
    ("scripts and signs", "é,日本,\U0001f6eb,\u0301a,\u202eb\n".encode()),
    ("a quoted field of many bytes", b"\"" + b"ab,\n" * 500 + b"\",c\n"),
    ("many doubled quotes", b"\"" + b"\"\"" * 700 + b"\"\n"),
    ("many fields", b",".join(b"%d" % n for n in range(300)) + b"\n"),
    ("many empty fields", b"," * 300 + b"\n"),
    ("NUL in a field", b"a\0b,c\nd,e\n", NUL, None),
    ("NUL alone", b"\0", NUL, None),
    ("a byte that is no UTF-8", b"a,\xff\n"),
    ("Latin-1", "é,b\n".encode("latin-1")),
    ("a sequence cut off", b"a,\xe6\x97\n"),
    ("a sequence too long", b"a,\xc0\xaf\n"),
    ("half a surrogate pair in UTF-8", b"a,\xed\xa0\x80\n"),
    ("beyond Unicode", b"a,\xf4\x90\x80\x80\n"),
    ("the last scalar", "a,\U0010ffff\n".encode()),
    ("UTF-16, little end first, with a mark", "a,b\n1,2\n".encode("utf-16")),
    ("UTF-16, big end first, with a mark", b"\xfe\xff" + "a,b\n1,2\n".encode("utf-16-be")),
    ("UTF-16 without a mark", "a,b\n1,2\n".encode("utf-16-le"), NUL, None),
    ("UTF-32 with a mark", "a,b\n".encode("utf-32")),
    ("gzip's first bytes", b"\x1f\x8b\x08\x00a,b\n"),
]

JSON = [
    ("plain", b'{"a":1,"b":"x"}'),
    ("nothing in it", b"{}"),
    ("blanks everywhere", b' {\t"a" :\r 1 , "b"\t:\t[ ] } '),
    ("a byte-order mark", b'\xef\xbb\xbf{"a":1}'),
    ("a byte-order mark within", b'{\xef\xbb\xbf"a":1}'),
    ("another blank of Unicode", '{\u00a0"a":1}'.encode()),
    ("a vertical tab as a blank", b'{\x0b"a":1}'),
    ("empty", b""),
    ("only blanks", b" \t "),
    ("a number alone", b"5"),
    ("a string alone", b'"a"'),
    ("null alone", b"null"),
    ("an array", b'[{"a":1}]'),
    ("two objects", b'{"a":1}{"a":2}'),
    ("a comma at the end", b'{"a":1,}'),
    ("a comma too many", b'{"a":1,,"b":2}'),
    ("no comma", b'{"a":1 "b":2}'),
    ("no colon", b'{"a" 1}'),
    ("two colons", b'{"a"::1}'),
    ("no value", b'{"a":}'),
    ("no name", b'{:1}'),
    ("a name without quotes", b"{a:1}"),
    ("a name in single quotes", b"{'a':1}"),
    ("a number as a name", b'{1:1}'),
    ("a comment", b'{"a":1/* x */}'),
    ("cut off in a name", b'{"a'),
    ("cut off in a string", b'{"a":"x'),
    ("cut off in an escape", b'{"a":"\\'),
    ("cut off in a code", b'{"a":"\\u00'),
    ("cut off in a word", b'{"a":tru'),
    ("cut off in a number", b'{"a":1'),
    ("cut off in an array", b'{"a":[1,'),
    ("the wrong bracket", b'{"a":[1}}'),
    ("a bracket too many", b'{"a":1}}'),
    ("words", b'{"a":true,"b":false,"c":null}'),
    ("words in capitals", b'{"a":True}'),
    ("a word that goes on", b'{"a":nullx}'),
    ("all escapes", b'{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t"}'),
    ("an escape that is none", b'{"a":"\\x41"}'),
    ("an escape of a quote in single quotes", b'{"a":"\\\'"}'),
    ("codes in both cases", b'{"a":"\\u00e9\\u00E9\\uFEFF"}'),
    ("a code with a sign", b'{"a":"\\u+123"}'),
    ("a code with three digits", b'{"a":"\\u012"}'),
    ("a pair", b'{"a":"\\ud83d\\udeeb"}'),
    ("a pair in capitals", b'{"a":"\\uD83D\\uDEEB"}'),
    ("half a pair", b'{"a":"\\ud83d"}'),
    ("half a pair and text", b'{"a":"\\ud83dx"}'),
    ("half a pair and another code", b'{"a":"\\ud83d\\u0041"}'),
    ("the low half alone", b'{"a":"\\udeeb"}'),
    ("a pair the wrong way round", b'{"a":"\\udeeb\\ud83d"}'),
    ("two high halves and a low one", b'{"a":"\\ud83d\\ud83d\\udeeb"}'),
    ("half a pair in a name", b'{"\\ud83d":1}'),
    ("the code of NUL", b'{"a":"x\\u0000y"}', NUL, None),
    ("NUL in a string", b'{"a":"x\0y"}'),
    ("NUL behind the object", b'{"a":1}\0'),
    ("a line end in a string", b'{"a":"x\ty"}'),
    ("controls in a string", b'{"a":"\x1f"}'),
    ("DEL in a string", b'{"a":"\x7f"}'),
    ("line separators of Unicode in a string", '{"a":"\u2028\u2029\u0085"}'.encode()),
    ("codes of controls", b'{"a":"\\u0001\\u001f\\u007f\\u2028"}'),
    ("names with escapes", b'{"\\u0061":1,"b\\n":2,"\\"":3}'),
    ("an empty name", b'{"":1}'),
    ("a name twice", b'{"a":1,"a":2}'),
    ("a name twice, once escaped", b'{"a":1,"\\u0061":2}'),
    ("names that differ in case", b'{"a":1,"A":2}'),
    ("zeros", b'{"a":0,"b":-0,"c":0.0,"d":-0.0e-0,"e":0e0}'),
    ("numbers in every form", b'{"a":1,"b":-12,"c":1.5,"d":1e3,"e":1E+3,"f":1.25e-3,"g":-1.0E0}'),
    ("huge numbers", b'{"a":123456789012345678901234567890,"b":1e400,"c":-1e400,"d":1e-400,"e":1.7976931348623159e308}'),
    ("many digits", b'{"a":' + b"1234567890" * 40 + b',"b":0.' + b"0123456789" * 40 + b"}"),
    ("the ends of 64 bits", b'{"a":9223372036854775807,"b":-9223372036854775808,"c":9223372036854775808}'),
    ("a zero in front", b'{"a":01}'),
    ("a minus and a zero in front", b'{"a":-01}'),
    ("a plus", b'{"a":+1}'),
    ("a minus alone", b'{"a":-}'),
    ("a point at the end", b'{"a":1.}'),
    ("a point in front", b'{"a":.5}'),
    ("an exponent without digits", b'{"a":1e}'),
    ("an exponent with a sign alone", b'{"a":1e+}'),
    ("hexadecimal", b'{"a":0x10}'),
    ("an underscore", b'{"a":1_000}'),
    ("digits of another script", '{"a":\u0661}'.encode()),
    ("NaN", b'{"a":NaN}'),
    ("Infinity", b'{"a":Infinity}'),
    ("-Infinity", b'{"a":-Infinity}'),
    ("nested", b'{"a":{"b":[1,{"c":[]}]},"d":[[],{}],"e":[null,"]}"]}'),
    ("a name twice within", b'{"a":{"b":1,"b":2}}', "what lies within a value is kept as it stands", {"a": "nested"}),
    ("100 arrays deep", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}"),
    ("499 arrays deep", b'{"a":' + b"[" * 499 + b"]" * 499 + b"}"),
    ("600 arrays deep", b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", DEEP, None),
    ("600 objects deep", b'{"a":' + b'{"a":' * 600 + b"1" + b"}" * 600 + b"}", DEEP, None),
    ("arrays that stay open", b'{"a":' + b"[" * 400),
    ("a long string", b'{"a":"' + b"long " * 400 + b'","b":1}'),
    ("many escapes", b'{"a":"' + b"\\n\\u00e9" * 300 + b'"}'),
    ("many members", b"{" + b",".join(b'"m%d":%d' % (n, n) for n in range(200)) + b"}"),
    ("scripts and signs", '{"日本":"\U0001f6eb é \u0301","\U0001f6eb":1}'.encode()),
    ("a byte that is no UTF-8", b'{"a":"\xff"}'),
    ("Latin-1", '{"a":"é"}'.encode("latin-1")),
    ("a sequence cut off", b'{"a":"\xe6\x97"}'),
    ("a sequence too long", b'{"a":"\xc0\xaf"}'),
    ("half a surrogate pair in UTF-8", b'{"a":"\xed\xa0\x80"}'),
    ("UTF-16, little end first, with a mark", '{"a":1}'.encode("utf-16")),
    ("UTF-16, big end first, with a mark", b"\xfe\xff" + '{"a":1}'.encode("utf-16-be")),
    ("UTF-16 without a mark", '{"a":1}'.encode("utf-16-le")),
    ("UTF-32 with a mark", '{"a":1}'.encode("utf-32")),
]


def lines(kind, cases, read):
    for name, data, *differs in cases:
        try:
            expected = read(data)
        except (ValueError, csv.Error, RecursionError):
            expected = None
        line = {"kind": kind, "name": name, "hex": data.hex(), "expected": expected}
        if differs:
            line["differs"], line["ours"] = differs
            assert line["ours"] != expected, name
        yield json.dumps(line)


for line in list(lines("csv", CSV, read_csv)) + list(lines("json", JSON, read_json)):
    print(line)
