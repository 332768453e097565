// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataTree
import Synchronization

/// The metadata of the machine itself: from the cache when it is this machine's, from a config drive, or from an EC2 metadata
/// service.
final class EC2Provider: MetadataProvider {
    let name = "ec2"
    private let cache: EC2Cache
    private let drive: ConfigDrive
    private let service: EC2Service
    private let wantsUserData: Bool
    private let logger: Logger
    /// Whether it is known that this machine has no user data, or what it has: it does not change while the machine runs.
    private let isUserDataKnown = Mutex(false)

    /// - Parameter wantsUserData: whether user data is collected too.
    init(
        cache: EC2Cache, drive: ConfigDrive, service: EC2Service, wantsUserData: Bool, logger: Logger
    ) {
        self.cache = cache
        self.drive = drive
        self.service = service
        self.wantsUserData = wantsUserData
        self.logger = logger
    }

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

    /// - Throws: `ProviderError.foreign`: nothing says that what was committed last is this machine's.
    private func fetch() async throws -> MetadataValue {
        isUserDataKnown.withLock { $0 = false }
        let whole = await complete(try await newDocument())
        cache.noteBoot(Identity(of: whole))
        return whole
    }

    private func newDocument() async throws -> MetadataValue {
        if let document = await drive.document(), document.isTruthy { return document }
        do {
            return MetadataValue(.object(try await service.tree()))
        } catch ProviderError.unavailable(let reason) {
            throw ProviderError.foreign(reason)
        }
    }

    /// The document with the user data, where that is wanted and is not in it yet.
    private func complete(_ document: MetadataValue) async -> MetadataValue {
        guard wantsUserData, var object = document.object, object[Self.userData] == nil,
            !isUserDataKnown.withLock({ $0 }), let text = await userData()
        else { return document }
        object[Self.userData] = MetadataValue(.string(text))
        return MetadataValue(.object(object))
    }

    private func userData() async -> ByteString? {
        do {
            var text = await drive.userData()
            if text == nil { text = try await service.userData() }
            isUserDataKnown.withLock { $0 = true }
            return text
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
