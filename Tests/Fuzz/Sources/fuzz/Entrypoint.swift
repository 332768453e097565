// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Glibc

/// libFuzzer on the reader that `FUZZ_TARGET` names; the arguments are libFuzzer's own, which starts this program again with
/// them.
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

    /// Set once, before the only thread calls back: a C function carries nothing with it.
    nonisolated(unsafe) private static var target = FuzzTarget.json

    static func main() {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            print("FUZZ_TARGET is to be one of: \(names)")
            exit(64)
        }
        Self.target = target
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { start, count in
                Entrypoint.target.run(Array(UnsafeBufferPointer(start: start, count: count)))
                return 0
            })
    }
}
