// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HostSystem
import Logging
import Synchronization
import SystemPackage

/// Writes the record of a run, as far as that can be done: what cannot be written is said once and does not harm the run.
final class RecordWriter: RunObserver {
    private struct State {
        let file: HeldFile?
        /// Whether a line could not be written.
        var isFull = false
        /// Of the first line.
        var startSize = 0
    }

    private let state: Mutex<State>
    private let logger: Logger

    init(_ directory: RecordDirectory, keeping count: Int, logger: Logger) {
        self.logger = logger
        guard count > 0 else {
            state = Mutex(State(file: nil))
            return
        }
        do {
            state = Mutex(State(file: try directory.begin(keeping: count)))
        } catch {
            logger.warning("\(error): this run leaves no record, ignoring")
            state = Mutex(State(file: nil))
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
        let line = RecordLine.end(after: duration, status: status, result: result)
        state.withLock { state in
            guard let file = state.file else { return }
            if (try? file.append(line.bytes)) != nil { return }
            // How the run ended counts for more than what was in it: that has room to give.
            file.truncate(to: state.startSize)
            _ = try? file.append(line.bytes)
        }
    }

    /// Once a line could not be written no other is tried: the file stays held, so that others see that the run goes on.
    private func write(_ line: RecordLine) {
        state.withLock { state in
            guard !state.isFull, let file = state.file else { return }
            do {
                try file.append(line.bytes)
                if state.startSize == 0 { state.startSize = line.bytes.count }
            } catch {
                logger.warning("\(error): the record of this run ends here, ignoring")
                state.isFull = true
            }
        }
    }

    private static var now: String { LocalTime.now.timestamp }
}
