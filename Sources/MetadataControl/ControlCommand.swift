// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
package import ArgumentParser

/// `os-metadata-server ctl`: administers a server.
package struct ControlCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "ctl", abstract: "Administers a server: its nodes, their deployments and their history.",
        subcommands: [
            NodeCommand.self, DeployCommand.self, UndeployCommand.self, SignalsCommand.self,
            WatchCommand.self,
            WaitCommand.self, ImportCommand.self, ExportCommand.self,
        ])

    package init() {}
}

/// `ctl node …`.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Makes, shows and changes nodes.",
        subcommands: [
            CreateNode.self, ShowNode.self, SetNode.self, DiffNode.self, ListNodes.self, DeleteNode.self,
            NodeHistory.self, RollBackNode.self, NodeSignalURL.self,
        ])
}

/// A command that says in one line what went wrong, and ends with a status that says so too.
protocol ControlRunning: AsyncParsableCommand {
    var options: ServerOptions { get }

    /// - Returns: the exit status.
    func run(_ client: AdminClient) async throws -> Int32
}

extension ControlRunning {
    func run() async throws {
        let status: Int32
        do {
            status = try await run(try options.client())
        } catch {
            StandardStream.error.write("os-metadata-server ctl: \(Printable.message("\(error)"))\n")
            throw ExitCode(ExitStatus.failure)
        }
        if status != ExitStatus.success { throw ExitCode(status) }
    }
}
