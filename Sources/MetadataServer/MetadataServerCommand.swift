// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
package import ArgumentParser
import HostSystem
import Logging
import MetadataStore
import SystemPackage

/// os-metadata-server: serves metadata to nodes.
package struct MetadataServerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "os-metadata-server",
        abstract: "Serves metadata to nodes: as JSON at a URL, and as CloudFormation and EC2 do.",
        version: programVersion)

    @Option(
        help: ArgumentHelp("Directory of node files (NAME.yaml, NAME.json), watched.", valueName: "directory")
    )
    var nodes: String

    @Option(
        help: ArgumentHelp("Address to listen on; port 0 for one the kernel chooses.", valueName: "host:port")
    )
    var listen = "127.0.0.1:8000"

    @Option(
        name: .customLong("trusted-proxy"),
        help: ArgumentHelp(
            "Believe the X-Forwarded-For header of this proxy; may be repeated.", valueName: "address"))
    var trustedProxies: [String] = []

    @Flag(
        name: .customLong("imdsv2-only"),
        help: "Give instance metadata only to those who have a session token (EC2, version 2 of the service)."
    )
    var requiresSessionToken = false

    @Flag(name: .shortAndLong, help: "Log each request.")
    var verbose = false

    package init() {}

    package func validate() throws {
        guard address != nil else { throw ValidationError("--listen wants HOST:PORT, not '\(listen)'") }
        if let wrong = trustedProxies.first(where: { IPAddress.canonical($0) == nil }) {
            throw ValidationError("--trusted-proxy wants an IP address, not '\(wrong)'")
        }
    }

    private var address: (host: String, port: Int)? {
        guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...])
        else {
            return nil
        }
        let host = listen[..<colon].filter { $0 != "[" && $0 != "]" }
        return host.isEmpty ? nil : (host, Int(port))
    }

    package func run() async throws {
        guard let address else { return }
        let logger = AgentLogHandler.logger(
            layout: .named("os-metadata-server"), level: verbose ? .info : .warning)
        do {
            try await ServerApplication(
                nodes: FilePath(nodes), host: address.host, port: address.port,
                clients: ClientAddresses(proxies: Set(trustedProxies.compactMap(IPAddress.canonical))),
                requiresSessionToken: requiresSessionToken, logger: logger
            ).run()
        } catch {
            logger.error("\(error)")
            throw ExitCode(ExitStatus.failure)
        }
    }
}
