// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import Synchronization
import SystemPackage

/// Keeps the status, and shows it: in the file that `os-collect-config status` reads, to Prometheus, to the service manager.
final class StatusBoard: Sendable {
    private let status = Mutex(NodeStatus())
    /// What the service manager was told last.
    private let summary = Mutex("")
    private let places: Mutex<Places>
    private let notifier: ServiceNotifier
    private let logger: Mutex<Logger>

    /// Where the status is shown.
    struct Places: Sendable, Equatable {
        /// Nil: nowhere.
        var status: FilePath?
        var metrics: FilePath?
    }

    init(_ places: Places, notifier: ServiceNotifier, logger: Logger) {
        self.places = Mutex(places)
        self.notifier = notifier
        self.logger = Mutex(logger)
    }

    var current: NodeStatus { status.withLock { $0 } }

    /// Takes the places and sources of a new configuration; what is known of sources that stay stays.
    func follow(_ places: Places, sources names: [String], logger: Logger) {
        self.places.withLock { $0 = places }
        self.logger.withLock { $0 = logger }
        // One that is named twice is one source.
        let sources = names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
        status.withLock { status in
            status.phase = .starting
            let known = status.sources
            status.sources = sources.map { name in
                known.first { $0.name == name } ?? NodeStatus.Source(name: name)
            }
        }
    }

    /// Changes the status; nobody sees it before it is shown.
    func note(_ change: (inout NodeStatus) -> Void) { status.withLock { change(&$0) } }

    /// Changes the status and shows it.
    func show(_ change: (inout NodeStatus) -> Void = { _ in }) {
        note(change)
        let (status, places) = (current, self.places.withLock { $0 })
        let isNews = summary.withLock { told in
            defer { told = status.summary }
            return told != status.summary
        }
        if isNews { notifier.notify("STATUS=\(status.summary)") }
        if let path = places.status {
            write(JSONShape.text(status.document(.own)), to: path, mode: 0o600)
        }
        if let path = places.metrics {
            write(Array(MetricsText.text(of: status).utf8), to: path, mode: 0o644)
        }
    }

    /// A failure is survived: what cannot be shown is done all the same.
    private func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32) {
        guard let name = path.lastComponent else { return }
        let directory = path.removingLastComponent()
        do {
            let root = try RootedDirectory(directory.isEmpty ? "." : directory)
            let staged = StagedWrite(in: root, isDurable: false)
            try staged.stage(FilePath(root: nil, [name]), bytes, FileAttributes(mode: mode))
            try staged.commit()
        } catch {
            logger.withLock { $0 }.warning("\(error), ignoring: nobody sees the status there")
        }
    }
}
