// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import Testing

@testable import MetadataServer

@Suite("Waiting for a change", .timeLimit(.minutes(1)))
struct ChangeFeedTests {
    private let feed = ChangeFeed()

    private func change(_ node: String, _ kind: StoreEvent.Kind = .changed) {
        feed.publish([StoreEvent(revision: 1, kind: kind, node: node, author: "", time: 0)])
    }

    @Test("a change wakes those who wait for its node, and is not missed in between")
    func waking() async {
        let seen = feed.revision(of: "a")
        async let waiting: Void = feed.wait(for: "a", beyond: seen, Waiter())
        change("a")
        await waiting
        await feed.wait(for: "a", beyond: seen, Waiter())
        #expect(feed.revision(of: "a") == seen + 1)
        #expect(feed.waiting == 0)
    }

    @Test("another node's change and a signal wake nobody; whoever is released is forgotten")
    func releasing() async {
        let waiter = Waiter()
        async let waiting: Void = feed.wait(for: "a", beyond: 0, waiter)
        while feed.waiting == 0 { await Task.yield() }
        change("b")
        change("a", .signalled)
        #expect(feed.waiting == 1)
        waiter.release()
        await waiting
        #expect(feed.waiting == 0)
        // A waiter that was released before it waits does not.
        await feed.wait(for: "a", beyond: 0, waiter)
        #expect(feed.waiting == 0)
    }

    @Test("a task that is cancelled does not wait")
    func cancelling() async {
        let task = Task { await feed.wait(for: "a", beyond: 0, Waiter()) }
        while feed.waiting == 0 { await Task.yield() }
        task.cancel()
        await task.value
        #expect(feed.waiting == 0)
    }

    @Test("closing lets everybody go, those to come too")
    func closing() async {
        async let waiting: Void = feed.wait(for: "a", beyond: 0, Waiter())
        feed.close()
        await waiting
        await feed.wait(for: "b", beyond: 0, Waiter())
    }
}
