// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What one run of a program cost.
struct Cost {
    var seconds: Double
    /// User and system time, children included.
    var processorSeconds: Double
    var residentKiB: Int
    var status: Int32
}

/// A program to run, its output thrown away.
struct Command {
    var words: [String]
    var directory = "/"
    var environment = ["PATH": "/usr/sbin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"]
    /// What is done before each run, and does not count.
    var prepare: (() -> Void)?

    func run() -> Cost {
        prepare?()
        var usage = rusage()
        let start = DispatchTime.now()
        let process = start_process()
        var status: Int32 = 0
        while wait4(process, &status, 0, &usage) == -1, errno == EINTR {}
        let nanoseconds = DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds
        let processor = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Cost(
            seconds: Double(nanoseconds) / 1e9,
            processorSeconds: processor(usage.ru_utime) + processor(usage.ru_stime),
            residentKiB: usage.ru_maxrss, status: status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
        )
    }

    /// Starts the program and gives its process id.
    func start_process() -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        FileManager.default.changeCurrentDirectoryPath(directory)
        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawn(&process, words[0], &actions, nil, &argv, &envp) == 0 else {
            fatalError("cannot run \(words[0])")
        }
        return process
    }
}

extension [Double] {
    var median: Double {
        let sorted = self.sorted()
        guard let last = sorted.last else { return .nan }
        return count % 2 == 1
            ? sorted[count / 2] : count == 0 ? last : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
    }
}

/// The medians of several commands, run in turn.
func interleaved(_ commands: [Command], runs: Int) -> [Cost] {
    var costs = Array(repeating: [Cost](), count: commands.count)
    for _ in 0..<runs {
        for (place, command) in commands.enumerated() { costs[place].append(command.run()) }
    }
    return costs.map { runs in
        Cost(
            seconds: runs.map(\.seconds).median, processorSeconds: runs.map(\.processorSeconds).median,
            residentKiB: Int(runs.map { Double($0.residentKiB) }.median), status: runs[0].status)
    }
}
