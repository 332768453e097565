// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import SystemPackage

/// What a tree of templates rendered to at one moment, with what was secret in it then.
struct RenderingSnapshot {
    private struct File {
        let template: String
        let text: RedactedText
        let attributes: FileDifference.Attributes
    }

    private var paths: [String] = []
    private var files: [String: File] = [:]

    /// - Parameter redactor: nil when secrets are to be shown.
    init(_ rendered: [RenderedFile], redactor: Redactor?, prefix: [ByteString], output: OutputRoot) {
        for file in rendered where !file.isRemoval {
            let path = output.shown(file.path)
            paths.append(path)
            files[path] = File(
                template: file.template.string,
                text: redactor?.redacted(file, prefix: prefix) ?? RedactedText(bytes: file.body),
                attributes: FileDifference.Attributes(
                    mode: file.controls.mode, owner: file.controls.owner?.text,
                    group: file.controls.group?.text))
        }
    }

    func differences(from old: RenderingSnapshot) -> [FileDifference] {
        let all = paths + old.paths.filter { files[$0] == nil }
        return all.compactMap { path in
            let (before, after) = (old.files[path], files[path])
            let content = FileDifference.content(
                old: before?.text ?? RedactedText(bytes: []), new: after?.text ?? RedactedText(bytes: []),
                history: nil, redactor: nil)
            if case .same = content, before != nil, after != nil, before?.attributes == after?.attributes {
                return nil
            }
            return FileDifference(
                path: path, template: (after ?? before)?.template,
                change: before == nil ? .create : after == nil ? .delete : .modify, replaced: nil,
                old: before?.attributes ?? .init(), new: after?.attributes ?? .init(), content: content)
        }
    }
}
