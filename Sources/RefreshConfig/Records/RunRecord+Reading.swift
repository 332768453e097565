// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

extension RunRecord {
    /// A record that is none: where, and why.
    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads the record at `path`. What ends in the middle of a line, since the machine went down, counts up to there.
    ///
    /// - Throws: `HostError`, `FormatError`, `JSONError`.
    init(number: Int, path: FilePath) throws {
        self.number = number
        self.path = path.string
        // Asked first: a run that ends meanwhile is whole when it is read.
        isRunning = HeldFile.isHeld(path)
        let bytes = try FileContents.read(path)
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: true)
        if bytes.last != 0x0A { _ = lines.popLast() }
        for (place, line) in lines.enumerated() {
            let value = try JSONParser.parse(Array(line), name: "\(path), line \(place + 1)")
            guard let object = value.object, let type = object["type"]?.string?.text else {
                throw FormatError(description: "\(path):\(place + 1): no line of a record")
            }
            if place == 0,
                type != RecordLine.Kind.run.rawValue || object.integer("version") != RecordLine.version
            {
                throw FormatError(
                    description: "\(path):1: not the start of a record of version \(RecordLine.version)")
            }
            take(RecordLine.Kind(rawValue: type), object)
        }
        if lines.isEmpty, !isRunning { throw FormatError(description: "\(path): an empty record") }
    }

    /// Lines of a kind that is not known are passed over.
    private mutating func take(_ kind: RecordLine.Kind?, _ line: MetadataObject) {
        switch kind {
        case .run:
            started = line.text("started") ?? ""
            process = line.integer("pid") ?? 0
            base = line.text("base") ?? ""
        case .phaseStart:
            phases.append(
                PhaseRecord(phase: line.text("phase") ?? "", offset: line.integer("offset_us") ?? 0))
        case .hookStart:
            hooks.append(
                HookRecord(
                    phase: line.text("phase") ?? "", hook: line.text("hook") ?? "",
                    offset: line.integer("offset_us") ?? 0))
        case .hook: takeHook(line)
        case .phase:
            guard let place = phases.lastIndex(where: { $0.phase == line.text("phase") }) else { return }
            phases[place].duration = line.integer("duration_us")
            phases[place].result = line.text("result")
        case .end:
            duration = line.integer("duration_us")
            status = line.integer("status")
            result = line.text("result")
        case nil: break
        }
    }

    private mutating func takeHook(_ line: MetadataObject) {
        let (phase, hook) = (line.text("phase") ?? "", line.text("hook") ?? "")
        let place = hooks.lastIndex { $0.phase == phase && $0.hook == hook && $0.duration == nil }
        var record = place.map { hooks[$0] } ?? HookRecord(phase: phase, hook: hook, offset: 0)
        record.offset = line.integer("offset_us") ?? record.offset
        record.duration = line.integer("duration_us") ?? 0
        record.result = line.text("result") ?? ""
        record.status = line.integer("status")
        record.signal = line.integer("signal")
        record.reason = line.text("reason")
        record.errorLines = line["stderr"]?.array?.compactMap { $0.string?.text } ?? []
        if let place { hooks[place] = record } else { hooks.append(record) }
    }
}

extension MetadataObject {
    fileprivate func text(_ key: ByteString) -> String? { self[key]?.string?.text }

    fileprivate func integer(_ key: ByteString) -> Int? {
        guard case .integer(let value)? = self[key]?.kind else { return nil }
        // What is added up must not overflow.
        return Int(value).magnitude < 1 << 60 ? Int(value) : nil
    }
}
