// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// What a request says that its sender has already (RFC 9110, 13.1).
struct Precondition {
    /// Of `If-None-Match`.
    private let tags: [String]
    /// Of `If-Modified-Since`, which counts where there are no tags.
    private let dates: [String]

    init(_ request: some RequestHead) {
        tags = request.values(of: .ifNoneMatch)
        dates = tags.isEmpty ? request.values(of: .ifModifiedSince) : []
    }

    /// Whether it is met by anything that there is: it says nothing of what its sender has.
    var isMetByAnything: Bool { tags.count == 1 && tags[0] == "*" }

    /// Whether the sender has what has this tag and date.
    func knows(tag: String, modified: String) -> Bool {
        guard !tags.isEmpty else { return dates.count == 1 && dates[0] == modified }
        if tags.count == 1, tags[0] == tag { return true }
        return tags.flatMap { $0.split(separator: ",") }.contains {
            let bare = $0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            let text = String(bare)
            return text == "*" || text == tag || text == "W/" + tag
        }
    }
}
