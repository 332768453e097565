// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// How a hook ended.
enum HookEnding: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
    /// It could not be started; the status is the one that a shell gives then.
    case notStarted(status: Int32, reason: String)
    /// It was ended, since its own time was over (the limit in seconds), or that of the run (nil).
    case overTime(Double?)
    /// It was ended, since we were asked to end.
    case stopped(signal: Int32)

    init(_ ending: CommandRunner.Ending) {
        switch ending {
        case .exited(let status): self = .exited(status)
        case .killed(let signal): self = .killed(signal: signal)
        }
    }

    /// As a shell has it: 127 for what is missing, its interpreter too, and 126 for what cannot be executed.
    static func notStarted(_ error: HostError, _ command: CommandRunner.Command) -> HookEnding {
        if let directory = command.workingDirectory, !FileContents.isDirectory(directory) {
            return .notStarted(
                status: 127, reason: "cannot run \(command.program) in \(directory): no such directory")
        }
        let program = command.workingDirectory?.pushing(command.program) ?? command.program
        guard error.errno == .noSuchFileOrDirectory, FileContents.status(program) != nil else {
            return .notStarted(
                status: error.errno == .noSuchFileOrDirectory ? 127 : 126, reason: error.description)
        }
        if !FileContents.isExecutable(program) {
            return .notStarted(status: 126, reason: "cannot run \(program): not executable")
        }
        let interpreter = FileContents.interpreter(of: program)
        let isThere = interpreter.map { FileContents.status($0) != nil } ?? false
        return .notStarted(
            status: isThere ? 126 : 127,
            reason: "cannot run \(program): its interpreter \(interpreter?.string ?? "")"
                + (isThere ? " cannot be run" : ": \(error.errno)"))
    }

    var isSuccess: Bool { self == .exited(0) }

    /// Whether it was ended by us.
    var isForced: Bool {
        switch self {
        case .overTime, .stopped: true
        case .exited, .killed, .notStarted: false
        }
    }

    /// For programs: the words of `SERVICE_RESULT` (systemd.exec(5)) where it has one.
    var word: String {
        switch self {
        case .exited(0): "success"
        case .exited: "exit-code"
        case .killed: "signal"
        case .notStarted: "not-started"
        case .overTime: "timeout"
        case .stopped: "stopped"
        }
    }

    /// The status as a shell tells it: 128 + n for signal n, and 124 for a time limit, as timeout(1).
    var status: Int32 {
        switch self {
        case .exited(let status), .notStarted(let status, _): status
        case .killed(let signal), .stopped(let signal): 128 + signal
        case .overTime: 124
        }
    }

    /// The number of the signal that ended it or us.
    var signal: Int32? {
        switch self {
        case .killed(let signal), .stopped(let signal): signal
        case .exited, .notStarted, .overTime: nil
        }
    }

    var description: String {
        switch self {
        case .exited(let status): CommandRunner.Ending.exited(status).description
        case .killed(let signal): CommandRunner.Ending.killed(signal: signal).description
        case .notStarted(_, let reason): reason
        case .overTime(let limit?): "its time limit of \(SecondsText.short(limit)) s is over"
        case .overTime(nil): "the time limit is over"
        case .stopped(let signal): "ended by signal \(signal)"
        }
    }
}
