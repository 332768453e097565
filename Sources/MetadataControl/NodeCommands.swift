// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import MetadataQuery
import MetadataTree

struct CreateNode: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a node, and shows what it needs to ask for its metadata.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String
    @Option(help: ArgumentHelp("The whole node, in YAML or JSON; '-': standard input.", valueName: "file"))
    var file: String?
    @Option(help: ArgumentHelp("Its metadata, in YAML or JSON; '-': standard input.", valueName: "file"))
    var metadata: String?
    @Option(help: ArgumentHelp("An IP address that it asks from; may be repeated.", valueName: "address"))
    var address: [String] = []

    func run(_ client: AdminClient) async throws -> Int32 {
        var document = try file.map { try InputDocument.read($0) } ?? JSONShape.object([])
        if let metadata {
            document = document.patched(
                by: JSONShape.object([("metadata", try InputDocument.read(metadata))]))
        }
        if !address.isEmpty {
            let addresses = JSONShape.array(address.map { MetadataValue(string: $0) })
            document = document.patched(by: InputDocument.nested("instance.addresses", addresses))
        }
        let node = try await client.send(
            "PUT", AdminClient.path(name, "?credentials=true"), document, isNew: true
        ).value
        if options.output == .table {
            StandardStream.output.write(CollectorSettings.text(of: node))
        } else {
            options.show(node) { [] }
        }
        return ExitStatus.success
    }
}

struct ShowNode: ControlRunning {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows a node.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String
    @Flag(help: "Show its credentials too.") var credentials = false
    @Flag(help: "Show the document that a node file has, credentials too.") var document = false
    @Flag(help: "Show what os-collect-config.conf(5) needs, and nothing else.") var collector = false

    func run(_ client: AdminClient) async throws -> Int32 {
        let query = document ? "/document" : credentials || collector ? "?credentials=true" : ""
        let node = try await client.get(AdminClient.path(name, query)).value
        if collector {
            StandardStream.output.write(CollectorSettings.text(of: node))
            return ExitStatus.success
        }
        var shown = options
        // A node is no table.
        if shown.output == .table { shown.output = .yaml }
        shown.show(node) { [] }
        return ExitStatus.success
    }
}

struct SetNode: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Changes a node: values of its metadata, or the whole of something.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String
    @Argument(help: "PATH=TEXT or PATH:=JSON: a value of the metadata.") var values: [String] = []
    @Option(
        help: ArgumentHelp("Remove what is at this path of the metadata; may be repeated.", valueName: "path")
    )
    var unset: [String] = []
    @Option(
        help: ArgumentHelp("The metadata, whole, in YAML or JSON; '-': standard input.", valueName: "file"))
    var metadata: String?
    @Option(
        help: ArgumentHelp("The node, whole; its credentials stay unless there are some.", valueName: "file"))
    var file: String?
    @Option(help: ArgumentHelp("A merge patch (RFC 7396) of the node, in YAML or JSON.", valueName: "file"))
    var patch: String?
    @Option(
        name: .customLong("if-revision"),
        help: ArgumentHelp("Change it only if this is its revision.", valueName: "revision"))
    var revision: Int?

    func validate() throws {
        let whole = [metadata, file, patch].count { $0 != nil }
        guard whole < 2, whole == 0 || (values.isEmpty && unset.isEmpty) else {
            throw ValidationError("one of --metadata, --file, --patch and PATH=VALUE is wanted")
        }
        guard whole == 1 || !values.isEmpty || !unset.isEmpty else { throw ValidationError("nothing to set") }
    }

    func run(_ client: AdminClient) async throws -> Int32 {
        let match = revision.map { "\"\($0)\"" }
        let answer: AdminClient.Answer
        if let metadata {
            answer = try await client.send(
                "PUT", AdminClient.path(name, "/metadata"), try InputDocument.read(metadata), match: match)
        } else if let file {
            // A node that is not there is made with create.
            let known = try await client.get(AdminClient.path(name)).tag
            answer = try await client.send(
                "PUT", AdminClient.path(name), try InputDocument.read(file), match: match ?? known)
        } else if let patch {
            answer = try await client.send(
                "PATCH", AdminClient.path(name), try InputDocument.read(patch), match: match)
        } else {
            answer = try await edit(client, match: match)
        }
        StandardStream.output.write("\(name) \(answer.tag?.filter { $0 != "\"" } ?? "")\n")
        return ExitStatus.success
    }

    /// Changes values of the metadata as it is; one that others change meanwhile is read again.
    private func edit(_ client: AdminClient, match: String?) async throws -> AdminClient.Answer {
        let path = AdminClient.path(name, "/metadata")
        let assignments = try values.map { try Assignment($0) }
        for attempt in 0..<10 {
            let known = try await client.get(path)
            var metadata = known.value
            for assignment in assignments {
                metadata = metadata.setting(assignment.parts, to: assignment.value)
            }
            for place in unset { metadata = metadata.setting(Assignment.parts(of: place), to: nil) }
            do {
                return try await client.send("PUT", path, metadata, match: match ?? known.tag)
            } catch let error as ControlError where error.status == 412 && match == nil && attempt < 9 {
                continue
            }
        }
        throw ControlError("the node \(name) is changed by others all the time")
    }
}

struct DiffNode: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract:
            "Shows what a file, or an earlier revision, has that a node's metadata has not. Exit status 2: something."
    )

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String
    @Argument(help: "Metadata in YAML or JSON; '-': standard input.") var file: String?
    @Option(help: ArgumentHelp("Compare with this revision: what has changed since.", valueName: "revision"))
    var revision: Int?
    @Flag(name: .customLong("show-secrets"), help: "Show the values of keys that are secret by their names.")
    var showsSecrets = false

    func validate() throws {
        guard (file == nil) != (revision == nil) else {
            throw ValidationError("a file or --revision is wanted")
        }
    }

    func run(_ client: AdminClient) async throws -> Int32 {
        let now = try await client.get(AdminClient.path(name, "/metadata")).value
        let keys = showsSecrets ? nil : SecretKeys(adding: [])
        let difference: MetadataDifference
        if let revision {
            let old = try await NodeHistory.metadata(of: name, at: revision, client)
            difference = MetadataDifference(from: old, to: now, keys: keys)
        } else {
            difference = MetadataDifference(from: now, to: try InputDocument.read(file ?? "-"), keys: keys)
        }
        for line in difference.lines { StandardStream.output.write("\(Printable.text(line))\n") }
        return difference.lines.isEmpty ? ExitStatus.success : 2
    }
}

struct ListNodes: ControlRunning {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists all nodes.")

    @OptionGroup var options: ServerOptions

    func run(_ client: AdminClient) async throws -> Int32 {
        let nodes = try await client.nodes()
        options.show(JSONShape.array(nodes)) {
            [["NAME", "REVISION", "DELIVERED", "MODIFIED", "STATUS", "DEPLOYMENTS", "ADDRESSES"]]
                + nodes.map { node in
                    let addresses = node.object?["addresses"]?.array?.compactMap { $0.string?.text } ?? []
                    return [
                        node.text("name"), node.text("revision"),
                        node.object?["delivered"]?.text("revision") ?? "", node.text("modified"),
                        node.text("status"),
                        node.text("deployments"), addresses.joined(separator: ","),
                    ]
                }
        }
        return ExitStatus.success
    }
}

struct DeleteNode: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes nodes; their history stays.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The nodes' names.") var names: [String]

    func run(_ client: AdminClient) async throws -> Int32 {
        for name in names { _ = try await client.send("DELETE", AdminClient.path(name)) }
        return ExitStatus.success
    }
}

struct NodeHistory: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists the revisions of a node that are kept.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String

    func run(_ client: AdminClient) async throws -> Int32 {
        let history = try await Self.revisions(of: name, client)
        options.show(JSONShape.array(history)) {
            [["REVISION", "TIME", "KIND", "AUTHOR"]]
                + history.map { ["revision", "time", "kind", "author"].map($0.text) }
        }
        return ExitStatus.success
    }

    private static func revisions(of name: String, _ client: AdminClient) async throws -> [MetadataValue] {
        try await client.get(AdminClient.path(name, "/history")).value.object?["history"]?.array ?? []
    }

    static func metadata(of name: String, at revision: Int, _ client: AdminClient) async throws
        -> MetadataValue
    {
        let found = try await revisions(of: name, client).first { $0.text("revision") == "\(revision)" }
        guard let metadata = found?.value(at: MetadataPath("document.metadata")) else {
            throw ControlError("the node \(name) has no revision \(revision)")
        }
        return metadata
    }
}

struct RollBackNode: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Makes a node what it was; its credentials stay those that it has."
    )

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("The revision; default: the one before the last.", valueName: "revision"))
    var revision: Int?

    func run(_ client: AdminClient) async throws -> Int32 {
        let body = JSONShape.object([("revision", revision.map(JSONShape.number))])
        let answer = try await client.send("POST", AdminClient.path(name, "/rollback"), body)
        StandardStream.output.write("\(name) \(answer.value.text("revision"))\n")
        return ExitStatus.success
    }
}

struct NodeSignalURL: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "signal-url",
        abstract: "Shows a signed URL that the node may PUT a wait condition's signal to.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The node's name.") var name: String
    @Argument(help: "The wait condition's name.") var condition: String

    func run(_ client: AdminClient) async throws -> Int32 {
        let query = "/signal-url?name=\(AdminClient.quoted(condition))"
        let answer = try await client.get(AdminClient.path(name, query)).value
        options.show(answer) { [[answer.text("url")]] }
        return ExitStatus.success
    }
}
