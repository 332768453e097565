// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Subprocess
import Synchronization
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
        /// Whether it, or something that it left behind and that held its outputs, was ended when its time was over.
        package let isOverTime: Bool
        package let output: [UInt8]
        /// The first MiB of it.
        package let errorOutput: [UInt8]
        /// Whether there was more.
        package let isErrorOutputCut: Bool
    }

    /// How far a program is that may have to be ended.
    private struct Progress {
        var isOverTime = false
        /// Whether it has ended and all that it wrote is read.
        var isDone = false
    }

    /// How long a program may take to end when its time is over.
    private static let grace = Duration.seconds(1)
    private static let errorOutputLimit = 1 << 20

    /// Runs a program with `input` on its standard input, which it need not read, and waits until its outputs are closed.
    ///
    /// - Parameter limit: how long that may take; then all that the program started is ended, as when the task is cancelled.
    ///   Nil: for ever.
    /// - Throws: `HostError` when it cannot be started, or writes more than `outputLimit` bytes.
    package static func capture(
        _ command: Command, input: [UInt8], limit: Duration? = nil, outputLimit: Int = 1 << 28
    ) async throws -> Captured {
        guard ProcessTree.isVisible else {
            throw HostError("run, since /proc is not mounted,", command.program, .noSuchFileOrDirectory)
        }
        let inputFile = try inputFile(input, command)
        let output: OutputPipe
        let errorOutput: OutputPipe
        do {
            output = try OutputPipe(limit: outputLimit, command.program)
            do {
                errorOutput = try OutputPipe(limit: errorOutputLimit, command.program)
            } catch {
                try? output.writeEnd.close()
                throw error
            }
        } catch {
            try? inputFile.close()
            throw error
        }
        let progress = Mutex(Progress())
        let spared = Set(ProcessTree.ownChildren)
        let child = AwaitedChild()
        defer { child.end() }
        async let written = output.contents()
        async let complained = errorOutput.contents()
        async let _: Void = {
            // Cancelled when the program is done; or before that, when we are: then it is ended too.
            let isOver = (try? await Task.sleep(for: limit ?? .seconds(1_000_000_000))) != nil
            let isDone = progress.withLock { progress in
                guard isOver || !progress.isDone else { return true }
                progress.isOverTime = isOver
                return false
            }
            if isDone { return }
            await ProcessTree.endChildren(sparing: spared, grace: grace)
            output.stop()
            errorOutput.stop()
        }()
        do {
            // From a file, not through a pipe: the library ends the process when a program does not read its pipe.
            let result = try await Subprocess.run(
                command.configuration,
                input: .fileDescriptor(inputFile, closeAfterSpawningProcess: true),
                output: .fileDescriptor(output.writeEnd, closeAfterSpawningProcess: true),
                error: .fileDescriptor(errorOutput.writeEnd, closeAfterSpawningProcess: true)
            ) { execution in
                let number = execution.processIdentifier.value
                child.note(number)
                // Its time can be over before its number is known.
                if progress.withLock({ $0.isOverTime }) { ProcessTree.signal([number], SIGKILL) }
            }
            if Task.isCancelled { await ProcessTree.endChildren(sparing: spared, grace: grace) }
            let (bytes, complaint) = (await written, await complained)
            progress.withLock { $0.isDone = true }
            try Task.checkCancellation()
            guard !bytes.isTooLong else {
                throw HostError("read all that was printed by", command.program, .fileTooLarge)
            }
            return Captured(
                ending: Ending(result.terminationStatus), isOverTime: progress.withLock { $0.isOverTime },
                output: bytes.bytes, errorOutput: complaint.bytes,
                isErrorOutputCut: complaint.isTooLong)
        } catch let error as SubprocessError {
            progress.withLock { $0.isDone = true }
            output.stop()
            errorOutput.stop()
            throw hostError(error, command)
        }
    }

    /// A nameless file in memory with `input`, to be read from its start.
    private static func inputFile(_ input: [UInt8], _ command: Command) throws(HostError) -> FileDescriptor {
        let descriptor = retrying { os_memfd("input") }
        guard descriptor >= 0 else { throw .last("run", command.program) }
        do {
            try FileContents.write(input, to: descriptor, "run", command.program)
        } catch {
            close(descriptor)
            throw error
        }
        lseek(descriptor, 0, SEEK_SET)
        return FileDescriptor(rawValue: descriptor)
    }

    /// The standard streams of a program; nil: those of this process.
    package struct Streams: Sendable {
        /// Whether it reads nothing, from `/dev/null`.
        package var hasNoInput: Bool
        /// Closed here once the program has it.
        package var output: FileDescriptor?
        /// Closed here once the program has it.
        package var errorOutput: FileDescriptor?

        package init(
            hasNoInput: Bool = false, output: FileDescriptor? = nil, errorOutput: FileDescriptor? = nil
        ) {
            self.hasNoInput = hasNoInput
            self.output = output
            self.errorOutput = errorOutput
        }

        fileprivate func input() throws(HostError) -> FileDescriptorInput {
            guard hasNoInput else { return .currentStandardInput }
            let null = retrying { os_openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0) }
            guard null >= 0 else { throw .last("open", "/dev/null") }
            return .fileDescriptor(FileDescriptor(rawValue: null), closeAfterSpawningProcess: true)
        }

        fileprivate static func sink(_ own: FileDescriptor?, else current: FileDescriptorOutput)
            -> FileDescriptorOutput
        {
            own.map { .fileDescriptor($0, closeAfterSpawningProcess: true) } ?? current
        }
    }

    /// Runs a program and waits for its end, whoever else may hold its streams then.
    ///
    /// - Parameter started: told the process id while the program runs.
    /// - Throws: `HostError` when it cannot be started.
    package static func run(
        _ command: Command, _ streams: Streams = Streams(),
        started: @Sendable @escaping (Int32) -> Void = { _ in }
    ) async throws -> Ending {
        Niceness.restore()
        let child = AwaitedChild()
        defer { child.end() }
        do {
            let result = try await Subprocess.run(
                command.configuration, input: try streams.input(),
                output: Streams.sink(streams.output, else: .currentStandardOutput),
                error: Streams.sink(streams.errorOutput, else: .currentStandardError)
            ) { execution in
                child.note(execution.processIdentifier.value)
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
