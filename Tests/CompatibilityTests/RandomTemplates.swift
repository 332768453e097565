// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Makes templates, partials and metadata by the grammar of the dialect, so that every one of its rules is met often.
struct RandomTemplates {
    private var random: SeededGenerator
    /// How often each rule was called upon.
    private(set) var hits: [Int: Int] = [:]
    private var partials: [String: [UInt8]] = [:]
    /// Members that a fragment wants at the root of the metadata.
    private var extraMembers: [String] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// The rules, by the numbers of the behaviours.
    static let rules =
        Array(90...97) + Array(100...104) + Array(110...112) + Array(120...123) + Array(130...134)
        + Array(140...144) + Array(150...156) + Array(160...165)

    /// Rules whose templates are slow to render, or end in an error mostly: they come less often.
    private static let rare: Set<Int> = [110, 111, 144, 156, 164, 165]

    mutating func next() -> RenderInput {
        partials = [:]
        extraMembers = []
        var text = ""
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let rule = Self.rules.randomElement(using: &random)!
            if Self.rare.contains(rule), Int.random(in: 0..<7, using: &random) > 0 { continue }
            hits[rule, default: 0] += 1
            text += fragment(rule)
            if chance(0.5) { text += pick(["", " ", "\n", "x", "\r\n", "\t", "é"]) }
        }
        if chance(0.05) { text = mutated(text) }
        return RenderInput(template: Array(text.utf8), metadata: object(depth: 0), partials: partials)
    }

    // MARK: Metadata

    private static let keys = ["a", "b", "c", "s", "l", "d", "a.b", "", "A", "é", "x-y"]

    private mutating func object(depth: Int) -> String {
        let count = Int.random(in: depth == 0 ? 3...9 : 0...4, using: &random)
        let members = (0..<count).map { _ in "\"\(pick(Self.keys))\": \(value(depth: depth + 1))" }
        return "{\((members + (depth == 0 ? extraMembers : [])).joined(separator: ", "))}"
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 4 ? 8 : 14), using: &random) {
        case 0: return pick(["null", "true", "false"])
        case 1:
            return pick(["0", "-0", "7", "-12", "123456789012345678901234567890", "18446744073709551616"])
        case 2: return number()
        case 3:
            return pick([
                "\"\"", "\"0\"", "\" \"", "\"<&>\"", "\"{{b}}\"", "\"l1\\nl2\"", "\"\\r\\n\"", "\"\\u0000\"",
            ])
        case 4:
            return pick([
                "\"\\ud83d\\ude00\"", "\"é\"", "\"\\u00a0\"", "\"\\u007f\"", "\"中\"", "\"\\\\\\\"\\/\"",
            ])
        case 5...7: return "\"\(pick(["v", "w", "value", "x y"]))\""
        case 8...10: return object(depth: depth)
        default:
            let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1) }
            return "[\(elements.joined(separator: ", "))]"
        }
    }

    private mutating func number() -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            return pick([
                "0.0", "-0.0", "1.0", "1e3", "1E16", "1e-5", "NaN", "Infinity", "-Infinity", "1e400",
                "5e-324",
            ])
        case 1: return "\(Double.random(in: -1000...1000, using: &random))"
        case 2:
            return "\(Int.random(in: -99...99, using: &random)).\(Int.random(in: 0...99999, using: &random))"
        default:
            let mantissa =
                "\(Int.random(in: 1...9, using: &random)).\(UInt32.random(in: 0...UInt32.max, using: &random))"
            return "\(mantissa)e\(Int.random(in: -30...30, using: &random))"
        }
    }

    // MARK: Pieces

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &random)! }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    private mutating func space() -> String {
        pick(["", "", " ", "\t", "\n", "\u{A0}", "\u{85}", "\u{2028}", "\u{3000}", "\u{1C}", "\u{B}", "  "])
    }

    private mutating func name() -> String {
        pick(["a", "b", "c", "s", "l", "d", "é", "x-y", "a.b", "s.a", "."])
    }

    private mutating func key() -> String { pick(["a", "b", "c", "s", "l", "d"]) }

    private mutating func lineEnd() -> String { pick(["\n", "\n", "\r\n", "\r", ""]) }

    private mutating func inner() -> String {
        pick(["x", "{{.}}", "{{a}}", "[{{b}}]", "\n", "- {{.}}\n", "{{a.b}}", "", "{{^c}}n{{/c}}"])
    }

    private mutating func section(_ name: String, _ sigil: String = "#") -> String {
        "{{\(sigil)\(name)}}\(inner()){{/\(name)}}"
    }

    private mutating func partial(_ content: String) -> String {
        let name = "p\(partials.count)"
        partials[name] = Array(content.utf8)
        return name
    }

    /// A text with one character of the tags' alphabet put in or taken out.
    private mutating func mutated(_ text: String) -> String {
        var scalars = Array(text.unicodeScalars)
        guard !scalars.isEmpty else { return text }
        let place = Int.random(in: 0..<scalars.count, using: &random)
        if chance(0.5) {
            scalars.remove(at: place)
        } else {
            scalars.insert(Array("{}#^/=!&> \n".unicodeScalars).randomElement(using: &random)!, at: place)
        }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }

    // MARK: A fragment for each rule

    private mutating func fragment(_ rule: Int) -> String {
        switch rule {
        case 90...97: tagFragment(rule)
        case 100...112: lineFragment(rule)
        case 120...123: delimiterFragment(rule)
        case 130...144: valueFragment(rule)
        case 150...156: sectionFragment(rule)
        default: partialFragment(rule)
        }
    }

    private mutating func tagFragment(_ rule: Int) -> String {
        switch rule {
        case 90:
            let sigil = pick(["", "&", "!", "#", "^"])
            let (first, second, third) = (space(), space(), space())
            let name = key()
            let closing = sigil == "#" || sigil == "^" ? "x{{\(space())/\(space())\(name)\(space())}}" : ""
            if chance(0.3) { return "{{\(first){\(second)\(name)\(third)}\(space())}}" }
            return "{{\(first)\(sigil)\(second)\(name)\(third)}}\(closing)"
        case 91:
            return pick([
                "{{a b}}", "{{a\u{A0}}}", "{{x-y}}", "{{a:b/c}}", "{{a\nb}}", "{{é}}", "{{#a b}}x{{/a b}}",
                "{{'a'}}", "{{a=b}}",
                "{{{a b}}}", "{{{a\nb}}}", "{{a#b}}", "{{a{b}}", "{{^x-y}}n{{/x-y}}",
            ])
        case 92:
            return pick(["{{}}", "{{ }}", "{{}}{{a}}", "{{\n}}", "{{}}x{{}}", "{{{}}}", "{{{ }}}", "{{&}}"])
        case 93:
            return pick([
                "{{!}}", "{{^}}", "{{&}}", "{{=}}", "{{>}}", "{{#}}", "{{/}}", "{{! }}", "{{ & }}",
                "{{=\n=}}",
            ])
        case 94:
            return pick([
                "{{{{a}}}}", "{{{{{a}}}}}", "{{{a}}}}", "{{a}}}", "{{{a}}", "{{a}", "{{ {a} }}", "{{{a} }}",
                "{{{a}b}}}", "{{{a}}}}}",
            ])
        case 95: return pick(["{{a", "{{", "{{{a", "a}}", "{{#a", "{{ a }", "}}{{"])
        case 96:
            return pick([
                "{{! c }}", "{{! {{nested}} }}", "{{!a\nb}}", "\n{{! c }}\n", "{{!}}}}", "{{!a}}b{{!c}}",
            ])
        default: return pick(["{{A}}", "{{a}}{{A}}", "{{S.a}}", "{{#A}}x{{/A}}", "{{#S}}x{{/S}}"])
        }
    }

    private mutating func lineFragment(_ rule: Int) -> String {
        let blank = pick(["", " ", "\t", " \t "])
        switch rule {
        case 100:
            let trailing = pick(["", "", " ", "\t"])
            return "\n\(blank){{#\("s")}}\(trailing)\(lineEnd())b\n{{/s}}\(pick(["", " "]))\n"
        case 101: return "\n\(pick(["\u{A0}", "\u{B}", "\u{C}", "\u{2028}", "\u{85}"])){{! c }}\n"
        case 102: return "\(lineEnd()){{#s}}{{/s}}\(lineEnd())"
        case 103:
            let tag = pick([
                "{{! c }}", "{{#a}}\n{{/a}}", "{{^a}}\r\n{{/a}}", "{{>nope}}", "{{=<% %>=}}\n<%={{ }}=%>",
            ])
            return "\(lineEnd())\(blank)\(tag)\(lineEnd())"
        case 104: return "{{#l}}\n\(blank)- {{.}}\n{{/l}}\(lineEnd())"
        case 110:
            return pick([
                "{{/a}}", "{{#a}}x{{/b}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{#a}}x{{/A}}", "{{#a}}{{/ b}}",
            ])
        case 111: return pick(["x{{#a}}y{{b}}z", "{{^b}}x", "{{#a}}x{{#a}}y{{/a}}", "{{#s}}{{#l}}{{/l}}"])
        default:
            return pick([
                "{{#s}}{{=| |=}}|a|{{/s}}", "{{#s}}{{=| |=}}|a||/s||={{ }}=|",
                "{{#l}}{{=<% %>=}}<%.%><%/l%><%={{ }}=%>",
            ])
        }
    }

    private mutating func delimiterFragment(_ rule: Int) -> String {
        switch rule {
        case 120:
            let change = pick(["<% %>", " <% %> ", "<%  %>", "<%\u{A0}%>", "<% %> more"])
            let body = pick(["<%a%>", "<%#s%>x<%/s%>", "<%{a}%>", "{{a}}", "<% a %>"])
            return pick(["{{=\(change)=}}\(body)<%={{ }}=%>", "{{= =}}", "{{=x=}}", "{{=<%\n%>=}}"])
        case 121:
            let mark = pick(["|", ".", "*", "^", "#", "(", "[", "é", "$", "\\", "+", "?", "!!", "}}"])
            let name = key()
            return "{{=\(mark) \(mark)=}}\(mark)\(name)\(mark)\(mark)={{ }}=\(mark)"
        case 122:
            return pick([
                "{{=<% %>}}x", "{{=a}}", "{{=a b=}", "{{=}}", "{{= a}}=}}", "{{=a b= }}a a b={{ }}=b",
            ])
        default:
            let name = partial(pick(["{{a}}", "<%a%>", "{{=<% %>=}}<%a%>"]))
            return "{{=<% %>=}}<%>\(name)%><%={{ }}=%>{{#s}}{{a}}{{/s}}"
        }
    }

    private mutating func valueFragment(_ rule: Int) -> String {
        switch rule {
        case 130:
            return pick(["{{.}}", "{{{.}}}", "{{#s}}{{.}}{{/s}}", "{{#l}}{{.}},{{/l}}", "{{&.}}", "{{ . }}"])
        case 131:
            return pick([
                "{{a.b}}", "{{s.a}}", "{{s.a.b}}", "{{l.0}}", "{{a.upper}}", "{{d.c}}", "{{#s}}{{d.a}}{{/s}}",
            ])
        case 132:
            return pick([
                "{{#s}}{{a.b}}{{/s}}", "{{#d}}{{a}}{{/d}}", "{{#l}}{{a}}{{s.b}}{{/l}}",
                "{{#s}}{{#d}}{{a.a}}{{/d}}{{/s}}",
            ])
        case 133:
            return pick([
                "{{a..b}}", "{{.a}}", "{{a.}}", "{{..}}", "{{a .b}}", "{{a. b}}", "{{#.a}}x{{/.a}}",
                "{{^a.}}x{{/a.}}",
            ])
        case 134:
            return pick([
                "{{nope}}", "{{#nope}}x{{/nope}}", "{{^nope}}x{{/nope}}", "{{a.nope}}", "{{{nope}}}",
            ])
        case 144:
            // A lone surrogate can be written in a list, and not by itself.
            extraMembers = [#""q": "x\ud800""#, #""w": ["\udfff", {"k": "\ud800"}]"#]
            return pick(["{{w}}", "{{#w}}x{{/w}}", "{{q}}", "{{#w}}{{.}}{{/w}}"])
        default: return "\(pick(["{{", "{{{", "{{&"]))\(name())".closed() + inner()
        }
    }

    private mutating func sectionFragment(_ rule: Int) -> String {
        switch rule {
        case 150: return section(key(), pick(["#", "^"])) + section(name(), pick(["#", "^"]))
        case 151:
            return pick([
                "{{#l}}{{.}},{{/l}}", "{{#l}}{{#.}}<{{.}}>{{/.}}{{/l}}", "{{#l}}x{{/l}}",
                "{{#s.l}}{{a}}{{/s.l}}",
            ])
        case 152:
            return pick(["{{#a}}{{b}}{{.}}{{/a}}", "{{#l}}{{a}}{{.}}{{/l}}", "{{#b}}{{#c}}{{a}}{{/c}}{{/b}}"])
        case 153:
            return pick([
                "{{^a}}x{{/a}}", "{{^.}}x{{/.}}", "{{^l}}none{{/l}}", "{{#l}}{{^.}}f{{/.}}{{/l}}",
                "{{^s.a}}{{.}}{{/s.a}}",
            ])
        case 154:
            return pick([
                "{{#.}}x{{/.}}", "{{#.}}{{a}}{{/.}}", "{{^.}}e{{/.}}", "{{#.}}{{#.}}{{.}}{{/.}}{{/.}}",
            ])
        case 155:
            return pick([
                "{{#l}}{{#l}}{{a}}{{/l}}{{/l}}", "{{#s}}{{#s}}{{a}}{{/s}}{{/s}}",
                "{{#d}}{{#d}}{{#d}}{{.}}{{/d}}{{/d}}{{/d}}",
            ])
        default:
            let depth = Int.random(in: 2...200, using: &random)
            let levels = chance(0.2) ? depth + 150 : depth
            let name = pick(["nope", "a", "s"])
            return String(repeating: "{{^\(name)}}", count: levels) + "x"
                + String(repeating: "{{/\(name)}}", count: levels)
        }
    }

    private mutating func partialFragment(_ rule: Int) -> String {
        switch rule {
        case 160:
            let name = partial(pick(["x", "{{a}}", "{{#l}}{{.}}{{/l}}", "a\nb\n"]))
            return pick([
                "{{>\(name)}}", "{{> \(name) }}", "{{#s}}{{>\(name)}}{{/s}}", "{{#l}}{{>\(name)}}{{/l}}",
            ])
        case 161: return pick(["{{>nope}}", "{{>nope}}\nx\n", "a{{>nope}}b", " {{>nope}}\n"])
        case 162:
            return
                "{{>\(partial(pick(["a\r\nb", "\r", "{{! c }}\r\nx", "a\rb\r\n", " {{#s}}\r\nx\r\n{{/s}}\r\n"])))}}"
        case 163:
            let content = pick([
                "a\n\nb\n\r\nc", "{{a}}\n{{b}}", "x\n", "\n\n", "{{#l}}\n{{.}}\n{{/l}}\n", " y\n\tz",
            ])
            return
                "\(pick(["", "X\n", "\r\n"]))\(pick([" ", "\t", " \t ", ""])){{>\(partial(content))}}\(lineEnd())Y"
        case 164:
            // A partial that uses itself: while its data lasts, or for ever.
            let name = "p\(partials.count)"
            let body = chance(0.1) ? "{{>\(name)}}" : "{{#s}}({{>\(name)}}){{/s}}"
            partials[name] = Array((chance(0.7) ? "[{{#d}}{{a}}{{/d}}]" : body).utf8)
            return "{{>\(name)}}"
        default: return "{{>\(partial(pick(["{{/a}}", "{{#a}}x{{/b}}", "{{=x=}}", "{{#a}}"])))}}"
        }
    }
}

extension String {
    /// With the closing delimiter that belongs to the opening one it starts with.
    fileprivate func closed() -> String { hasPrefix("{{{") ? self + "}}}" : self + "}}" }
}
