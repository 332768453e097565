// SPDX-License-Identifier: Apache-2.0

import Foundation

/// os-collect-config beside the original.
extension Bench {
    func collector() throws -> [Row] {
        let place = try directory("collector")
        // Apart from where the daemons write.
        try write("\(place)/sources/hl.json", #"{"a": 1}"#)
        try write("\(place)/sources/local/b.json", #"{"b": 1}"#)
        let words = [
            "--heat_local-path", "sources/hl.json", "--local-path", "sources/local", "heat_local", "local",
        ]
        var ours = ours("os-collect-config", in: place)
        ours.words += words
        var original = original("os-collect-config", in: place)
        original.words += words
        original.environment["LC_ALL"] = "C"
        let costs = interleaved([ours, original], runs: 9)
        return [
            .speedup(
                "collector, one poll of two sources", costs[0].seconds * 1000, costs[1].seconds * 1000,
                "original", "ms", atLeast: 20)
        ]
            + (try idle(place, words))
    }

    /// Daemons of both, with these words, which write in `state` below `place`.
    private func daemons(_ place: String, _ state: String, _ words: [String]) throws -> [Command] {
        _ = try directory("\(URL(fileURLWithPath: place).lastPathComponent)/\(state)")
        var ours = ours("os-collect-config", in: place)
        ours.words += ["--status-file", "\(state)/status.json"]
        var original = original("os-collect-config", in: place)
        original.environment["LC_ALL"] = "C"
        return [ours, original].enumerated().map { number, command in
            var command = command
            command.words +=
                [
                    "--cachedir", "\(state)/c\(number)", "--backup-cachedir", "\(state)/b\(number)",
                ] + words
            return command
        }
    }

    private func idle(_ place: String, _ words: [String]) throws -> [Row] {
        let seconds = 60
        let polling = ["-i", "1", "--min-polling-interval", "1", "-c", "true"]
        let waiting = ["-i", "30", "--min-polling-interval", "30", "-c", "true"]
        let busy = try daemons(place, "busy", polling + words).map { $0.start() }
        let calm = try daemons(place, "calm", waiting + words).map { $0.start() }
        sleep(5)
        let before = busy.map(Self.processorSeconds)
        let reports = (0..<2).map { "\(place)/calls\($0)" }
        let tracers = zip(calm, reports).map { process, report in
            Command(words: [
                "/usr/bin/timeout", "-s", "INT", "\(seconds)", "/usr/bin/strace", "-f", "-q", "-c", "-U",
                "calls,name",
                "-o", report, "-p", "\(process)",
            ]).start()
        }
        sleep(UInt32(seconds))
        let after = busy.map(Self.processorSeconds)
        for tracer in tracers { waitpid(tracer, nil, 0) }
        let wakes = reports.map(Self.waits)
        let memory = busy.map(Self.memory)
        for process in busy + calm { end(process) }
        let perPoll = (0..<2).map { (after[$0] - before[$0]) / Double(seconds) * 1000 }
        return [
            .bound(
                "collector idle, resident", memory[0].resident, "MiB", atMost: 20, peer: memory[1].resident,
                "original"),
            .bound(
                "collector idle, private", memory[0].private, "MiB", atMost: 5, peer: memory[1].private,
                "original"),
            .bound("collector idle, CPU a poll", perPoll[0], "ms", atMost: 0.5, peer: perPoll[1], "original"),
            // In a minute with two polls; a thread each.
            Row(
                what: "collector idle, wake-ups a minute", ours: wakes[0], peer: wakes[1],
                peerName: "original", unit: "", limit: "", ratio: wakes[0] / wakes[1], isMet: nil),
        ]
    }

    private func end(_ process: pid_t) {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    // MARK: A change

    /// From a change on the server to the start of the command: with the long poll, and by polling every second.
    func change() throws -> [Row] {
        let place = try directory("change")
        let node = "\(place)/nodes/n.json"
        func set(_ version: Int) throws {
            let text =
                "{\"metadata\": {\"v\": \(version)}, \"credentials\": {\"request\": {\"token\": \"t\"}}}"
            try write("\(place)/aside", text, mode: 0o600)
            try FileManager.default.createDirectory(
                atPath: "\(place)/nodes", withIntermediateDirectories: true)
            rename("\(place)/aside", node)
        }
        try set(0)
        let port = Self.freePort()
        let server = Command(words: [
            "\(programs)/os-metadata-server", "--nodes", "\(place)/nodes", "--listen", "127.0.0.1:\(port)",
        ]).start()
        defer { end(server) }
        Self.awaitListener(port)
        let url = "http://127.0.0.1:\(port)/v1/nodes/n/metadata"
        let ours = try daemons(place, "state", ["--min-polling-interval", "0.05", "--request-token", "t"])[0]
        var original = try daemons(place, "state", ["--min-polling-interval", "1", "-i", "1"])[1]
        // It knows no tokens: it asks a server of files.
        let web = try directory("change/web")
        try write("\(web)/n", #"{"v": 0}"#)
        let webPort = Self.freePort()
        let files = Command(
            words: ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "\(webPort)"],
            directory: web
        ).start()
        defer { end(files) }
        Self.awaitListener(webPort)
        original.words += ["--request-metadata-url", "http://127.0.0.1:\(webPort)/n"]
        let mine = try latencies(
            ours, ["--request-metadata-url", url], place, count: 1000, pause: 60_000, set)
        let theirs = try latencies(original, [], place, count: 20, pause: 100_000) { version in
            try write("\(web)/aside", "{\"v\": \(version)}")
            rename("\(web)/aside", "\(web)/n")
        }
        return [
            .speedup(
                "change to command, median", mine.median, theirs.median, "original, 1 s", "ms", atLeast: 10),
            .speedup(
                "change to command, p99 of 1,000", mine.sorted()[mine.count * 99 / 100 - 1],
                theirs.sorted().last ?? .nan,
                "original, worst of 20", "ms", atLeast: 10),
        ]
    }

    /// Milliseconds from each of `count` changes to the start of the command, which opens a FIFO.
    private func latencies(
        _ daemon: Command, _ words: [String], _ place: String, count: Int, pause: UInt32,
        _ change: (Int) throws -> Void
    ) throws -> [Double] {
        let fifo = "\(place)/started"
        unlink(fifo)
        mkfifo(fifo, 0o600)
        // Open at both ends: it never comes to an end.
        let descriptor = open(fifo, O_RDWR)
        defer { close(descriptor) }
        var daemon = daemon
        daemon.words += words + ["-c", "echo > \(fifo)", "request"]
        let process = daemon.start()
        defer { end(process) }
        func wait() throws {
            var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&state, 1, 20_000) > 0 else { throw CocoaError(.fileReadUnknown) }
            var byte: UInt8 = 0
            _ = read(descriptor, &byte, 1)
        }
        try wait()
        var latencies: [Double] = []
        for version in 1...count {
            usleep(pause)
            let start = DispatchTime.now()
            try change(version)
            try wait()
            latencies.append(Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e6)
        }
        return latencies
    }

    // MARK: Looking at a process

    private static func tasks(_ process: pid_t) -> [String] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return tasks.map { "/proc/\(process)/task/\($0)" }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// All the time that the scheduler gave the process's threads.
    private static func processorSeconds(_ process: pid_t) -> Double {
        tasks(process).reduce(0) { sum, task in
            sum + (text("\(task)/schedstat").split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
        }
    }

    /// How many of the calls that strace(1) has counted are those in which a thread sleeps.
    private static func waits(_ report: String) -> Double {
        let sleeping = [
            "epoll_wait", "epoll_pwait", "poll", "ppoll", "select", "pselect6", "futex", "nanosleep",
            "clock_nanosleep", "wait4", "waitid", "restart_syscall", "rt_sigsuspend",
        ]
        return text(report).split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count == 2, sleeping.contains(String(words[1])) else { return sum }
            return sum + (Double(words[0]) ?? 0)
        }
    }

    private static func memory(_ process: pid_t) -> (resident: Double, private: Double) {
        let fields = Dictionary(
            text("/proc/\(process)/smaps_rollup").split(separator: "\n").map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), parts.count > 1 ? Double(parts[1]) ?? 0 : 0)
            }, uniquingKeysWith: { $1 })
        let own = (fields["Private_Clean:"] ?? 0) + (fields["Private_Dirty:"] ?? 0)
        return ((fields["Rss:"] ?? 0) / 1024, own / 1024)
    }
}
