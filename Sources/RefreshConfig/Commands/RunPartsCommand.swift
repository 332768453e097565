// SPDX-License-Identifier: Apache-2.0

package import AgentRuntime
import Glibc
import HostSystem
import SystemPackage

/// dib-run-parts: runs the hooks of one directory, or lists them.
package enum RunPartsCommand {
    /// Runs the program.
    ///
    /// - Returns: the exit status.
    package static func run(_ call: Invocation) async -> Int32 {
        SignalStream.surviveFailedWrites()
        let isListing = call.words.first == "--list"
        let operands = isListing ? call.words.dropFirst() : call.words[...]
        guard !call.words.isEmpty else { return refuse(call.name) }
        let path = operands.first ?? ""
        guard FileContents.isDirectory(FilePath(path)) else {
            RunProfile.say("Scripts directory [\(path)] must exist and be a directory")
            return refuse(call.name)
        }
        guard let directory = hooks(of: path, call) else { return ExitStatus.success }
        if isListing {
            for hook in directory.hooks { StandardStream.output.write(directory.hookPath(hook) + "\n") }
            return ExitStatus.success
        }
        guard ProcessTree.isVisible else {
            StandardStream.error.write("\(call.name): cannot run hooks: /proc is not mounted\n")
            return ExitStatus.failure
        }
        return await runWatched(directory, call.name)
    }

    /// Runs the hooks while signals may end them.
    private static func runWatched(_ directory: HookDirectory, _ name: String) async -> Int32 {
        ProcessTree.adoptOrphans()
        let signals = SignalStream.of([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
        let processes = HookProcesses()
        return await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await run(directory, name, processes) }
            group.addTask {
                for await signal in signals {
                    if signal == SIGCHLD {
                        AwaitedChild.reapOrphans()
                    } else {
                        processes.stop(for: .signal(signal))
                    }
                }
                return nil
            }
            while let result = await group.next() {
                guard let status = result else { continue }
                group.cancelAll()
                return status
            }
            return ExitStatus.failure
        }
    }

    private static func run(
        _ directory: HookDirectory, _ name: String, _ processes: HookProcesses
    ) async -> Int32 {
        var settings = HookRunner.Settings()
        settings.tellsNames = false
        let runner = HookRunner(
            settings: settings, processes: processes,
            reporter: RunReporter([RunProfile(of: directory.path)]), relay: nil)
        switch await PhaseRunner(runner: runner).run(directory, phase: directory.path) {
        case .completed, .passedOver: return ExitStatus.success
        case .failed(let run):
            StandardStream.error.write("\(name): \(run.hook.path): \(run.ending.description)\n")
            return run.ending.status
        case .stopped(.signal(let signal)): return 128 + signal
        case .stopped(.timeout): return ExitStatus.failure
        }
    }

    /// Nil, with a message, when the pattern is none: then nothing is run.
    private static func hooks(of path: String, _ call: Invocation) -> HookDirectory? {
        let pattern = call.environment[HookBase.patternVariable]
        do {
            return try HookDirectory(path, pattern: pattern)
        } catch {
            StandardStream.error.write("\(call.name): \(pattern ?? path): \(error)\n")
            return nil
        }
    }

    private static func refuse(_ name: String) -> Int32 {
        StandardStream.error.write(
            """
            Usage: \(name) [OPTION] scripts_directory
            Option:
                  --list  print names of all valid files

            Examples:
                  \(name) --list /usr/libexec/os-refresh-config/configure.d/
                  \(name) /usr/libexec/os-refresh-config/configure.d/

            """)
        return ExitStatus.failure
    }
}
