// SPDX-License-Identifier: Apache-2.0

import Glibc
import MetadataTree

/// A token of an OpenStack cloud, and the catalogue of services that came with it.
struct KeystoneToken: Sendable {
    let id: String
    /// Seconds since 1970.
    let expires: Int
    let catalogue: [MetadataValue]

    /// - Parameter document: the answer to a login.
    /// - Parameter longestLife: in seconds.
    init?(id: String, _ document: MetadataValue, now: Int, longestLife: Int) {
        guard let token = document.object?["token"]?.object, Self.isPlain(id) else { return nil }
        self.id = id
        let announced = token["expires_at"]?.string.flatMap { Self.seconds($0.text) }
        expires = min(announced ?? .max, now + longestLife)
        catalogue = token["catalog"]?.array ?? []
    }

    init?(_ stored: MetadataValue) {
        guard let object = stored.object, let id = object["token"]?.string?.text,
            case .integer(let expires) = object["expires"]?.kind, expires >= 0, Self.isPlain(id)
        else { return nil }
        self.id = id
        self.expires = Int(expires)
        catalogue = object["catalog"]?.array ?? []
    }

    /// Whether it can stand in a header.
    private static func isPlain(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 16384 && id.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    var stored: MetadataValue {
        JSONShape.object([
            ("token", MetadataValue(string: id)), ("expires", JSONShape.number(expires)),
            ("catalog", JSONShape.array(catalogue)),
        ])
    }

    /// The public URL of a service.
    ///
    /// - Parameter region: nil: whichever comes first.
    /// - Throws: `ProviderError.unavailable`.
    func endpoint(of type: String, region: String?) throws -> String {
        guard !catalogue.isEmpty else { throw ProviderError.unavailable("The service catalog is empty.") }
        for service in catalogue where service.object?["type"]?.string?.text == type {
            for endpoint in service.object?["endpoints"]?.array ?? [] {
                guard let members = endpoint.object, members["interface"]?.string == "public",
                    let url = members["url"]?.string?.text
                else { continue }
                let own = [members["region"], members["region_id"]].compactMap { $0?.string?.text }
                guard region.map(own.contains) ?? true else { continue }
                return url.hasSuffix("/") ? String(url.dropLast()) : url
            }
        }
        let place = region.map { " in \($0) region" } ?? ""
        throw ProviderError.unavailable("publicURL endpoint for \(type) service\(place) not found")
    }

    /// `2026-11-22T18:43:32.000000Z` in seconds since 1970.
    private static func seconds(_ text: String) -> Int? {
        let parts = text.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).prefix(6).compactMap {
            Int32($0)
        }
        guard parts.count == 6, text.hasSuffix("Z") || text.hasSuffix("+00:00") else { return nil }
        var moment = tm()
        (moment.tm_year, moment.tm_mon, moment.tm_mday) = (parts[0] &- 1900, parts[1] &- 1, parts[2])
        (moment.tm_hour, moment.tm_min, moment.tm_sec) = (parts[3], parts[4], parts[5])
        return timegm(&moment)
    }
}
