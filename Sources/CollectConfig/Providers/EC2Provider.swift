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
        if cache.isChecked(known) { return outputs(await complete(cached)) }
        if let current = await currentIdentity(as: known) {
            guard isSame(known, current) else {
                logger.warning("The cached metadata of ec2 is another instance's: asking anew")
                return outputs(try await fetch())
            }
        } else if cache.isFromAnotherMachine {
            throw ProviderError.foreign(
                "the cached metadata is of an earlier boot, perhaps of another machine, and no service answers"
            )
        }
        // Asked once in a boot, whatever came of it.
        cache.noteBoot(known)
        return outputs(await complete(cached))
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

    /// Names of two kinds tell nothing of each other: then the machine's own does.
    private func isSame(_ known: Identity?, _ current: Identity) -> Bool {
        guard let known, known.key != current.key else { return known == current }
        return cache.isFromThisMachine
    }

    // MARK: Asking

    private func fetch() async throws -> MetadataValue {
        var document = await drive.document()
        if document?.isTruthy != true { document = MetadataValue(.object(try await service.tree())) }
        let whole = await complete(document ?? MetadataValue(.object(MetadataObject())))
        cache.noteBoot(Identity(of: whole))
        return whole
    }

    /// The document with the user data, where that is wanted and is not in it yet.
    private func complete(_ document: MetadataValue) async -> MetadataValue {
        guard wantsUserData, var object = document.object, object[Self.userData] == nil,
            let text = await userData()
        else { return document }
        object[Self.userData] = MetadataValue(.string(text))
        return MetadataValue(.object(object))
    }

    private func userData() async -> ByteString? {
        if let text = await drive.userData() { return text }
        do {
            return try await service.userData()
        } catch {
            logger.warning("The user data cannot be had, ignoring: \(error)")
            return nil
        }
    }

    private static let userData: ByteString = "user-data"
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
