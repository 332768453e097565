// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataTree

/// Takes the deployments out of a source's document: each becomes a document of its own.
struct DeploymentMerger {
    private static let groups: Set<ByteString> = ["os-apply-config", "Heat::Ungrouped"]

    /// The keys at the root of the document that hold lists of deployments.
    let keys: [String]
    let logger: Logger

    /// The source's own document and, behind it, the configuration of each deployment that is for os-apply-config.
    func outputs(of document: MetadataValue, source: String) -> [Output] {
        var outputs = [Output(name: ByteString(source), value: document, source: source)]
        guard let object = document.object else { return outputs }
        for key in keys {
            guard let deployments = object[ByteString(key)] else { continue }
            guard let list = deployments.array else {
                logger.warning("Deployment-key \(key) was found but does not contain a list.")
                continue
            }
            outputs += list.compactMap { output(of: $0, key, source) }
        }
        return outputs
    }

    private func output(of deployment: MetadataValue, _ key: String, _ source: String) -> Output? {
        guard let members = deployment.object, let nameValue = members["name"],
            let name = Self.name(nameValue)
        else {
            logger.warning("No name found for a deployment under \(key).")
            return nil
        }
        let group = members["group"].map { $0.string ?? "" } ?? "Heat::Ungrouped"
        guard Self.groups.contains(group) else { return nil }
        guard let config = members["config"] else {
            logger.warning("No config found for the deployment \(name) under \(key), ignoring")
            return nil
        }
        if let reason = OutputName.objection(to: name) {
            logger.warning("The deployment name '\(name)' is refused: \(reason), ignoring")
            return nil
        }
        return Output(name: name, value: config, source: source)
    }

    private static func name(_ value: MetadataValue) -> ByteString? {
        switch value.kind {
        case .string(let name): name
        case .integer, .bigInteger, .float: ByteString(JSONWriter.bytes(of: value))
        default: nil
        }
    }
}

/// What a document of the cache may be called.
enum OutputName {
    private static let lengthLimit = 200

    /// Why a name that a source did not choose for itself cannot be used; nil when it can.
    static func objection(to name: ByteString) -> String? {
        if name == "." || name == ".." || name.bytes.contains(UInt8(ascii: "/")) {
            return "it would lead out of the cache"
        }
        if name.bytes.contains(UInt8(ascii: ":")) { return "a colon parts the paths of OS_CONFIG_FILES" }
        if name.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "it holds a control character" }
        if name.hasLoneSurrogate { return "it is not UTF-8" }
        if name.count > lengthLimit { return "it is longer than \(lengthLimit) bytes" }
        if name == "os_config_files" || OptionTable.sources.contains(where: { ByteString($0) == name }) {
            return "the name is taken"
        }
        return nil
    }
}
