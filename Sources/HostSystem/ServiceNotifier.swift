// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Tells the service manager how this service is doing (sd_notify(3)); without one, nobody.
package struct ServiceNotifier: Sendable {
    /// The variables of the service manager, which are not for the programs that a service starts.
    package static let variables = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"]

    /// The bytes of the address behind its family: a path, or a name that starts with NUL.
    private let address: [UInt8]?
    /// How often the service manager wants to hear from us at least; nil: it does not mind (`WATCHDOG_USEC`).
    package let watchdogLimit: Duration?

    package init(environment: [String: String]) {
        let socket = Array((environment["NOTIFY_SOCKET"] ?? "").utf8)
        let isPath = socket.first == UInt8(ascii: "/")
        let isAbstract = socket.first == UInt8(ascii: "@") && socket.count > 1
        address = isPath ? socket : isAbstract ? [0] + socket.dropFirst() : nil
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let limit = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogLimit = isForUs && limit > 0 && address != nil ? .microseconds(limit) : nil
    }

    /// Sends assignments, one a line: `READY=1`. What cannot be sent is lost.
    package func notify(_ assignments: String...) {
        guard let address else { return }
        var name = sockaddr_un()
        let room = MemoryLayout.size(ofValue: name.sun_path)
        guard address.count <= room else { return }
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(start + address.count)
        let message = Array(assignments.joined(separator: "\n").utf8)
        _ = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                // One that does not read must not hold us up.
                sendto(
                    socket, message, message.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), generic,
                    length)
            }
        }
    }
}
