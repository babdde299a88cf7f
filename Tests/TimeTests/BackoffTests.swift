import Random
import Testing
import Time

@Suite struct BackoffTests {
    @Test("doubles from the first pause to the longest, and begins anew after a success")
    func doubles() {
        var backoff = Backoff(first: .milliseconds(50), longest: .seconds(2))
        let pauses = (0..<8).map { _ in backoff.failed() }
        #expect(pauses == [50, 100, 200, 400, 800, 1_600, 2_000, 2_000].map { .milliseconds($0) })
        backoff.succeeded()
        #expect(backoff.failed() == .milliseconds(50))
    }

    @Test("jitter keeps to the upper half, and thousands of failures do not overflow")
    func jitter() {
        var generator = SeededGenerator(seed: 3)
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(10))
        for failures in 1...5_000 {
            let pause = backoff.failed(using: &generator)
            let whole = Backoff.pause(after: failures, first: .milliseconds(100), longest: .seconds(10))
            #expect(pause >= whole / 2 && pause <= whole)
        }
    }
}
