// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// `Prefer: wait=N` (RFC 7240).
enum WaitPreference {
    /// The longest wait, in seconds.
    static let limit = 300

    /// The seconds that the client would wait; nil: it does not say.
    static func seconds(of request: some RequestHead) -> Int? {
        let preferences = request.values(of: .prefer).flatMap { $0.split(separator: ",") }
        for preference in preferences {
            let parts = (preference.split(separator: ";").first ?? "").split(separator: "=").map {
                $0.filter { $0 != " " && $0 != "\"" }
            }
            guard parts.count == 2, parts[0].lowercased() == "wait", let seconds = Int(parts[1]) else {
                continue
            }
            return min(max(seconds, 0), limit)
        }
        return nil
    }
}

extension HTTPField.Name {
    static let prefer = HTTPField.Name("Prefer")!
    static let preferenceApplied = HTTPField.Name("Preference-Applied")!
}
