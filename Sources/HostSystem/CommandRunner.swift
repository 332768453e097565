// SPDX-License-Identifier: Apache-2.0

import CLinux
import Dispatch
import Glibc
import Subprocess
package import SystemPackage

/// Runs programs.
package enum CommandRunner {
    /// How a program ended.
    package enum Ending: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        package var isSuccess: Bool { self == .exited(0) }

        /// As a shell tells it: 128 + n for signal n.
        package var shellStatus: Int32 {
            switch self {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            }
        }

        package var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }

        init(_ status: TerminationStatus) {
            switch status {
            case .exited(let code): self = .exited(code)
            case .signaled(let signal): self = .killed(signal: signal)
            }
        }
    }

    /// What to run, and with what around it.
    package struct Command: Sendable {
        /// The program's path; one without a slash is looked for in `PATH`.
        package var program: FilePath
        package var arguments: [String]
        /// `NAME=value` entries; nil: those of this process.
        package var environment: [[UInt8]]?
        /// Where the program starts; nil: where this process is.
        package var workingDirectory: FilePath?

        package init(
            _ program: FilePath, _ arguments: [String] = [], environment: [[UInt8]]? = nil,
            workingDirectory: FilePath? = nil
        ) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
            self.workingDirectory = workingDirectory
        }

        fileprivate var configuration: Configuration {
            Configuration(
                executable: program.components.count == 1 && !program.isAbsolute
                    ? .name(program.string) : .path(program),
                arguments: Arguments(arguments),
                // The library takes C strings.
                environment: environment.map { .custom($0.map { $0 + [0] }) } ?? .inherit,
                workingDirectory: workingDirectory)
        }
    }

    /// What a program wrote, and how it ended.
    package struct Captured: Sendable {
        package let ending: Ending
        package let output: [UInt8]
        package let errorOutput: [UInt8]
    }

    /// Runs a program with `input` on its standard input, which it need not read, and waits until its outputs are closed.
    ///
    /// - Throws: `HostError` when it cannot be started.
    package static func capture(
        _ command: Command, input: [UInt8], outputLimit: Int = 1 << 30
    ) async throws -> Captured {
        let inputFile = try inputFile(input, command)
        var ends: [Int32] = [-1, -1]
        guard os_pipe2(&ends, O_CLOEXEC) == 0 else {
            defer { try? inputFile.close() }
            throw HostError.last("run", command.program)
        }
        let (readEnd, writeEnd) = (ends[0], FileDescriptor(rawValue: ends[1]))
        async let output = bytes(from: readEnd, limit: outputLimit, command)
        do {
            // From a file, not through a pipe: the library ends the process when a program does not read its pipe.
            let result = try await Subprocess.run(
                command.configuration,
                input: .fileDescriptor(inputFile, closeAfterSpawningProcess: true),
                output: .fileDescriptor(writeEnd, closeAfterSpawningProcess: true),
                error: .bytes(limit: outputLimit))
            return Captured(
                ending: Ending(result.terminationStatus), output: try await output,
                errorOutput: result.standardError)
        } catch let error as SubprocessError {
            throw hostError(error, command)
        }
    }

    /// All that comes through a pipe until the last that holds its other end lets go: a child that a program leaves
    /// behind may write on, which the library does not wait for.
    private static func bytes(from pipe: Int32, limit: Int, _ command: Command) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                defer { close(pipe) }
                var output: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = retrying { read(pipe, &chunk, chunk.count) }
                    guard count > 0 else { break }
                    output += chunk[..<count]
                    guard output.count <= limit else {
                        return continuation.resume(
                            throwing: HostError("read all of", command.program, .fileTooLarge))
                    }
                }
                continuation.resume(returning: output)
            }
        }
    }

    /// A nameless file in memory with `input`, to be read from its start.
    private static func inputFile(_ input: [UInt8], _ command: Command) throws(HostError) -> FileDescriptor {
        let descriptor = os_memfd("input")
        guard descriptor >= 0 else { throw .last("run", command.program) }
        var written = 0
        while written < input.count {
            let count = input.withUnsafeBytes { bytes in
                retrying { write(descriptor, bytes.baseAddress! + written, bytes.count - written) }
            }
            guard count > 0 else {
                close(descriptor)
                throw .last("run", command.program)
            }
            written += count
        }
        lseek(descriptor, 0, SEEK_SET)
        return FileDescriptor(rawValue: descriptor)
    }

    /// Runs a program with this process's standard streams.
    ///
    /// - Parameter started: told the process id while the program runs.
    /// - Throws: `HostError` when it cannot be started.
    package static func run(
        _ command: Command, started: @Sendable @escaping (Int32) -> Void = { _ in }
    ) async throws -> Ending {
        do {
            let result = try await Subprocess.run(
                command.configuration, input: .currentStandardInput, output: .currentStandardOutput,
                error: .currentStandardError
            ) { execution in
                started(execution.processIdentifier.value)
            }
            return Ending(result.terminationStatus)
        } catch let error as SubprocessError {
            throw hostError(error, command)
        }
    }

    private static func hostError(_ error: SubprocessError, _ command: Command) -> HostError {
        let fallback: Errno = error.code == .executableNotFound ? .noSuchFileOrDirectory : .ioError
        return HostError("run", command.program, error.underlyingError ?? fallback)
    }
}
