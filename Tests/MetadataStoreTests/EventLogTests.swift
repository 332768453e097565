// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import Testing

@Suite("The last changes of a store")
struct EventLogTests {
    private func event(_ revision: Int) -> StoreEvent {
        StoreEvent(revision: revision, kind: .changed, node: "n", author: "", time: 0)
    }

    @Test("older ones are forgotten, and whoever asks for them is told so")
    func forgetting() throws {
        let log = EventLog(limit: 10)
        for revision in 1...21 { log.publish([event(revision)]) }
        #expect(throws: StoreError.forgotten) { try log.events(after: 5) }
        _ = try log.events(after: 11)
    }

    @Test("a follower that does not read is let go, and the others go on")
    func slowFollower() async throws {
        let log = EventLog(limit: 10)
        let slow = try log.events(after: nil)
        for revision in 1...100 { log.publish([event(revision)]) }
        var heard = 0
        for await _ in slow.following { heard += 1 }
        #expect(heard == 40)
    }

    @Test("closing ends those who follow, and those who come later")
    func closing() async throws {
        let log = EventLog()
        let stream = try log.events(after: nil)
        log.close()
        for await _ in stream.following { Issue.record("an event") }
        for await _ in try log.events(after: nil).following { Issue.record("an event") }
    }
}
