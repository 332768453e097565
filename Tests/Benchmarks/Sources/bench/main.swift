// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Measures the programs beside their peers: bench --programs DIR --originals DIR [--json FILE] [--only WORD]
var settings: [String: String] = [:]
var words = CommandLine.arguments.dropFirst()
while let name = words.popFirst(), let value = words.popFirst() { settings[name] = value }
guard let programs = settings["--programs"], let originals = settings["--originals"] else {
    print("usage: bench --programs DIR --originals DIR [--json FILE] [--only WORD]")
    exit(2)
}

let bench = try Bench(programs: programs, originals: originals)
var rows: [Row] = []
for (name, group) in bench.groups where settings["--only"].map(name.contains) ?? true {
    FileHandle.standardError.write(Data("measuring \(name)\n".utf8))
    rows += try group()
}
printTable(rows)
if let path = settings["--json"] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    // A peer that could not be measured.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try encoder.encode(rows).write(to: URL(fileURLWithPath: path))
}
bench.cleanUp()
