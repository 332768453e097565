// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// What a node's os-collect-config.conf(5) says of this server.
enum CollectorSettings {
    /// - Parameter node: as the server shows it, with credentials.
    static func text(of node: MetadataValue) -> String {
        let server = node.text("server")
        func credential(_ path: String) -> String? {
            node.value(at: MetadataPath("credentials.\(path)"))?.string?.text
        }
        var sections: [(String, [(String, String?)])] = []
        if let token = credential("request.token") {
            let url = "\(server)/v1/\(AdminClient.path(node.text("name"), "/metadata"))"
            sections.append(("request", [("metadata_url", url), ("token", token)]))
        }
        if let key = credential("cfn.access_key_id") {
            let stack = credential("cfn.stack_name") ?? ""
            sections.append(
                (
                    "cfn",
                    [
                        ("metadata_url", "\(server)/v1/"), ("access_key_id", key),
                        ("secret_access_key", credential("cfn.secret_access_key")), ("stack_name", stack),
                        ("path", credential("cfn.resource").map { "\($0).Metadata" }),
                    ]
                ))
        }
        if let user = credential("heat.user_id") {
            let names = ["password", "project_id", "stack_id", "resource_name"]
            sections.append(
                (
                    "heat",
                    [("auth_url", "\(server)/v3"), ("user_id", user)]
                        + names.map { ($0, credential("heat.\($0)")) }
                ))
        }
        return sections.map { name, lines in
            "[\(name)]\n" + lines.compactMap { line in line.1.map { "\(line.0) = \($0)\n" } }.joined()
        }.joined(separator: "\n")
    }
}
