// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataStore
import MetadataTree

/// The metadata service of OpenStack's Nova, for nodes that are told apart by their addresses.
///
///     GET /openstack                      the versions of the interface
///     GET /openstack/{version}            what there is
///     GET /openstack/{version}/meta_data.json | network_data.json | vendor_data.json | user_data | password
///
/// Source of the format: OpenStack Nova, "Metadata service".
struct OpenStackRoutes {
    private static let versions = [
        "2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2016-06-30", "2016-10-06", "2017-02-22",
        "2018-08-27", "2020-10-14", "latest",
    ]

    let requests: InstanceRequests

    func register(on router: Router<ServerContext>) {
        router.get("openstack") { _, _ in
            PlainResponse.text(.ok, Self.versions.joined(separator: "\n"))
        }
        for version in Self.versions {
            let top = "openstack/\(version)"
            router.get("\(top)") { try await requests.answer($0, $1, Self.listing) }
            router.get("\(top)/meta_data.json") { try await requests.answerJSON($0, $1, Self.metadata) }
            router.get("\(top)/network_data.json") {
                try await requests.answerJSON($0, $1) { $0.instance.networkData }
            }
            router.get("\(top)/vendor_data.json") {
                try await requests.answerJSON($0, $1) { $0.instance.vendorData ?? JSONShape.object([]) }
            }
            router.get("\(top)/user_data") { try await requests.answer($0, $1) { $0.instance.userData } }
            // One that a node has set; none can be set here.
            router.get("\(top)/password") { try await requests.answer($0, $1) { _ in "" } }
        }
    }

    private static func listing(_ node: NodeRecord) -> String {
        let parts: [(String, Bool)] = [
            ("meta_data.json", true), ("user_data", node.instance.userData != nil), ("password", true),
            ("vendor_data.json", true), ("network_data.json", node.instance.networkData != nil),
        ]
        return parts.filter(\.1).map(\.0).joined(separator: "\n")
    }

    private static func metadata(of node: NodeRecord) -> MetadataValue {
        let instance = node.instance
        let keys = instance.publicKeys.map { key in
            JSONShape.object([
                ("name", MetadataValue(string: key.name)), ("type", MetadataValue(string: "ssh")),
                ("data", MetadataValue(string: key.text)),
            ])
        }
        let byName = instance.publicKeys.map { ($0.name, Optional(MetadataValue(string: $0.text))) }
        return JSONShape.object([
            ("uuid", MetadataValue(string: instance.id)), ("name", MetadataValue(string: node.name)),
            ("hostname", MetadataValue(string: instance.hostname)),
            ("launch_index", MetadataValue(.integer(0))),
            ("public_keys", keys.isEmpty ? nil : JSONShape.object(byName)),
            ("keys", keys.isEmpty ? nil : MetadataValue(.array(keys))),
        ])
    }
}
