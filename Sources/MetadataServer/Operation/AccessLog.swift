// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import MetadataTree
import Synchronization
import SystemPackage

/// A file with an object of JSON a line; `-` is standard output.
final class AccessLog: Sendable {
    private let path: String
    /// -1: it is standard output, or could not be opened again.
    private let descriptor: Mutex<Int32>

    /// - Throws: `ServerError` when the file cannot be opened.
    init(path: String) throws {
        self.path = path
        descriptor = Mutex(path == "-" ? -1 : try Self.opened(path))
    }

    deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }

    /// Opens the file anew: somebody has moved it away.
    ///
    /// - Throws: as `init`; the former file is written to then.
    func reopen() throws {
        guard path != "-" else { return }
        let new = try Self.opened(path)
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = new
        }
    }

    /// What cannot be written is lost.
    func write(_ members: [(String, MetadataValue?)]) {
        let line = JSONShape.line(JSONShape.object(members))
        guard path != "-" else { return StandardStream.output.write(line) }
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            _ = Glibc.write(descriptor, line, line.count)
        }
    }

    private static func opened(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw ServerError("cannot open the log \(path): \(Errno(rawValue: errno))")
        }
        return descriptor
    }
}
