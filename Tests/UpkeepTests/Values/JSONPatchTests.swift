import Testing

@testable import Upkeep

/// A document merged by the JSON rule would not be what RFC 7396 says.
@Suite struct JSONPatchTests {
  /// The cases of the RFC's own table, and the corners of text.
  @Test(arguments: [
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
    (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
    (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
    (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
    (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
    (#"{"a":"foo"}"#, "null", "null"),
    (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
    (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
    ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    // No space between the parts, and every space within a string.
    (
      " { \"a b\" : [ 1 , { \"c\" : \" d \" } ] ,\n\"e\":1.50e+3 } ", "{ }",
      #"{"a b":[1,{"c":" d "}],"e":1.50e+3}"#
    ),
    // A name is what it stands for.
    (#"{"\u0061\n\ud83d\ude00":1}"#, "{\"a\\n😀\":2}", #"{"\u0061\n\ud83d\ude00":2}"#),
    (#"{"a\"}":1,"b":{"c]":2}}"#, #"{"b":{"d":"\\"}}"#, #"{"a\"}":1,"b":{"c]":2,"d":"\\"}}"#),
    // Of two members with one name the last counts.
    (#"{"a":1,"a":2}"#, #"{"b":1,"b":3}"#, #"{"a":2,"b":3}"#),
    // null inside an array is a value.
    (#"{"a":1}"#, #"{"a":[null, {"b":null}]}"#, #"{"a":[null,{"b":null}]}"#),
  ])
  func mergesAsTheStandardSays(_ target: String, _ patch: String, _ result: String) {
    #expect(JSONPatch.apply(patch, to: target) == result)
  }

  @Test func whatIsNoJSONGivesNothing() {
    #expect(JSONPatch.apply("{", to: "{}") == nil)
    #expect(JSONPatch.apply("{}", to: "") == nil)
    #expect(JSONPatch.apply(#"{"a":1}x"#, to: "{}") == nil)
  }

  @Test func documentsMayNestAsDeepAsJSONMay() throws {
    let deepest = JSONText.deepest
    let open = String(repeating: #"{"a":"#, count: deepest)
    let close = String(repeating: "}", count: deepest)
    #expect(JSONPatch.apply(open + "2" + close, to: open + "1" + close) == open + "2" + close)
    #expect(JSONPatch.apply(#"{"a":"# + open + "2" + close + "}", to: "{}") == nil)
  }
}
