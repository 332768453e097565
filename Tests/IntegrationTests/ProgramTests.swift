// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The built programs: what is in them, what they load")
struct ProgramTests {
    private static let agents = ["os-config", "os-apply-config", "os-refresh-config", "os-collect-config"]

    @Test("no agent holds Foundation, ICU or NIO", arguments: agents)
    func contents(program: String) throws {
        let symbols = try ChildProcess(["/usr/bin/nm", Programs.path(program)]).run().text
        #expect(symbols.contains("$s12MetadataTree"))
        // Swift's names carry their module: a number and a name.
        for module in ["10Foundation", "29FoundationInternationalization", "7NIOCore", "8NIOPosix"] {
            #expect(!symbols.contains("$s\(module)"), "\(module)")
        }
        #expect(!symbols.contains(" uloc_") && !symbols.contains(" ucol_"))
    }

    @Test("no agent is linked against libcurl, libcrypto or expat", arguments: agents)
    func libraries(program: String) throws {
        let libraries = try ChildProcess(["/usr/bin/ldd", Programs.path(program)]).run().text
        for name in ["libcurl", "libcrypto", "libexpat", "libswift", "libFoundation"] {
            #expect(!libraries.contains(name), "\(name)")
        }
    }

    @Test("--key and os-refresh-config never load libcurl or libcrypto, a request does")
    func loading() throws {
        let directory = try TemporaryDirectory()
        try directory.write("m.json", #"{"a": 1}"#)
        try directory.write("base/configure.d/10-a", "#!/bin/true\n", mode: 0o755)
        let loaded = { (words: [String]) in
            let environment = [
                "PATH": "/usr/bin:/bin", "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": directory.file("ld"),
                "HOME": directory.path,
                "OS_REFRESH_CONFIG_BASE_DIR": directory.file("base"),
                "OS_REFRESH_CONFIG_STATE_DIR": directory.file("state"),
            ]
            _ = try ChildProcess(
                [Programs.path("os-config")] + words, in: directory.path, environment: environment
            ).run()
            let traces = directory.tree().filter { $0.hasPrefix("ld.") }
            defer { for trace in traces { unlink(directory.file(trace)) } }
            return traces.compactMap { directory.text($0) }.joined()
        }
        let key = try loaded(["os-apply-config", "--log-file", "none", "-m", "m.json", "--key", "a"])
        let refresh = try loaded(["os-refresh-config", "--lockfile", directory.file("lock")])
        let request = try loaded([
            "os-collect-config", "--request-metadata-url", "http://127.0.0.1:9/", "request",
        ])
        for trace in [key, refresh] {
            #expect(trace.contains("libc.so"))
            #expect(!trace.contains("libcurl") && !trace.contains("libcrypto"))
        }
        #expect(request.contains("libcurl"))
    }

    @Test("the three agents in one stripped file have 18 MB at the most")
    func size() throws {
        let directory = try TemporaryDirectory()
        let copy = directory.file("os-config")
        #expect(
            try ChildProcess(["/usr/bin/strip", "-o", copy, Programs.path("os-config")]).run().status == 0)
        let size = try #require(FileManager.default.attributesOfItem(atPath: copy)[.size] as? Int)
        print("os-config, stripped: \(size) bytes")
        #expect(size <= 18_000_000)
    }

    @Test("os-config is the program it is called by, or its first word")
    func names() throws {
        let directory = try TemporaryDirectory()
        for name in ["os-apply-config", "os-config-applier", "os-refresh-config", "os-collect-config"] {
            symlink(Programs.path("os-config"), directory.file(name))
            let called = try ChildProcess([directory.file(name), "--version"]).run()
            let worded = try ChildProcess([Programs.path("os-config"), name, "--version"]).run()
            #expect(called.status == 0 && called.text == "1.0.0\n")
            #expect(worded.text == called.text)
            let refused = try ChildProcess([directory.file(name), "--bogus"]).run()
            #expect(refused.status == 2)
            #expect(refused.errorText.contains("\(name): error: unrecognized arguments: --bogus"))
        }
        symlink(Programs.path("os-config"), directory.file("dib-run-parts"))
        #expect(
            try ChildProcess([directory.file("dib-run-parts"), "--list", directory.path]).run().text.contains(
                "/os-apply-config\n"))
        #expect(try ChildProcess([Programs.path("os-config"), "bogus"]).run().status == 2)
        #expect(try ChildProcess([Programs.path("os-config")]).run().status == 2)
        #expect(try ChildProcess([Programs.path("os-config"), "--help"]).run().status == 0)
    }
}
