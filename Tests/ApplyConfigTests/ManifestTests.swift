// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing

@testable import ApplyConfig

@Suite("Manifests, and what may have been meant")
struct ManifestTests {
    private func manifest(_ text: String) throws -> Manifest {
        try Manifest(MetadataSource(name: ".manifest", bytes: Array(text.utf8)))
    }

    @Test("what is written reads as the same, odd names too")
    func roundTrip() throws {
        var written = Manifest()
        written.add("etc/my sql/#x\\y", .init(mode: 0o600, owner: "mysql", group: "27"))
        written.add("plain", .init())
        #expect(written.text == "./etc/my\\040sql/\\043x\\134y mode=0600 uname=mysql gid=27\n./plain\n")
        let read = try manifest("#mtree\n\n" + written.text)
        #expect(read.entries.map(\.path) == written.entries.map(\.path))
        #expect(read.entries.map(\.entry) == written.entries.map(\.entry))
    }

    @Test(
        "what is wrong is told with its line",
        arguments: [
            ("./a mode=9", ".manifest:1: '9' is not an octal mode"),
            ("\n./a mode", ".manifest:2: 'mode' is none of mode=, uname=, uid=, gname=, gid="),
            ("etc/a", ".manifest:1: 'etc/a' is not a path that starts with './'"),
            ("./a\\9", ".manifest:1: './a\\9' has a backslash without three octal digits"),
        ])
    func mistakes(text: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try manifest(text) }
        #expect(error?.description == message)
    }

    @Test(
        "a key that is missing is told with the nearest one that is there",
        arguments: [
            ("mysql.hots", "mysql.host"), ("mysq.port", "mysql.port"),
            ("root-password", "mysql.root-password"),
            ("mysql.nothing-like-it", nil), ("x", nil),
        ])
    func spelling(asked: String, meant: String?) throws {
        let text = #"{"mysql": {"host": 1, "port": 2, "root-password": 3}, "redis": {"hosts": 4}}"#
        let metadata = try JSONParser.parse(Array(text.utf8), name: "m")
        let near = Spelling.nearest(to: MetadataPath(asked).parts, in: metadata)
        #expect(near?.map(\.text).joined(separator: ".") == meant)
    }
}
