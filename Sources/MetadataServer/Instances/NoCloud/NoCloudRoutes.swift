// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataStore
import MetadataTree

/// A seed of cloud-init's NoCloud source (`ds=nocloud;s=http://HOST/nocloud/`), for nodes that are told apart by their addresses.
///
///     GET /nocloud/meta-data | user-data | vendor-data | network-config
///
/// Source of the format: cloud-init, "NoCloud". JSON is YAML too.
struct NoCloudRoutes {
    let requests: InstanceRequests

    func register(on router: Router<ServerContext>) {
        router.get("nocloud/meta-data") { try await requests.answerJSON($0, $1, Self.metadata) }
        // The seed is one only if it has user data, be it empty.
        router.get("nocloud/user-data") { try await requests.answer($0, $1) { $0.instance.userData ?? "" } }
        router.get("nocloud/vendor-data") {
            try await requests.answer($0, $1) { node in
                guard let value = node.instance.vendorData else { return "" }
                return "#cloud-config\n" + String(decoding: JSONWriter.bytes(of: value), as: UTF8.self)
            }
        }
        router.get("nocloud/network-config") {
            try await requests.answerJSON($0, $1) { $0.instance.networkConfig }
        }
    }

    private static func metadata(of node: NodeRecord) -> MetadataValue {
        let keys = node.instance.publicKeys.map { MetadataValue(string: $0.text) }
        return JSONShape.object([
            ("instance-id", MetadataValue(string: node.instance.id)),
            ("local-hostname", MetadataValue(string: node.instance.hostname)),
            ("public-keys", keys.isEmpty ? nil : MetadataValue(.array(keys))),
        ])
    }
}
