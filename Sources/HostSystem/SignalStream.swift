// SPDX-License-Identifier: Apache-2.0

import CLinux
@preconcurrency import Dispatch
import Glibc
import Synchronization

/// Signals as values.
///
/// Each is caught by a handler that writes its number into a pipe: unlike an ignored or blocked signal, a handler is
/// not inherited by the programs we start.
package enum SignalStream {
    private static let writeEnd = Atomic<Int32>(-1)
    private static let isAskedToEnd = Atomic(false)
    /// A bit for each signal.
    private static let endingSignals = Atomic<UInt64>(0)

    /// Whether a signal that ends the program has come, known at once: whoever waits may not be the one to hear of it.
    package static var hasEnding: Bool { isAskedToEnd.load(ordering: .relaxed) }

    /// The signals of `signals` that arrive from now on, but for those that whoever started us ignores (`nohup`). One stream a
    /// process.
    ///
    /// - Parameter endings: those that end the program.
    package static func of(_ signals: [Int32], endings: [Int32] = [SIGTERM, SIGINT, SIGHUP])
        -> AsyncStream<Int32>
    {
        let mask = endings.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        endingSignals.store(mask, ordering: .sequentiallyConsistent)
        var ends: [Int32] = [-1, -1]
        guard os_pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0 else { return AsyncStream { $0.finish() } }
        let readEnd = ends[0]
        writeEnd.store(ends[1], ordering: .sequentiallyConsistent)
        // Without SIGCHLD nobody would hear how a child has ended.
        for signal in signals where signal == SIGCHLD || !isIgnored(signal) {
            handle(signal) { SignalStream.note($0) }
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: readEnd)
        return AsyncStream { continuation in
            source.setEventHandler {
                var byte: UInt8 = 0
                while read(readEnd, &byte, 1) == 1 { continuation.yield(Int32(byte)) }
            }
            source.activate()
            continuation.onTermination = { _ in source.cancel() }
        }
    }

    private static func note(_ signal: Int32) {
        let saved = errno
        if endingSignals.load(ordering: .relaxed) & 1 << UInt64(signal) != 0 {
            isAskedToEnd.store(true, ordering: .relaxed)
        }
        var byte = UInt8(signal)
        _ = write(writeEnd.load(ordering: .relaxed), &byte, 1)
        errno = saved
    }

    /// Lets a write to a closed pipe or past the file size limit fail with an error instead of ending the process,
    /// without the programs we start inheriting that.
    package static func surviveFailedWrites() {
        for signal in [SIGPIPE, SIGXFSZ] { handle(signal) { _ in } }
    }

    /// Ends this process as `signal` does by default.
    package static func die(of signal: Int32) -> Never {
        handle(signal, SIG_DFL)
        unblocking(signal) { _ = kill(getpid(), signal) }
        exit(128 + signal)
    }

    /// Ends this process so, if it is still there after so many seconds.
    package static func die(of signal: Int32, after seconds: Int) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) { die(of: signal) }
    }

    private static func unblocking(_ signal: Int32, _ body: () -> Void) {
        var (set, former) = (sigset_t(), sigset_t())
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_UNBLOCK, &set, &former)
        body()
        pthread_sigmask(SIG_SETMASK, &former, nil)
    }

    /// Stops this process as SIGTSTP does by default, until somebody lets it go on.
    package static func stop() {
        handle(SIGTSTP, SIG_DFL)
        // To this thread, which libdispatch has it blocked in: another would hear it when the handler is back.
        unblocking(SIGTSTP) { _ = raise(SIGTSTP) }
        handle(SIGTSTP) { SignalStream.note($0) }
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    private static func handle(_ signal: Int32, _ handler: __sighandler_t?) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        action.sa_flags = SA_RESTART
        sigaction(signal, &action, nil)
    }
}
