// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Dispatch
import Glibc
package import SystemPackage

/// Tells when something in a directory changes (`inotify(7)`).
package enum FileWatcher {
    /// A value for each burst of changes among the entries of `directory`: written, made, renamed or removed.
    ///
    /// - Throws: `HostError` when the directory cannot be watched.
    package static func changes(in directory: FilePath) throws(HostError) -> AsyncStream<Void> {
        let queue = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard queue >= 0 else { throw .last("watch", directory) }
        let events = UInt32(IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
        guard directory.withPlatformString({ inotify_add_watch(queue, $0, events) }) >= 0 else {
            let error = HostError.last("watch", directory)
            close(queue)
            throw error
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: queue)
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            source.setEventHandler {
                var buffer = [UInt8](repeating: 0, count: 65536)
                while read(queue, &buffer, buffer.count) > 0 {}
                continuation.yield()
            }
            source.setCancelHandler { close(queue) }
            source.activate()
            continuation.onTermination = { _ in source.cancel() }
        }
    }
}
