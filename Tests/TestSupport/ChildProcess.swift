// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Synchronization

/// A program run to its end, its streams in files, so that no pipe holds it up.
package struct ChildProcess: Sendable {
    package struct Ended: Sendable {
        /// The exit status, or minus the signal.
        package let status: Int32
        package let output: Data
        package let errorOutput: Data

        package var text: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
    }

    package var arguments: [String]
    package var directory: String
    package var environment: [String: String]
    package var input: Data?
    /// Seconds after which it is killed.
    package var limit: Int

    package init(
        _ arguments: [String], in directory: String = "/",
        environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        input: Data? = nil, limit: Int = 60
    ) {
        self.arguments = arguments
        self.directory = directory
        self.environment = environment
        self.input = input
        self.limit = limit
    }

    package struct Failure: Error {
        package let reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }

    /// Starts the program and waits for it, and then, for a while, for all that it started and that holds its standard
    /// output, unless that does not count.
    package func run(holdingOutput: Bool = true) throws -> Ended {
        let files = try TemporaryDirectory()
        let pipe = Pipe()
        let process = try start(
            input: try input.map { try files.write("in", $0) } ?? "/dev/null", output: nil,
            outputDescriptor: pipe.fileHandleForWriting.fileDescriptor, errorOutput: files.file("err"))
        try pipe.fileHandleForWriting.close()
        let output = CollectedOutput(pipe.fileHandleForReading)
        let status = process.wait(limit: limit)
        return Ended(
            status: status, output: output.wait(seconds: holdingOutput ? 15 : 1),
            errorOutput: FileManager.default.contents(atPath: files.file("err")) ?? Data())
    }

    /// Starts the program with all its streams at `terminal`, and leaves it running.
    package func start(at terminal: PseudoTerminal) throws -> RunningProcess {
        try start(input: terminal.path, output: terminal.path, errorOutput: terminal.path)
    }

    /// Starts the program with its streams in files, and leaves it running.
    package func start(
        input: String = "/dev/null", output: String?, outputDescriptor: Int32 = -1, errorOutput: String,
        errorDescriptor: Int32? = nil
    ) throws -> RunningProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&actions, outputDescriptor, 1)
        }
        if let errorDescriptor {
            posix_spawn_file_actions_adddup2(&actions, errorDescriptor, 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 2, errorOutput, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        // The shell goes to the directory: spawning cannot.
        let words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + arguments
        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // As from a shell: nothing blocked, nothing ignored.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var process: pid_t = 0
        let error = SpawnGate.hold { posix_spawn(&process, "/bin/sh", &actions, &attributes, &argv, &envp) }
        guard error == 0 else { throw Failure(reason: String(cString: strerror(error))) }
        return RunningProcess(id: process)
    }
}

/// What comes through a pipe, read in the background.
private final class CollectedOutput: Sendable {
    private let state = Mutex(Data())
    private let isComplete = DispatchSemaphore(value: 0)

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            while case let chunk = handle.availableData, !chunk.isEmpty {
                state.withLock { $0.append(chunk) }
            }
            isComplete.signal()
        }
    }

    /// All of it, or what there is after `seconds`.
    func wait(seconds: Int) -> Data {
        _ = isComplete.wait(timeout: .now() + .seconds(seconds))
        return state.withLock { $0 }
    }
}

/// A program that was started by us.
package struct RunningProcess: Sendable {
    package let id: pid_t

    package func signal(_ number: Int32) { kill(id, number) }

    /// A line of proc_pid_status(5).
    package enum Memory: String {
        case resident = "VmRSS:"
        /// The most that has ever been resident.
        case peak = "VmHWM:"
    }

    /// In KiB.
    package func memory(_ kind: Memory) -> Int {
        let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix(kind.rawValue) }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? Int.max
    }

    /// Whether it has not ended.
    package var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == 0
    }

    /// The exit status, or minus the signal; killed when it takes longer than `limit` seconds.
    package func wait(limit: Int) -> Int32 {
        let killer = DispatchWorkItem { [id] in _ = kill(id, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(limit), execute: killer)
        defer { killer.cancel() }
        var status: Int32 = 0
        while waitpid(id, &status, 0) == -1, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : -signal
    }
}

/// Asks again and again, with pauses, until `condition` holds; false when it does not within `seconds`.
package func eventually(within seconds: Double = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
        if try condition() { return true }
        usleep(2_000)
    }
    return try condition()
}

/// As `eventually`, without a thread that waits: for what others do in tasks.
package func inTime(within limit: Duration = .seconds(20), _ condition: () throws -> Bool) async rethrows
    -> Bool
{
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return try condition()
}
