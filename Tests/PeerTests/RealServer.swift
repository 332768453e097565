// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A server that a Python program of the fixtures starts, and that ends with its standard input.
final class RealServer: Sendable {
    let directory: TemporaryDirectory
    /// What it said when it was ready.
    let line: Data
    private let process: Process
    private let input: Pipe

    /// The environment with the servers from PyPI.
    private static let python = "\(Programs.root)/.build/peers/bin/python"

    /// - Parameter directory: for the server's files.
    init(_ program: String, _ arguments: [String] = [], in directory: TemporaryDirectory) throws {
        self.directory = directory
        process = Process()
        process.executableURL = URL(fileURLWithPath: Self.python)
        process.arguments = ["\(Programs.root)/Tests/PeerTests/Fixtures/\(program).py"] + arguments
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": directory.path]
        input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle(
            forWritingAtPath: try directory.write("\(program).log", "", mode: 0o600))
        try process.run()
        var line = Data()
        while case let chunk = output.fileHandleForReading.availableData, !chunk.isEmpty {
            line += chunk
            if chunk.last == 0x0A { break }
        }
        self.line = line
        guard !line.isEmpty else {
            let log = directory.text("\(program).log") ?? ""
            throw ChildProcess.Failure(reason: "\(program) does not start: \(log.suffix(2000))")
        }
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.terminate()
        process.waitUntilExit()
    }

    /// The line as a number.
    var port: Int { Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)) ?? 0 }
}
