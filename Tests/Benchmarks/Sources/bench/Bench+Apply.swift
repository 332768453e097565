// SPDX-License-Identifier: Apache-2.0

import Foundation

/// os-apply-config.
extension Bench {
    func key() throws -> [Row] {
        let place = try directory("key")
        try write("\(place)/m.json", #"{"a": {"b": "value"}}"#)
        let words = ["-m", "m.json", "--fallback-metadata", "--key", "a.b"]
        var ours = ours("os-apply-config", "--log-file", "none", in: place)
        ours.words += words
        var original = original("os-apply-config", in: place)
        original.words += words
        let costs = interleaved([ours, original, Command(words: ["/bin/true"])], runs: 31)
        let memory = [ours, original].map { $0.residentMebibytes(in: base) }
        return [
            .speedup(
                "--key", costs[0].seconds * 1000, costs[1].seconds * 1000, "original", "ms", atLeast: 20),
            .bound(
                "--key, resident", memory[0], "MiB", atMost: 12,
                peer: memory[1], "original"),
            Row(what: "/bin/true", ours: costs[2].seconds * 1000, unit: "ms", limit: ""),
        ]
    }

    func trees() throws -> [Row] { try [1, 100, 1000, 10_000].flatMap(tree) }

    /// So many new files, then again the same.
    private func tree(of count: Int) throws -> [Row] {
        let place = try directory("tree\(count)")
        defer { Self.remove(place) }
        let line = "# a line of configuration that is the same everywhere, as most are\n"
        for number in 0..<count {
            let text =
                String(repeating: line, count: 10)
                + "name = {{a.b}}\n{{#l}}\nitem {{.}}\n{{/l}}\nnumber = \(number)\n"
            try write("\(place)/t/etc/d\(number / 100)/file\(number).conf", text)
        }
        try write("\(place)/m.json", #"{"a": {"b": "value"}, "l": [1, 2, 3]}"#)
        let words = ["-m", "m.json", "--fallback-metadata", "-t", "t", "-o"]
        var first = ours("os-apply-config", "--log-file", "none", in: place)
        first.words += words + ["ours"]
        first.prepare = { Self.remove("\(place)/ours") }
        var unsynchronised = first
        unsynchronised.words += ["--no-sync"]
        var original = original("os-apply-config", in: place)
        original.words += words + ["original"]
        original.prepare = { Self.remove("\(place)/original") }
        var copy = Command(words: ["/bin/cp", "-a", "model", "copy"], directory: place)
        copy.prepare = { Self.remove("\(place)/copy") }
        var model = first
        model.words[model.words.count - 1] = "model"
        model.prepare = nil
        _ = model.run()
        let runs = count >= 10_000 ? 3 : 7
        let costs = interleaved([first, original, copy, unsynchronised], runs: runs)
        let memory = [first, original].map { $0.residentMebibytes(in: base) }
        var again = first
        again.prepare = nil
        let second = interleaved([again, copy], runs: runs)
        let what = "apply \(count) template\(count == 1 ? "" : "s")"
        let milliseconds = costs.map { $0.seconds * 1000 }
        // A single file is as quick as a program can start: copying one is no measure.
        let isMeasured = count > 1
        return [
            isMeasured
                ? .ratio(what, milliseconds[0], milliseconds[2], "cp -a", "ms", atMost: 2)
                : Row(
                    what: what, ours: milliseconds[0], peer: milliseconds[2], peerName: "cp -a", unit: "ms",
                    limit: "", ratio: milliseconds[0] / milliseconds[2]),
            .speedup(what, milliseconds[0], milliseconds[1], "original", "ms", atLeast: 5),
            Row(
                what: "\(what) --no-sync", ours: milliseconds[3], peer: milliseconds[2], peerName: "cp -a",
                unit: "ms", limit: "", ratio: milliseconds[3] / milliseconds[2]),
            Row(
                what: "\(what), resident", ours: memory[0], peer: memory[1], peerName: "original",
                unit: "MiB",
                limit: "", ratio: memory[0] / memory[1]),
            isMeasured
                ? .ratio(
                    "again, nothing changed", second[0].seconds * 1000, second[1].seconds * 1000, "cp -a",
                    "ms",
                    atMost: 1)
                : Row(
                    what: "again, nothing changed", ours: second[0].seconds * 1000,
                    peer: second[1].seconds * 1000, peerName: "cp -a", unit: "ms", limit: "",
                    ratio: second[0].seconds / second[1].seconds),
        ]
    }

    func largeMetadata() throws -> [Row] { try [1, 50].flatMap(metadata) }

    private func metadata(megabytes: Int) throws -> [Row] {
        let place = try directory("metadata")
        defer { Self.remove(place) }
        var text = "{\"nodes\": [\n"
        var number = 0
        while text.utf8.count < megabytes * 1_000_000 {
            text +=
                "{\"name\": \"node\(number)\", \"address\": \"10.0.\(number % 256).7\", \"weight\": \(number).5, \"roles\": [\"web\", \"db\", null, true], \"limits\": {\"cpu\": \(number), \"memory\": \(number * 3)}},\n"
            number += 1
        }
        try write("\(place)/m.json", text + "{}]}")
        let words = ["-m", "m.json", "--fallback-metadata", "--key", "nodes.7.name"]
        var ours = ours("os-apply-config", "--log-file", "none", in: place)
        ours.words += words
        let load = Command(
            words: ["\(originals)/python", "-c", "import json; json.load(open('m.json'))"], directory: place)
        var original = original("os-apply-config", in: place)
        original.words += words
        let costs = interleaved([ours, load, original], runs: megabytes > 10 ? 3 : 11)
        let memory = [ours, load].map { $0.residentMebibytes(in: base) }
        let what = "\(megabytes) MB of metadata"
        return [
            .ratio(what, costs[0].seconds * 1000, costs[1].seconds * 1000, "json.load", "ms", atMost: 1),
            .ratio("\(what), resident", memory[0], memory[1], "json.load", "MiB", atMost: 1),
            Row(
                what: what, ours: costs[0].seconds * 1000, peer: costs[2].seconds * 1000,
                peerName: "original", unit: "ms", limit: "", ratio: costs[0].seconds / costs[2].seconds),
        ]
    }

    func largeTemplate() throws -> [Row] {
        let place = try directory("template")
        let text = (0..<28_000).map { "line \($0) of the template {{a.b}}\n" }.joined()
        try write("\(place)/t/a", text)
        try write("\(place)/m.json", #"{"a": {"b": "value"}}"#)
        let words = ["-v", "-m", "m.json", "--fallback-metadata", "-t", "t"]
        var ours = ours("os-apply-config", "--log-file", "none", in: place)
        ours.words += words
        var original = original("os-apply-config", in: place)
        original.words += words
        let costs = interleaved([ours, original], runs: 7)
        return [
            .speedup(
                "a template of 28,000 tags", costs[0].seconds * 1000, costs[1].seconds * 1000, "original",
                "ms", atLeast: 10)
        ]
    }
}
