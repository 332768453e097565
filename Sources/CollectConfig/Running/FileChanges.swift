// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// Tells when files or directories change that need not be there yet.
struct FileChanges: Sendable {
    let paths: [FilePath]

    /// How long what is written in several steps may take to settle.
    private static let settling = Duration.milliseconds(20)

    private static let glance = Duration.seconds(1)

    /// Calls `changed` each time one of the paths has become another file or has other entries, until the task is cancelled.
    func follow(_ changed: @Sendable () -> Void) async {
        guard !paths.isEmpty else { return }
        var known = signature
        while !Task.isCancelled {
            // A directory that is there now may not have been a moment ago.
            guard let changes = try? FileWatcher.changes(amongAll: directories) else {
                // Without inotify, or with a directory that is just going: looked at now and then.
                guard (try? await Task.sleep(for: Self.glance)) != nil else { return }
                if note(&known) { changed() }
                continue
            }
            if note(&known) { changed() }
            let watched = directories
            for await _ in changes {
                try? await Task.sleep(for: Self.settling)
                if note(&known) { changed() }
                if directories != watched { break }
            }
        }
    }

    /// Waits for a change, or until the task is cancelled.
    func next() async {
        await withTaskGroup(of: Void.self) { group in
            let (first, told) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                await follow { told.finish() }
                told.finish()
            }
            for await _ in first {}
            group.cancelAll()
        }
    }

    private func note(_ known: inout [Entry]) -> Bool {
        let current = signature
        defer { known = current }
        return current != known
    }

    /// The directories to watch: of each path itself if it is one, and the nearest one above it that is there.
    private var directories: [FilePath] {
        var directories: [FilePath] = []
        for path in paths {
            var directory = FileContents.isDirectory(path) ? path : Self.parent(of: path)
            while !FileContents.isDirectory(directory), Self.parent(of: directory) != directory {
                directory = Self.parent(of: directory)
            }
            if !directories.contains(directory) { directories.append(directory) }
            let above = Self.parent(of: path)
            if FileContents.isDirectory(above), !directories.contains(above) { directories.append(above) }
        }
        return directories
    }

    private static func parent(of path: FilePath) -> FilePath {
        let parent = path.removingLastComponent()
        return parent.isEmpty ? "." : parent
    }

    private struct Entry: Equatable {
        let path: FilePath
        let version: FileContents.Version
    }

    /// What tells one state of the paths from another.
    private var signature: [Entry] {
        paths.flatMap { path -> [Entry] in
            guard let version = FileContents.version(path) else { return [] }
            let entries = (try? DirectoryListing.entries(of: path)) ?? []
            return [Entry(path: path, version: version)]
                + entries.compactMap { entry in
                    let path = path.appending(entry.name)
                    return FileContents.version(path).map { Entry(path: path, version: $0) }
                }
        }
    }
}
