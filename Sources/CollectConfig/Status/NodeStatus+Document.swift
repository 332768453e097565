// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree

extension NodeStatus {
    /// - Parameter keeper: the process that keeps the status.
    func document(_ keeper: ProcessIdentity) -> MetadataValue {
        JSONShape.object([
            ("process", JSONShape.number(keeper.number)),
            ("process_start", MetadataValue(string: keeper.started)),
            ("phase", MetadataValue(string: phase.rawValue)),
            ("change_pending", MetadataValue(.boolean(isChangePending))),
            ("next_poll", nextPoll.map(JSONShape.number)),
            ("error", error.map { MetadataValue(string: $0) }),
            ("sources", JSONShape.array(sources.map(Self.document))),
            ("commands", JSONShape.number(commands)), ("command", command.map(Self.document)),
        ])
    }

    private static func document(_ source: Source) -> MetadataValue {
        JSONShape.object([
            ("name", MetadataValue(string: source.name)),
            ("state", MetadataValue(string: source.state.rawValue)),
            ("optional", MetadataValue(.boolean(source.isOptional))),
            ("stale", MetadataValue(.boolean(source.isStale))),
            ("last_success", source.lastSuccess.map(JSONShape.number)),
            ("last_change", source.lastChange.map(JSONShape.number)),
            ("last_error", source.lastError.map { MetadataValue(string: $0) }),
            ("polls", JSONShape.number(source.polls)), ("changes", JSONShape.number(source.changes)),
            ("failures", JSONShape.number(source.failures)),
        ])
    }

    private static func document(_ command: Command) -> MetadataValue {
        JSONShape.object([
            ("started", JSONShape.number(command.started)),
            ("seconds", command.seconds.map { MetadataValue(.float($0)) }),
            ("status", command.status.map { JSONShape.number(Int($0)) }),
            ("over_time", command.isOverTime ? MetadataValue(.boolean(true)) : nil),
        ])
    }

    /// Nil when the document is none of ours.
    init?(_ document: MetadataValue) {
        guard let object = document.object,
            let phase = object["phase"]?.string.flatMap({ Phase(rawValue: $0.text) }),
            let sources = object["sources"]?.array
        else { return nil }
        self.phase = phase
        self.sources = sources.compactMap(Source.init)
        command = object["command"].flatMap(Command.read)
        commands = object["commands"]?.whole ?? 0
        isChangePending = object["change_pending"]?.isTruthy ?? false
        nextPoll = object["next_poll"]?.whole
        error = object["error"]?.string?.text
    }
}

extension ProcessIdentity {
    /// The process that keeps the status in a document.
    init?(keeperOf document: MetadataValue) {
        guard let number = document.object?["process"]?.whole,
            let started = document.object?["process_start"]?.string?.text
        else { return nil }
        self.init(number: number, started: started)
    }
}

extension NodeStatus.Source {
    fileprivate init?(_ document: MetadataValue) {
        guard let object = document.object, let name = object["name"]?.string?.text,
            let state = object["state"]?.string.flatMap({ State(rawValue: $0.text) })
        else { return nil }
        self.name = name
        self.state = state
        isOptional = object["optional"]?.isTruthy ?? false
        isStale = object["stale"]?.isTruthy ?? false
        lastSuccess = object["last_success"]?.whole
        lastChange = object["last_change"]?.whole
        lastError = object["last_error"]?.string?.text
        polls = object["polls"]?.whole ?? 0
        changes = object["changes"]?.whole ?? 0
        failures = object["failures"]?.whole ?? 0
    }
}

extension NodeStatus.Command {
    fileprivate static func read(_ document: MetadataValue) -> NodeStatus.Command? {
        guard let object = document.object, let started = object["started"]?.whole else { return nil }
        // Members one by one into a new value crash the optimiser of Swift 6.3.1.
        return NodeStatus.Command(
            started: started, seconds: object["seconds"]?.fraction, status: object["status"]?.status,
            isOverTime: object["over_time"]?.isTruthy ?? false)
    }
}

extension MetadataValue {
    /// Within what moments and counts can be: whatever the file holds, sums of two of them are numbers too.
    fileprivate var whole: Int? {
        guard case .integer(let value) = kind, (0...1 << 53).contains(value) else { return nil }
        return Int(value)
    }

    fileprivate var status: Int32? { whole.map { Int32(truncatingIfNeeded: $0) } }

    fileprivate var fraction: Double? {
        guard case .float(let value) = kind, (0...1e9).contains(value) else { return nil }
        return value
    }
}
