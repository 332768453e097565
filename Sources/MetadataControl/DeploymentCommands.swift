// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import MetadataTree
import SystemPackage

struct DeployCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Has a node run a configuration, in the place of its deployment of the same name.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var node: String
    @Option(
        help: ArgumentHelp("Of the deployment; default: that of the configuration's file.", valueName: "name")
    )
    var name: String?
    @Option(
        help: ArgumentHelp("What the node's hook runs; '-': standard input.", valueName: "file"),
        completion: .file())
    var config: String?
    @Option(help: ArgumentHelp("Which hook runs it; default: script.", valueName: "group")) var group: String?
    @Option(help: ArgumentHelp("NAME=TEXT or NAME:=JSON; may be repeated.", valueName: "input"))
    var input: [String] = []
    @Option(help: ArgumentHelp("A value that the node is to tell; may be repeated.", valueName: "name"))
    var outputName: [String] = []
    @Option(
        help: ArgumentHelp(
            "CFN_SIGNAL (the default), TEMP_URL_SIGNAL, HEAT_SIGNAL, ZAQAR_SIGNAL or NO_SIGNAL.",
            valueName: "transport"))
    var transport: String?
    @Option(help: ArgumentHelp("The whole deployment, in YAML or JSON.", valueName: "file")) var file: String?

    func validate() throws {
        guard (config == nil) != (file == nil) else { throw ValidationError("--config or --file is wanted") }
        guard file != nil || name != nil || config != "-" else { throw ValidationError("--name is wanted") }
        let parts = group != nil || transport != nil || !input.isEmpty || !outputName.isEmpty
        guard file == nil || !parts else {
            throw ValidationError("--file has the whole deployment: group, inputs, outputs and transport too")
        }
    }

    func run(_ client: AdminClient) async throws -> Int32 {
        var document = try file.map { try InputDocument.read($0) } ?? JSONShape.object([])
        if let config {
            let bytes = try FileContents.read(FilePath(config == "-" ? "/dev/stdin" : config))
            // An input's name is no path.
            let inputs = JSONShape.object(
                try input.map { text in
                    let assignment = try Assignment(text)
                    return (assignment.path, assignment.value)
                })
            let outputs = outputName.map { JSONShape.object([("name", MetadataValue(string: $0))]) }
            document = JSONShape.object([
                ("name", MetadataValue(string: FilePath(config).stem ?? "deployment")),
                ("group", group.map { MetadataValue(string: $0) }),
                ("config", MetadataValue(.string(ByteString(bytes)))), ("inputs", inputs),
                ("outputs", JSONShape.array(outputs)),
                ("transport", transport.map { MetadataValue(string: $0) }),
            ])
        }
        if let name {
            document = InputDocument.merged([
                document, JSONShape.object([("name", MetadataValue(string: name))]),
            ])
        }
        let deployment = try await client.send("POST", AdminClient.path(node, "/deployments"), document).value
        options.show(deployment) { [[deployment.text("id")]] }
        return ExitStatus.success
    }
}

struct UndeployCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "undeploy", abstract: "Takes a deployment from a node. What it did stays done.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var node: String
    @Argument(help: "The deployment's name, or its id.") var deployment: String

    func run(_ client: AdminClient) async throws -> Int32 {
        let path = AdminClient.path(node, "/deployments/\(AdminClient.quoted(deployment))")
        _ = try await client.send("DELETE", path)
        return ExitStatus.success
    }
}

struct SignalsCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "signals", abstract: "Lists what a node has signalled, in its order.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var node: String

    func run(_ client: AdminClient) async throws -> Int32 {
        var signals: [MetadataValue] = []
        while true {
            let query = "/signals?limit=1000&after=\(signals.last?.text("revision") ?? "0")"
            let page =
                try await client.get(AdminClient.path(node, query)).value.object?["signals"]?.array ?? []
            signals += page
            if page.count < 1_000 { break }
        }
        options.show(JSONShape.array(signals)) {
            [["REVISION", "RECEIVED", "SUBJECT", "STATUS", "REASON"]]
                + signals.map { ["revision", "received", "subject", "status", "reason"].map($0.text) }
        }
        return ExitStatus.success
    }
}

struct WatchCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Tells of each change, until it is ended.")

    @OptionGroup var options: ServerOptions
    @Option(help: ArgumentHelp("Of this node only.", valueName: "name")) var node: String?
    @Option(help: ArgumentHelp("Those beyond this revision too.", valueName: "revision")) var after: Int?
    @Option(help: ArgumentHelp("End after so many.", valueName: "count")) var count: Int?

    func run(_ client: AdminClient) async throws -> Int32 {
        var rest = count ?? .max
        var last = try await after.asyncOr { try await EventFeed.last(client) }
        while rest > 0 {
            let (page, next) = try await EventFeed.page(client, after: last, node: node, wait: 60)
            for event in page.prefix(rest) {
                switch options.output {
                case .json: StandardStream.output.write(JSONShape.line(event))
                case .yaml, .table:
                    let words = ["time", "revision", "kind", "node", "author"].map(event.text)
                    StandardStream.output.write(words.joined(separator: "  ") + "\n")
                }
            }
            rest -= page.count
            last = next
        }
        return ExitStatus.success
    }
}

struct WaitCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Waits for nodes. Exit status 1: a deployment failed, 124: the time was over.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The nodes' names.") var nodes: [String]
    @Flag(
        help:
            "Until the nodes have got what they are now, and have signalled that all their deployments are complete."
    ) var converged =
        false
    @Option(help: ArgumentHelp("At the most.", valueName: "seconds")) var timeout = 3600

    func validate() throws {
        guard converged else { throw ValidationError("what for? --converged is wanted") }
        guard !nodes.isEmpty else { throw ValidationError("a node is wanted") }
    }

    func run(_ client: AdminClient) async throws -> Int32 {
        try await run(client, now: { .now }, pause: { try await Task.sleep(for: $0) })
    }

    /// - Parameter pause: waits before a server is asked again that is away.
    func run(
        _ client: AdminClient, now: () -> ContinuousClock.Instant, pause: (Duration) async throws -> Void
    ) async throws -> Int32 {
        let deadline = now() + .seconds(timeout)
        // Before the nodes are looked at: what they signal meanwhile is not missed. Nil: it is to be asked for.
        var last: Int? = try await EventFeed.last(client)
        var open = nodes
        var touched = Set(nodes)
        var isAway = false
        while true {
            let rest = now().duration(to: deadline) / .seconds(1)
            do {
                let seen = try await last.asyncOr { try await EventFeed.last(client) }
                if let failure = try await look(at: touched, &open, client) {
                    StandardStream.error.write("\(failure)\n")
                    return ExitStatus.failure
                }
                if open.isEmpty { return ExitStatus.success }
                if rest > 0 {
                    let wait = min(Int(rest.rounded(.up)), 60)
                    let page = try await EventFeed.page(client, after: seen, node: nil, wait: wait)
                    // Of a server that counts anew nothing comes: all are looked at then.
                    touched = Set(page.events.isEmpty ? open : page.events.map { $0.text("node") })
                    last = page.last
                }
                isAway = false
            } catch let error as ControlError where error.status == 410 || error.isPassing {
                // More has happened than the server remembers, or than is known of one that was away.
                (last, touched) = (nil, Set(open))
                if error.isPassing {
                    if !isAway { StandardStream.error.write("\(error); trying again\n") }
                    isAway = true
                    if rest > 0 { try await pause(.seconds(min(rest, 1))) }
                }
            }
            if rest <= 0 {
                StandardStream.error.write("\(open.joined(separator: ", ")): not yet\n")
                return 124
            }
        }
    }

    /// Takes those of the touched nodes from the open ones that are complete.
    ///
    /// - Returns: what has failed; nil: nothing.
    private func look(
        at touched: Set<String>, _ open: inout [String], _ client: AdminClient
    ) async throws -> String? {
        for name in open where touched.contains(name) {
            let node = try await client.get(AdminClient.path(name)).value
            switch node.text("status") {
            case "COMPLETE": open.removeAll { $0 == name }
            case "FAILED": return "\(name): \(Self.failures(of: node))"
            default: break
            }
        }
        return nil
    }

    private static func failures(of node: MetadataValue) -> String {
        let failed = node.object?["deployments"]?.array?.filter { $0.text("status") == "FAILED" } ?? []
        return failed.map { "\($0.text("name")) failed: \($0.text("reason"))" }.joined(separator: "; ")
    }
}

/// The changes of a server.
enum EventFeed {
    /// The last one that there is.
    static func last(_ client: AdminClient) async throws -> Int {
        Int(try await client.get("events/last").value.text("revision")) ?? 0
    }

    /// Those beyond one; when there are none, what comes within `wait` seconds; and how far that has looked.
    static func page(
        _ client: AdminClient, after last: Int, node: String?, wait: Int
    ) async throws -> (events: [MetadataValue], last: Int) {
        let filter = node.map { "&node=\(AdminClient.quoted($0))" } ?? ""
        let answer = try await client.get("events?after=\(last)\(filter)", wait: wait)
        return (answer.value.object?["events"]?.array ?? [], Int(answer.value.text("last")) ?? last)
    }
}

extension Optional {
    fileprivate func asyncOr(_ other: () async throws -> Wrapped) async throws -> Wrapped {
        if let self { self } else { try await other() }
    }
}
