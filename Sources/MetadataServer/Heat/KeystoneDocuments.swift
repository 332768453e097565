// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree

/// What Keystone tells: its versions, and where everything is.
///
/// Source of the format: OpenStack Identity API v3.
enum KeystoneDocuments {
    static let region = "RegionOne"

    static func version(_ base: String) -> MetadataValue {
        JSONShape.object([
            ("id", MetadataValue(string: "v3.14")), ("status", MetadataValue(string: "stable")),
            ("updated", MetadataValue(string: "2020-04-07T00:00:00Z")),
            ("links", JSONShape.array([link("self", "\(base)/v3/")])),
            (
                "media-types",
                JSONShape.array([
                    JSONShape.object([
                        ("base", MetadataValue(string: "application/json")),
                        ("type", MetadataValue(string: "application/vnd.openstack.identity-v3+json")),
                    ])
                ])
            ),
        ])
    }

    static func link(_ relation: String, _ url: String) -> MetadataValue {
        JSONShape.object([("rel", MetadataValue(string: relation)), ("href", MetadataValue(string: url))])
    }

    static func token(of node: NodeRecord, heat: NodeRecord.Heat, base: String, issued: Int, expires: Int)
        -> MetadataValue
    {
        let domain = named("default", "Default")
        return JSONShape.object([
            (
                "token",
                JSONShape.object([
                    ("methods", JSONShape.array([MetadataValue(string: "password")])),
                    ("user", named(heat.userID, heat.userID, ("domain", domain))),
                    ("audit_ids", JSONShape.array([])),
                    ("expires_at", MetadataValue(string: HTTPDate.timestamp(expires))),
                    ("issued_at", MetadataValue(string: HTTPDate.timestamp(issued))),
                    ("project", named(heat.projectID, heat.projectID, ("domain", domain))),
                    ("is_domain", MetadataValue(.boolean(false))),
                    ("roles", JSONShape.array([named("heat_stack_user", "heat_stack_user")])),
                    ("catalog", catalog(base, heat.projectID)),
                ])
            )
        ])
    }

    private static func catalog(_ base: String, _ project: String) -> MetadataValue {
        let services = [
            ("identity", "keystone", "\(base)/v3"), ("orchestration", "heat", "\(base)/v1/\(project)"),
            ("messaging", "zaqar", base),
        ]
        return JSONShape.array(
            services.map { type, name, url in
                let endpoints = ["public", "internal", "admin"].map { interface in
                    JSONShape.object([
                        ("id", MetadataValue(string: "\(name)-\(interface)")),
                        ("interface", MetadataValue(string: interface)),
                        ("region", MetadataValue(string: region)),
                        ("region_id", MetadataValue(string: region)), ("url", MetadataValue(string: url)),
                    ])
                }
                return JSONShape.object([
                    ("id", MetadataValue(string: name)), ("type", MetadataValue(string: type)),
                    ("name", MetadataValue(string: name)), ("endpoints", JSONShape.array(endpoints)),
                ])
            })
    }

    private static func named(
        _ id: String, _ name: String, _ more: (String, MetadataValue)...
    ) -> MetadataValue {
        JSONShape.object(
            [("id", MetadataValue(string: id)), ("name", MetadataValue(string: name))]
                + more.map { ($0.0, Optional($0.1)) })
    }
}
