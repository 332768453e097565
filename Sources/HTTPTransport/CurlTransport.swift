// SPDX-License-Identifier: Apache-2.0

import CLibCurl
import Dispatch
import Glibc
import Synchronization

/// Sends requests with the system's libcurl.
///
/// One thread, started with the first request, owns libcurl's multi handle and with it all connections, which are kept
/// between requests. It sleeps in `curl_multi_poll` and is woken through a pipe that it polls too.
package final class CurlTransport: HTTPTransport {
    private enum Job {
        case send(id: UInt64, HTTPRequest, CheckedContinuation<HTTPResponse, any Error>)
        case cancel(id: UInt64)
    }

    private struct State {
        var jobs: [Job] = []
        var nextID: UInt64 = 0
        var isRunning = false
    }

    private let state: Mutex<State>
    /// Whatever is written to the pipe wakes the thread.
    private let wakeEnd: Int32
    private let pollEnd: Int32

    package init() {
        state = Mutex(State())
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        pollEnd = ends[0]
        wakeEnd = ends[1]
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(.send(id: id, request, continuation))
            }
        } onCancel: {
            enqueue(.cancel(id: id))
        }
    }

    private func enqueue(_ job: Job) {
        let mustStart = state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { DispatchQueue(label: "curl").async { self.drive() } }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 1
        _ = write(wakeEnd, &byte, 1)
    }

    // MARK: The thread

    private func drive() {
        let library: CurlLibrary
        do throws(HTTPError) {
            library = try CurlLibrary.open()
        } catch {
            return refuseAll(error)
        }
        guard let multi = library.multiInit() else { return refuseAll(.unavailable("out of memory")) }
        var transfers = Transfers(library: library, multi: multi)
        while true {
            take(takeJobs(), &transfers)
            transfers.perform()
            var wait = curl_waitfd(fd: pollEnd, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            _ = library.multiPoll(multi, &wait, 1, 3_600_000, nil)
            var bytes = [UInt8](repeating: 0, count: 256)
            while read(pollEnd, &bytes, bytes.count) > 0 {}
        }
    }

    private func takeJobs() -> [Job] {
        state.withLock { state in
            defer { state.jobs.removeAll() }
            return state.jobs
        }
    }

    private func take(_ jobs: [Job], _ transfers: inout Transfers) {
        for job in jobs {
            switch job {
            case .send(let id, let request, let continuation): transfers.start(id, request, continuation)
            case .cancel(let id): transfers.cancel(id)
            }
        }
    }

    /// Answers what waits, and lets the next request try again.
    private func refuseAll(_ error: HTTPError) {
        let jobs = state.withLock { state in
            defer { state.jobs.removeAll() }
            state.isRunning = false
            return state.jobs
        }
        for case .send(_, _, let continuation) in jobs { continuation.resume(throwing: error) }
    }

    /// The transfers under way.
    private struct Transfers {
        let library: CurlLibrary
        let multi: UnsafeMutableRawPointer
        private var running: [UnsafeMutableRawPointer: Running] = [:]
        /// Requests that were cancelled before they came.
        private var cancelled: Set<UInt64> = []

        private struct Running {
            let id: UInt64
            let transfer: CurlTransfer
            let continuation: CheckedContinuation<HTTPResponse, any Error>
        }

        init(library: CurlLibrary, multi: UnsafeMutableRawPointer) {
            self.library = library
            self.multi = multi
        }

        mutating func start(
            _ id: UInt64, _ request: HTTPRequest, _ continuation: CheckedContinuation<HTTPResponse, any Error>
        ) {
            if cancelled.remove(id) != nil { return continuation.resume(throwing: CancellationError()) }
            guard let transfer = CurlTransfer(request, library) else {
                return continuation.resume(throwing: HTTPError.unavailable("out of memory"))
            }
            if let limit = transfer.refusedLimit {
                return continuation.resume(throwing: HTTPError.unavailable("libcurl refuses \(limit)"))
            }
            guard library.multiAdd(multi, transfer.handle) == CURLM_OK else {
                return continuation.resume(throwing: HTTPError.unavailable("libcurl takes no request"))
            }
            running[transfer.handle] = Running(id: id, transfer: transfer, continuation: continuation)
        }

        mutating func cancel(_ id: UInt64) {
            guard let (handle, found) = running.first(where: { $0.value.id == id }) else {
                // One that was answered meanwhile never comes: the set must not grow with those.
                if cancelled.count > 1000 { cancelled.removeAll() }
                cancelled.insert(id)
                return
            }
            _ = library.multiRemove(multi, handle)
            running[handle] = nil
            found.continuation.resume(throwing: CancellationError())
        }

        mutating func perform() {
            var active: Int32 = 0
            _ = library.multiPerform(multi, &active)
            var left: Int32 = 0
            while let message = library.multiInfo(multi, &left) {
                guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else {
                    continue
                }
                let code = os_curl_result(message)
                _ = library.multiRemove(multi, handle)
                guard let done = running.removeValue(forKey: handle) else { continue }
                done.continuation.resume(with: done.transfer.result(code).mapError { $0 })
            }
        }
    }
}
