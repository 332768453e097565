// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HTTPTransport
import HostSystem
import MetadataTree
import SystemPackage
import YAMLWriting

/// Where the server is, and how answers are shown: the options of all subcommands.
struct ServerOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, yaml }

    @Option(
        help: ArgumentHelp(
            "The server; default: $OS_METADATA_SERVER_URL, or http://127.0.0.1:8000.", valueName: "url"))
    var server: String?

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp(
            "File with the administrator's token; default: $OS_METADATA_ADMIN_TOKEN_FILE, or /var/lib/os-metadata-server/admin-token.",
            valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("Certificates of the authorities to trust, in PEM.", valueName: "file"),
        completion: .file())
    var cacert: String?

    @Option(name: [.customShort("o"), .customLong("output")], help: "How answers are shown.")
    var output = Format.table

    func client() throws -> AdminClient {
        let environment = Invocation.current.environment
        let file = FilePath(
            tokenFile ?? environment["OS_METADATA_ADMIN_TOKEN_FILE"]
                ?? "/var/lib/os-metadata-server/admin-token")
        let text = String(decoding: try FileContents.read(file), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first { !$0.hasPrefix("#") && !$0.isEmpty }
        guard let line else { throw ControlError("\(file) has no token") }
        let token = line.split(separator: ":", maxSplits: 1).last ?? line
        var url = server ?? environment["OS_METADATA_SERVER_URL"] ?? "http://127.0.0.1:8000"
        if url.hasSuffix("/") { url.removeLast() }
        return AdminClient(
            base: url, token: String(token.filter { !$0.isWhitespace }),
            trust: HTTPRequest.Trust(authorities: cacert), transport: CurlTransport())
    }

    /// Shows a value: whole as JSON or YAML, or as the table that `rows` make, whose first is the heading.
    func show(_ value: MetadataValue, _ rows: () -> [[String]]) {
        switch output {
        case .json: StandardStream.output.write(JSONShape.text(value))
        case .yaml: StandardStream.output.write(YAMLWriter.text(of: value))
        case .table: StandardStream.output.write(TextTable.text(rows()))
        }
    }
}

/// What went wrong, for whoever gave the command.
struct ControlError: Error, CustomStringConvertible {
    let description: String
    /// What the server answered with; nil: it was not that.
    let status: Int?

    init(_ description: String, status: Int? = nil) {
        self.description = description
        self.status = status
    }

    /// Whether a server that has answered before may do so again: there is none now, or it, or a proxy, says so.
    var isPassing: Bool {
        switch status {
        case nil, 502, 503, 504: true
        default: false
        }
    }
}

/// Columns as wide as they have to be.
enum TextTable {
    static func text(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(Printable.text) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}
