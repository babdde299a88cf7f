import Clocks
import Jobs
import Logging
import TestKit
import TestSupport
import Testing
import Time

@testable import Gateway

@Suite struct JobTicketTests {
    private func signer(_ byte: UInt8) throws -> JobSigner {
        JobSigner(secret: try #require(JobSecret(Array(repeating: byte, count: 32))))
    }

    private func id(_ sequence: UInt64 = 0) throws -> JobID {
        JobID(
            queue: try #require(QueueName(model: "digits", version: "1")), priority: .normal,
            entry: EntryID(milliseconds: 1_732_163_000_000, sequence: sequence))
    }

    @Test("the text form is fixed: the id, and 128 bits of HMAC-SHA-256 over it")
    func textForm() throws {
        let ticket = try signer(7).ticket(for: id())
        #expect(ticket.description == "digits.1.normal.1732163000000-0.5c26c519a043e6119a4172598f4b8e4d")
        #expect(ticket.path == "/v2/jobs/\(ticket)")
        #expect(try signer(7).open(ticket.description) == ticket)
    }

    @Test("opens nothing but what was signed with its secret")
    func refusesOthers() throws {
        let text = try signer(7).ticket(for: id()).description
        #expect(try signer(8).open(text) == nil)
        #expect(try signer(7).open(id().description) == nil)
        let tag = try #require(text.split(separator: ".").last)
        for other in [
            "digits.1.normal.1732163000000-1.\(tag)", "digits.1.high.1732163000000-0.\(tag)",
            "digits.2.normal.1732163000000-0.\(tag)", "\(text)0", String(text.dropLast()), text.uppercased(),
            "digits.1.normal.1732163000000-0.", "digits.1.normal.1732163000000-0.\(String(repeating: "0", count: 32))",
            "", ".", tag.description,
        ] { #expect(try signer(7).open(other) == nil, "\(other)") }
        // One bit off, wherever it is.
        var bytes = Array(text.utf8)
        for index in bytes.indices {
            bytes[index] ^= 1
            #expect(try signer(7).open(String(decoding: bytes, as: UTF8.self)) == nil, "byte \(index)")
            bytes[index] ^= 1
        }
    }

    @Test("tags of neighbouring jobs have nothing in common")
    func tagsDiffer() throws {
        let signer = try signer(1)
        let tags = try (0..<2_000).map { try String(signer.ticket(for: id($0)).description.suffix(32)) }
        #expect(Set(tags).count == 2_000)
        #expect(Set(tags.map { $0.prefix(6) }).count > 1_990)
    }
}

@Suite struct JobTicketsTests {
    private func tickets(_ queue: ModelQueue) -> JobTickets {
        JobTickets(
            queue: queue, clock: WaitClock(ContinuousClock()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private let id = QueueName(model: "m", version: "1").map {
        JobID(queue: $0, priority: .low, entry: EntryID(milliseconds: 5, sequence: 1))
    }

    @Test("any gateway of a cluster opens what another gave out, and no other cluster's does")
    func sharesTheSecret() async throws {
        let id = try #require(id)
        let queue = ModelQueue(clock: ManualClock())
        let text = try await tickets(queue).signer().ticket(for: id).description
        #expect(try await tickets(queue).open(text)?.id == id)
        #expect(try await tickets(ModelQueue(clock: ManualClock())).open(text) == nil)
    }

    @Test("writes the secret back when the store lost it")
    func restoresTheSecret() async throws {
        let id = try #require(id)
        let queue = ModelQueue(clock: ManualClock())
        let first = tickets(queue)
        let text = try await first.signer().ticket(for: id).description
        queue.forgetSecret()
        // Any ticket that it cannot open makes it look.
        #expect(try await first.open("m.1.low.5-1.0") == nil)
        #expect(try await tickets(queue).open(text)?.id == id)
    }

    @Test("goes on opening its own tickets after another secret took the place of a lost one")
    func acceptsTheOneBefore() async throws {
        let id = try #require(id)
        let queue = ModelQueue(clock: ManualClock())
        let (first, second) = (tickets(queue), tickets(queue))
        let old = try await first.signer().ticket(for: id).description
        queue.forgetSecret()
        let new = try await second.signer().ticket(for: id).description
        #expect(new != old)
        #expect(try await first.open(new)?.id == id)
        #expect(try await first.open(old)?.id == id)
    }

    @Test("a gateway that knows no secret yet asks for it as often as it is asked")
    func asksUntilItKnows() async throws {
        let id = try #require(id)
        let queue = ModelQueue(clock: ManualClock())
        let text = try await tickets(queue).signer().ticket(for: id).description
        let fresh = tickets(queue)
        queue.fail(with: QueueError(.unavailable, "away"))
        await #expect(throws: QueueError.self) { try await fresh.open(text) }
        queue.fail(with: nil)
        #expect(try await fresh.open(text)?.id == id)
    }

    @Test("says that the store is away, and does not call a job unknown")
    func tellsOutages() async throws {
        let queue = ModelQueue(clock: ManualClock())
        queue.fail(with: QueueError(.unavailable, "away"))
        await #expect(throws: QueueError.self) { try await tickets(queue).open("m.1.low.5-1.0") }
    }
}
