// SPDX-License-Identifier: Apache-2.0

import Logging
import SystemPackage

/// Tells what happens in a run in log lines: one when a hook starts, and one when it ends.
struct RunLog: RunObserver {
    let logger: Logger

    func note(_ event: RunEvent) {
        switch event {
        case .phaseStarted(let phase, let directory, _, _):
            logger.info("Starting phase \(phase)")
            warn(of: directory)
        case .environmentFound(let environment):
            logger.debug("Reading \(environment.files.map(\.string).joined(separator: " "))")
            if let (first, second) = environment.misordered {
                logger.warning(
                    "environment.d: \(first) is read before \(second): names are ordered by their bytes there, not by number"
                )
            }
        case .environmentFailed(let file): logger.error("bash ended in \(file)")
        case .hookStarted(let hook, _): logger.info("Running \(hook.path)")
        case .hookEnded(let run):
            let time = SecondsText.long(run.duration)
            if run.ending.isSuccess {
                logger.info("\(run.hook.path) completed in \(time) s: \(run.ending.description)")
            } else {
                logger.error("\(run.hook.path) failed after \(time) s: \(run.ending.description)")
            }
        case .phaseEnded(let phase, _, let duration, let hooks, true):
            let count = hooks == 1 ? "1 hook" : "\(hooks) hooks"
            logger.info("Completed phase \(phase) in \(SecondsText.long(duration)) s (\(count))")
        case .phaseEnded: break
        }
    }

    /// Files that look as if they were to run, and do not. Those that nobody would take for hooks are not named.
    private func warn(of directory: HookDirectory) {
        let names = directory.skipped.filter { $0.reason != .notFile && !$0.name.hasPrefix(".") }.map(\.name)
        guard !names.isEmpty else { return }
        let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
        logger.warning("\(directory.path): not run ('list' says why): \(shown)")
    }
}
