/// Never leads and never contends: for a scaler that only says what it would do.
package struct Bystander: Leadership {
    package init() {}

    package func run() async {}

    package func term() -> LeadershipTerm? { nil }

    package func remaining() -> Duration? { nil }

    package func terms() -> AsyncStream<LeadershipTerm?> {
        AsyncStream { continuation in
            continuation.yield(nil)
            continuation.finish()
        }
    }
}
