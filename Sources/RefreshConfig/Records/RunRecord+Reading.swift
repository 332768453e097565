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
    /// - Throws: `HostError`, `FormatError`.
    init(number: Int, path: FilePath) throws {
        self.number = number
        self.path = path.string
        // Asked first: a run that ends meanwhile is whole when it is read.
        isRunning = HeldFile.isHeld(path)
        var lines = try FileContents.read(path).split(separator: 0x0A, omittingEmptySubsequences: false)
        // What comes behind the last line end is no line yet.
        lines.removeLast()
        for (place, line) in lines.enumerated() {
            let line = try RecordReader(Array(line), at: "\(path):\(place + 1)")
            guard (line.kind == .run) == (place == 0) else {
                throw FormatError(
                    description: place == 0
                        ? "\(path):1: not the start of a record" : "\(path):\(place + 1): a second start")
            }
            try take(line)
        }
        if lines.isEmpty, !isRunning {
            throw FormatError(description: "\(path): a record without a whole line")
        }
    }

    private mutating func take(_ line: RecordReader) throws {
        guard end == nil else { throw line.error("it comes behind the end of the run") }
        switch line.kind {
        case .run:
            guard try line.number("version") == RecordLine.version else {
                throw line.error("a record of another version than \(RecordLine.version)")
            }
            started = try line.text("started")
            process = try line.number("pid")
            base = try line.text("base")
        case .phaseStart:
            phases.append(
                PhaseRecord(phase: try line.text("phase"), offset: try line.number("offset_us")))
        case .hookStart:
            hooks.append(
                HookRecord(
                    phase: try line.text("phase"), hook: try line.text("hook"),
                    offset: try line.number("offset_us")))
        case .hook: try takeHook(line)
        case .phase:
            let phase = try line.text("phase")
            guard let place = phases.lastIndex(where: { $0.phase == phase && $0.end == nil }) else {
                throw line.error("the end of a phase that has not begun")
            }
            phases[place].end = PhaseEnd(
                duration: try line.number("duration_us"), result: try line.text("result"))
        case .end:
            end = RunEnd(
                duration: try line.number("duration_us"), status: try line.number("status"),
                result: try line.text("result"))
        // Of a later version: it adds to what is told.
        case nil: break
        }
    }

    private mutating func takeHook(_ line: RecordReader) throws {
        let (phase, hook) = (try line.text("phase"), try line.text("hook"))
        let end = HookEnd(
            duration: try line.number("duration_us"), result: try line.text("result"),
            status: try line.number("status"), signal: try line.optionalNumber("signal"),
            reason: try line.optionalText("reason"), errorLines: try line.texts("stderr"))
        let place = hooks.lastIndex { $0.phase == phase && $0.hook == hook && $0.end == nil }
        if let place {
            hooks[place].end = end
        } else {
            hooks.append(
                HookRecord(phase: phase, hook: hook, offset: try line.number("offset_us"), end: end))
        }
    }
}
