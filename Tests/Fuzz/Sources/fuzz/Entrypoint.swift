// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Glibc

/// `fuzz TARGET [libFuzzer's arguments]`
@main
struct Entrypoint {
    private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

    /// libFuzzer's own entrance for programs that have a `main` (FuzzerDriver.cpp).
    @_silgen_name("LLVMFuzzerRunDriver")
    private static func runDriver(
        _ count: UnsafeMutablePointer<Int32>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ callback: Callback
    ) -> Int32

    nonisolated(unsafe) private static var target = FuzzTarget.json

    static func main() {
        guard CommandLine.argc > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")
            print("usage: fuzz \(names) [libFuzzer argument ...]")
            exit(64)
        }
        Self.target = target
        var count = CommandLine.argc - 1
        var arguments = CommandLine.unsafeArgv + 1
        exit(
            runDriver(&count, &arguments) { start, count in
                Entrypoint.target.run(Array(UnsafeBufferPointer(start: start, count: count)))
                return 0
            })
    }
}
