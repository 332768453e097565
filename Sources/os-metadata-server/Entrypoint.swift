// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import MetadataControl
import MetadataServer

/// os-metadata-server: the server, and below it what administers one.
@main
struct Entrypoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "os-metadata-server",
        abstract: "Serves metadata to nodes, by each protocol they may speak.", version: programVersion,
        subcommands: [ControlCommand.self])

    @OptionGroup var options: ServeOptions

    func run() async throws { try await options.serve() }

    static func main() async {
        await Self.main(Invocation.current.words)
    }
}
