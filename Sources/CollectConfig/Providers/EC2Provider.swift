// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataTree

/// The metadata of the machine itself: from the cache when it is this machine's, from a config drive, or from an EC2 metadata
/// service.
struct EC2Provider: MetadataProvider {
    let name = "ec2"
    let cache: EC2Cache
    let drive: ConfigDrive
    let service: EC2Service
    /// Whether user data is collected too.
    let wantsUserData: Bool
    let logger: Logger

    func collect() async throws -> [Output] {
        guard let cached = cache.document() else { return outputs(try await fetch()) }
        let known = Identity(of: cached)
        if cache.isChecked(known) { return outputs(cached) }
        guard let current = await currentIdentity(as: known) else {
            guard !cache.isFromAnotherMachine else {
                throw ProviderError.foreign(
                    "the cached metadata is of an earlier boot, perhaps of another machine, and no service answers"
                )
            }
            return outputs(cached)
        }
        if let known, current == known {
            cache.noteBoot(known)
            return outputs(cached)
        }
        logger.warning("The cached metadata of ec2 is another instance's: asking anew")
        return outputs(try await fetch())
    }

    private func outputs(_ document: MetadataValue) -> [Output] {
        [Output(name: ByteString(name), value: document, source: name)]
    }

    /// What this machine is called now, by the same name as `known` where there is one; nil when nobody tells.
    private func currentIdentity(as known: Identity?) async -> Identity? {
        if let document = await drive.document(), let identity = Identity(of: document),
            known == nil || identity.key == known?.key
        {
            return identity
        }
        return (try? await service.text("instance-id")).map { Identity(key: "instance-id", value: $0) }
    }

    private func fetch() async throws -> MetadataValue {
        if let document = await drive.document(), document.isTruthy {
            cache.noteBoot(Identity(of: document))
            return document
        }
        var tree = try await service.tree()
        if wantsUserData, let text = try await service.userData() {
            tree["user-data"] = MetadataValue(.string(text))
        }
        let document = MetadataValue(.object(tree))
        cache.noteBoot(Identity(of: document))
        return document
    }
}

extension EC2Provider {
    /// What tells a machine from all others: EC2's `instance-id`, or OpenStack's `uuid`.
    struct Identity: Equatable {
        let key: ByteString
        let value: ByteString

        init(key: ByteString, value: ByteString) {
            self.key = key
            self.value = value
        }

        init?(of document: MetadataValue) {
            for key: ByteString in ["instance-id", "uuid"] {
                if let value = document.object?[key]?.string {
                    self.init(key: key, value: value)
                    return
                }
            }
            return nil
        }
    }
}
