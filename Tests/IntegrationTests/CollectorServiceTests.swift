// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("os-collect-config as a service of systemd")
struct CollectorServiceTests {
    private let sandbox: CollectorSandbox
    private let socket: NotifySocket

    init() throws {
        sandbox = try CollectorSandbox()
        socket = try NotifySocket()
    }

    @Test("it is ready after the first round of asking, before the first command, whatever the round brought")
    func ready() throws {
        try sandbox.configure("command = test -e go || sleep 60")
        sandbox.serve(#"{"a": 1}"#)
        let process = try sandbox.start(environment: ["NOTIFY_SOCKET": socket.name])
        defer { sandbox.stop(process) }
        #expect(eventually { socket.received.contains("READY=1") }, "\(sandbox.logs)")
        #expect(eventually { socket.received.contains("STATUS=Running the command") })
        let ready = try #require(socket.received.firstIndex(of: "READY=1"))
        let running = try #require(socket.received.firstIndex(of: "STATUS=Running the command"))
        #expect(ready < running)
    }

    @Test("a first round that brings nothing makes it ready too, and the status says what is down")
    func readyWithoutAnswer() throws {
        try sandbox.configure("command = true")
        let process = try sandbox.start(environment: ["NOTIFY_SOCKET": socket.name])
        defer { sandbox.stop(process) }
        #expect(eventually { socket.received.contains("READY=1") })
        #expect(eventually { socket.received.contains("STATUS=Down: request") })
        process.signal(SIGTERM)
        #expect(process.wait(limit: 10) == -SIGTERM)
        #expect(socket.received.contains("STOPPING=1"))
    }

    @Test("the watchdog hears from the loop, also while a command runs; the command does not see the socket")
    func watchdog() throws {
        try sandbox.configure("command = env > environment; sleep 60")
        sandbox.serve(#"{"a": 1}"#)
        let process = try sandbox.start(
            environment: ["NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "200000"])
        defer { sandbox.stop(process) }
        #expect(eventually { socket.received.contains("STATUS=Running the command") })
        let before = socket.received.count { $0 == "WATCHDOG=1" }
        #expect(eventually { socket.received.count { $0 == "WATCHDOG=1" } >= before + 5 })
        let environment = try #require(sandbox.directory.text("environment"))
        #expect(!environment.contains("NOTIFY_SOCKET") && !environment.contains("WATCHDOG_USEC"))
        #expect(environment.contains("OS_CONFIG_FILES=\(sandbox.directory.file("cache"))/request.json"))
    }

    @Test("a loop that is stopped is silent: nobody else speaks for it")
    func stoppedLoop() throws {
        try sandbox.configure("command = true")
        let process = try sandbox.start(
            environment: ["NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"])
        defer { sandbox.stop(process) }
        #expect(eventually { socket.received.contains("STATUS=Down: request") })
        #expect(!socket.received.contains("WATCHDOG=1"))
    }
}

/// What a service manager listens at: a socket with an abstract name.
private final class NotifySocket {
    /// As in `NOTIFY_SOCKET`.
    let name: String
    private let descriptor: Int32
    private var messages: [String] = []

    init() throws {
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        name = "@os-config-test-\(UInt64.random(in: 0...UInt64.max))"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8.dropFirst())
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw ChildProcess.Failure(reason: "no socket") }
    }

    deinit { close(descriptor) }

    /// The assignments that have come so far.
    var received: [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
            messages += String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(
                String.init)
        }
        return messages
    }
}
