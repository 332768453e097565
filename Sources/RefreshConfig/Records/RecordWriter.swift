// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HostSystem
import Logging
import Synchronization
import SystemPackage

/// Writes the record of a run, as far as that can be done: what cannot be written is said once and does not harm the run.
final class RecordWriter: RunObserver {
    private let file: Mutex<HeldFile?>
    private let logger: Logger

    init(_ directory: RecordDirectory, keeping count: Int, logger: Logger) {
        self.logger = logger
        guard count > 0 else {
            file = Mutex(nil)
            return
        }
        do {
            file = Mutex(try directory.begin(keeping: count))
        } catch {
            logger.warning("\(error): this run leaves no record, ignoring")
            file = Mutex(nil)
        }
    }

    func begin(base: String, words: [String]) {
        let boot = (try? FileContents.read("/proc/sys/kernel/random/boot_id")).map {
            String(decoding: $0.prefix { $0 != 0x0A }, as: UTF8.self)
        }
        write(
            RecordLine.start(
                at: Self.now, process: Int(getpid()), boot: boot, base: base, words: words,
                program: programVersion))
    }

    func note(_ event: RunEvent) {
        if let line = RecordLine(event, time: Self.now) { write(line) }
    }

    func end(after duration: Duration, status: Int32, result: String) {
        write(.end(after: duration, status: status, result: result))
    }

    private func write(_ line: RecordLine) {
        file.withLock { file in
            do {
                try file?.append(line.bytes)
            } catch {
                logger.warning("\(error): the record of this run ends here, ignoring")
                file = nil
            }
        }
    }

    private static var now: String { LocalTime.now.timestamp }
}
