// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What one run of a program cost.
struct Cost {
    /// By the wall.
    var seconds: Double
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
        let beginning = DispatchTime.now()
        let process = start()
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1, errno == EINTR {}
        let nanoseconds = DispatchTime.now().uptimeNanoseconds - beginning.uptimeNanoseconds
        return Cost(seconds: Double(nanoseconds) / 1e9)
    }

    /// The most memory that the program had, as time(1) tells it: a small process starts it, whose own size does not count.
    func residentMebibytes(in directory: String) -> Double {
        prepare?()
        let report = "\(directory)/resident"
        var timed = self
        timed.words = ["/usr/bin/time", "-f", "%M", "-o", report] + words
        _ = timed.run()
        let text =
            FileManager.default.contents(atPath: report).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return (Double(text.split(separator: "\n").last ?? "") ?? .nan) / 1024
    }

    /// Starts the program and gives its process id.
    func start() -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        _ = FileManager.default.changeCurrentDirectoryPath(directory)
        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawn(&process, words[0], &actions, nil, &argv, &envp) == 0 else {
            FileHandle.standardError.write(Data("cannot run \(words[0])\n".utf8))
            exit(1)
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
    return costs.map { Cost(seconds: $0.map(\.seconds).median) }
}
