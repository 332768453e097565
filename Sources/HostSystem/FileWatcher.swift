// SPDX-License-Identifier: Apache-2.0

@preconcurrency import Dispatch
import Glibc
package import SystemPackage

/// Tells when something in a directory changes (`inotify(7)`).
package enum FileWatcher {
    /// A value for each burst of changes among the entries of `directory`: written, renamed or removed. The sequence ends when
    /// the directory itself is removed or renamed.
    ///
    /// A file that is made is told when it is closed: what is half written is no change yet.
    ///
    /// - Throws: `HostError` when the directory cannot be watched.
    package static func changes(in directory: FilePath) throws(HostError) -> AsyncStream<Void> {
        try changes(in: [directory], Int32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))
    }

    /// A value for each burst of changes among the entries of any of `directories`, new directories and modes too.
    ///
    /// - Throws: `HostError` when one of them cannot be watched.
    package static func changes(amongAll directories: [FilePath]) throws(HostError) -> AsyncStream<Void> {
        let events =
            IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB
        return try changes(in: directories, events)
    }

    private static func changes(in directories: [FilePath], _ events: Int32) throws(HostError) -> AsyncStream<
        Void
    > {
        let queue = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard queue >= 0 else { throw .last("watch", directories.first ?? "") }
        let events = UInt32(events | Int32(IN_DELETE_SELF | IN_MOVE_SELF))
        for directory in directories {
            guard directory.withPlatformString({ inotify_add_watch(queue, $0, events) }) >= 0 else {
                // Of many, one that went meanwhile is told by its parent.
                if errno == ENOENT, directories.count > 1 { continue }
                let error = HostError.last("watch", directory)
                close(queue)
                throw error
            }
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: queue)
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            source.setEventHandler {
                let isOver = drain(queue)
                continuation.yield()
                if isOver { continuation.finish() }
            }
            source.setCancelHandler { close(queue) }
            source.activate()
            continuation.onTermination = { _ in source.cancel() }
        }
    }

    /// Takes all events from the queue; true when one tells that the directory is not there any more.
    private static func drain(_ queue: Int32) -> Bool {
        var isOver = false
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(queue, &buffer, buffer.count), count > 0 {
            var offset = 0
            while offset + MemoryLayout<inotify_event>.size <= count {
                let event = buffer.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                }
                isOver = isOver || event.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) != 0
                offset += MemoryLayout<inotify_event>.size + Int(event.len)
            }
        }
        return isOver
    }
}
