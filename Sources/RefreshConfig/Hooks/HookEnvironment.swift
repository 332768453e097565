// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import SystemPackage

/// The environment that the files of `environment.d`, beside a hook directory, make for its hooks.
///
/// The files are bash by contract: they are sourced, so one bash reads them all and hands over what it would export.
/// No bash is started when there is nothing to source.
struct HookEnvironment {
    static let directoryName = "environment.d"
    /// Tells a hook its phase.
    static let phaseVariable = "OS_REFRESH_CONFIG_PHASE"

    /// What the names of files have to match.
    static let pattern = "^[0-9A-Za-z_.-]+$"

    /// The directory, which need not exist.
    let path: FilePath
    /// The files to source, in the order of their bytes.
    let files: [FilePath]
    /// What else there is.
    let skipped: [(name: String, reason: HookDirectory.SkipReason)]

    /// - Throws: `HostError` when there is such a directory and it cannot be listed.
    init(beside hooks: String) throws(HostError) {
        path = FilePath(hooks).appending("..").appending(Self.directoryName)
        var files: [FilePath] = []
        var skipped: [(name: String, reason: HookDirectory.SkipReason)] = []
        // What cannot be seen from there is not there, as to a shell; what is there has to be read.
        for entry in FileContents.isDirectory(path) ? try DirectoryListing.entries(of: path) : [] {
            let file = path.appending(entry.name)
            let isRegular = FileContents.status(file).map(\.isRegular)
            if isRegular == true, Self.isName(entry.name.string) {
                files.append(file)
            } else {
                let reason: HookDirectory.SkipReason =
                    isRegular == true
                    ? .nameDoesNotMatch : isRegular == nil && entry.kind == .link ? .danglingLink : .notFile
                skipped.append((entry.name.string, reason))
            }
        }
        (self.files, self.skipped) = (files, skipped)
    }

    private static func isName(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2E, 0x2D: true
            default: false
            }
        }
    }

    /// The first two files whose names are numbered otherwise than they are ordered: hooks would run as they are numbered.
    var misordered: (first: String, second: String)? {
        let names = files.compactMap { $0.lastComponent?.string }
        return zip(names, names.dropFirst()).first { LeadingNumber($1) < LeadingNumber($0) }
            .map { (first: $0, second: $1) }
    }

    /// What the files leave behind for the hooks.
    struct Loaded {
        /// `NAME=value` entries; nil: this process's own.
        var entries: [[UInt8]]?
        /// Where the files went with `cd`.
        var directory: FilePath?
        /// Their umask.
        var mask: UInt32?
    }

    /// What came of sourcing the files.
    enum Outcome {
        case loaded(Loaded)
        /// A file ended bash with `exit 0`: no hook is to run.
        case ended
        /// Bash failed, in this file if it is known.
        case failed(FilePath?)
    }

    /// - Parameter run: runs bash.
    /// - Throws: `HostError` when bash cannot be run or its answer cannot be read.
    func load(run: (CommandRunner.Command) async throws -> CommandRunner.Ending) async throws -> Outcome {
        guard !files.isEmpty else { return .loaded(Loaded()) }
        let directory = try PrivateDirectory()
        let answer = directory.path.appending("environment")
        // In brackets, as the original: an unset variable ends those with status 1, and bash -c with 127. In a function, as
        // there too: files may have local variables.
        let reached = directory.path.appending("reached")
        // "builtin": files may have functions by these names.
        let sources = files.enumerated().map { place, file in
            "builtin printf %s \(place) > \(Self.quoted(reached.string)) || :\nsource \(Self.quoted(file.string))\n"
        }.joined()
        let report =
            "{ builtin umask; builtin pwd -P 2> /dev/null || echo; /usr/bin/env -0; } > \(Self.quoted(answer.string))"
        let script = "(\nset -eu -o pipefail\nsource_all() {\n\(sources)}\nsource_all\n\(report)\n)\n"
        // From a file: what is given to a program in one word is limited.
        let file = directory.path.appending("script")
        try FileContents.create(file, Array(script.utf8))
        let command = "source \(Self.quoted(file.string))"
        let ending = try await run(CommandRunner.Command("/bin/bash", ["-c", command, "dib-run-parts"]))
        guard ending.isSuccess else { return .failed(last(reached)) }
        guard FileContents.status(answer) != nil else { return .ended }
        return .loaded(Self.loaded(try FileContents.read(answer)))
    }

    /// The file whose number is in the file at `path`.
    private func last(_ path: FilePath) -> FilePath? {
        guard let bytes = try? FileContents.read(path),
            let place = Int(String(decoding: bytes, as: UTF8.self)), files.indices.contains(place)
        else { return nil }
        return files[place]
    }

    /// The umask and the directory, a line each, and the entries.
    private static func loaded(_ answer: [UInt8]) -> Loaded {
        let lines = answer.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3 else { return Loaded() }
        let entries = lines[2].split(separator: 0).map(Array.init)
        return Loaded(
            entries: entries.filter { !$0.starts(with: Array("_=".utf8)) },
            directory: lines[1].isEmpty ? nil : FilePath(String(decoding: lines[1], as: UTF8.self)),
            mask: UInt32(String(decoding: lines[0], as: UTF8.self), radix: 8))
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
