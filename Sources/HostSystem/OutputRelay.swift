// SPDX-License-Identifier: Apache-2.0

import CLinux
import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// Hands on what programs write to their standard streams, through pipes: with marks before the lines, kept apart where
/// programs run side by side, and with the last lines remembered.
///
/// Of programs that run together the first writes through; what the others write is held back, and when that is too much,
/// they are, until it is their turn. What something that a program left behind writes later is handed on until `close`.
package final class OutputRelay: Sendable {
    /// What is asked for of one program's streams.
    package struct Wish: Sendable {
        /// What each line starts with.
        package var mark: String?
        /// Whether standard output goes through a pipe too, or standard error alone.
        package var takesOutput: Bool
        /// How many of the last lines of standard error are remembered.
        package var rememberedLines: Int

        package init(mark: String? = nil, takesOutput: Bool = true, rememberedLines: Int = 0) {
            self.mark = mark
            self.takesOutput = takesOutput
            self.rememberedLines = rememberedLines
        }
    }

    /// The pipes of one program.
    package struct Channel: Sendable {
        fileprivate let number: Int
        /// The ends that the program writes to, until it has ended.
        fileprivate let output: Int32?
        fileprivate let errorOutput: Int32

        /// What a program is to be given.
        package func streams() throws(HostError) -> CommandRunner.Streams {
            let error = try Self.copy(errorOutput)
            do throws(HostError) {
                return CommandRunner.Streams(output: try output.map(Self.copy), errorOutput: error)
            } catch let failure {
                Glibc.close(error.rawValue)
                throw failure
            }
        }

        private static func copy(_ descriptor: Int32) throws(HostError) -> FileDescriptor {
            let copy = retrying { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
            guard copy >= 0 else { throw .last("copy", "a pipe") }
            return FileDescriptor(rawValue: copy)
        }
    }

    enum Message: Sendable {
        case open(RelayedChannel)
        case finish(Int, CheckedContinuation<[String], Never>)
        case close(CheckedContinuation<Void, Never>)
    }

    private struct Inbox {
        var messages: [Message] = []
        var channels = 0

        mutating func takeMessages() -> [Message] {
            defer { messages = [] }
            return messages
        }
    }

    private let inbox = Mutex(Inbox())
    /// The channels that are to be done with soon, whatever our own streams take.
    private let hurried = Mutex<Set<Int>>([])
    private let wakeEnds: (read: Int32, write: Int32)

    /// - Parameter isStopping: whether all is to be done with soon.
    /// - Throws: `HostError` when there are no descriptors.
    package init(isStopping: @Sendable @escaping () -> Bool = { false }) throws(HostError) {
        wakeEnds = try Self.pipe(O_CLOEXEC | O_NONBLOCK)
        DispatchQueue(label: "os-config.relay").async { [self] in
            var loop = RelayLoop(
                wakeEnd: wakeEnds.read,
                isHurried: { [self] number in isStopping() || hurried.withLock { $0.contains(number) } })
            while loop.run(taking: { [self] in inbox.withLock { $0.takeMessages() } }) {}
        }
    }

    deinit {
        Glibc.close(wakeEnds.read)
        Glibc.close(wakeEnds.write)
    }

    /// Pipes for one program, whose output comes behind that of all for whom there were pipes before.
    package func open(_ wish: Wish) throws(HostError) -> Channel {
        let error = try Self.pipe(O_CLOEXEC)
        var output: (read: Int32, write: Int32)?
        do throws(HostError) {
            if wish.takesOutput { output = try Self.pipe(O_CLOEXEC) }
        } catch let failure {
            for end in [error.read, error.write] { Glibc.close(end) }
            throw failure
        }
        let number = inbox.withLock { inbox in
            inbox.channels += 1
            return inbox.channels
        }
        post(.open(RelayedChannel(number, wish, output: output?.read, errorOutput: error.read)))
        return Channel(number: number, output: output?.write, errorOutput: error.write)
    }

    /// Takes note that the program has ended, and takes in what it has written.
    ///
    /// - Parameter isHurried: gives up what our own standard streams do not take at once.
    /// - Returns: the last lines of its standard error, as many as were asked for.
    package func finish(_ channel: Channel, isHurried: Bool = false) async -> [String] {
        if isHurried { _ = hurried.withLock { $0.insert(channel.number) } }
        for end in [channel.output, channel.errorOutput] { if let end { Glibc.close(end) } }
        return await withCheckedContinuation { post(.finish(channel.number, $0)) }
    }

    /// Writes what is held back, and ends.
    package func close() async {
        await withCheckedContinuation { post(.close($0)) }
    }

    private func post(_ message: Message) {
        inbox.withLock { $0.messages.append(message) }
        var byte: UInt8 = 0
        write(wakeEnds.write, &byte, 1)
    }

    private static func pipe(_ flags: Int32) throws(HostError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard retrying({ os_pipe2(&ends, flags) }) == 0 else { throw .last("make", "a pipe") }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }
}
