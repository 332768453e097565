// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import MetadataStore
import MetadataTree
import SystemPackage
import YAMLWriting

struct ImportCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Makes or changes a node for each file NAME.yaml, NAME.yml or NAME.json.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The directory of the files.", completion: .directory) var directory: String

    func run(_ client: AdminClient) async throws -> Int32 {
        let path = FilePath(directory)
        var documents: [(name: String, place: String, value: MetadataValue)] = []
        for entry in try DirectoryListing.entries(of: path) {
            guard let file = NodeFileName(entry.name.string) else { continue }
            let place = path.appending(entry.name).string
            if documents.contains(where: { $0.name == file.node }) {
                throw ControlError("\(place) is a second file of its node")
            }
            documents.append((file.node, place, try InputDocument.read(place)))
        }
        // All are read before the first is sent: a file that cannot be used changes nothing.
        for (name, place, value) in documents {
            let node: MetadataValue
            do { node = try await client.send("PUT", AdminClient.path(name), value).value } catch {
                throw ControlError("\(place): \(error)")
            }
            StandardStream.output.write("\(name) \(node.text("revision"))\n")
        }
        return ExitStatus.success
    }
}

struct ExportCommand: ControlRunning {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes all nodes, credentials too, as files NAME.yaml that only their owner can read.")

    @OptionGroup var options: ServerOptions
    @Argument(help: "The directory, which has to be there.", completion: .directory) var directory: String

    func run(_ client: AdminClient) async throws -> Int32 {
        let root = try RootedDirectory(FilePath(directory))
        let writing = StagedWrite(in: root)
        for node in try await client.nodes() {
            let name = node.text("name")
            let document = try await client.get(AdminClient.path(name, "/document")).value
            let text = Array(YAMLWriter.text(of: document).utf8)
            try writing.stage(FilePath("/\(name).yaml"), text, FileAttributes(mode: 0o600))
        }
        try writing.commit()
        return ExitStatus.success
    }
}
