// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where the server listens: `HOST:PORT`, `http://HOST:PORT`, `https://HOST:PORT`, or `unix:PATH`.
struct ListenAddress: Sendable, Equatable {
    enum Place: Sendable, Equatable {
        /// Port 0: one that the kernel chooses.
        case tcp(host: String, port: Int)
        case unix(path: String)
        /// A socket that the service manager listens on.
        case inherited(descriptor: Int32)
    }

    let place: Place
    let usesTLS: Bool

    init(place: Place, usesTLS: Bool = false) {
        self.place = place
        self.usesTLS = usesTLS
    }

    init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path of unix(7), with its end.
            guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
            self.init(place: .unix(path: path))
            return
        }
        let schemes = ["http://": false, "https://": true]
        let scheme = schemes.first { text.hasPrefix($0.key) }
        var rest = text.dropFirst(scheme?.key.count ?? 0)
        if scheme != nil, rest.last == "/" { rest = rest.dropLast() }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else {
            return nil
        }
        let host = rest[..<colon].filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty else { return nil }
        self.init(place: .tcp(host: host, port: Int(port)), usesTLS: scheme?.value ?? false)
    }

    /// The sockets that systemd hands over to this process (sd_listen_fds(3)); one named `https` speaks TLS. They are not handed on.
    static func inherited(_ environment: [String: String]) -> [ListenAddress] {
        guard environment["LISTEN_PID"] == "\(getpid())", let text = environment["LISTEN_FDS"],
            let count = Int32(text), (1...64).contains(count)
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map { index in
            let descriptor = 3 + index
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let name = Int(index) < names.count ? names[Int(index)] : ""
            return ListenAddress(place: .inherited(descriptor: descriptor), usesTLS: name == "https")
        }
    }

    /// What is told of it when it is open.
    ///
    /// - Parameter port: the one it has.
    func description(port: Int?) -> String {
        switch place {
        case .tcp(let host, let wanted):
            let authority = host.contains(":") ? "[\(host)]" : host
            return "\(usesTLS ? "https" : "http")://\(authority):\(port ?? wanted)"
        case .unix(let path): return "unix:\(path)"
        case .inherited(let descriptor): return "the socket \(descriptor) of the service manager"
        }
    }
}
