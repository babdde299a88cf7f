import Synchronization
package import Time

/// Where the scaler leaves what it decided and the server of KEDA's calls finds it.
///
/// Safe from any thread; publishing wakes the open streams and never waits for them: a slow stream misses all but the
/// newest count.
package final class DesiredCountBoard: Sendable {
    fileprivate struct State {
        var pools: Set<String>
        var counts: [String: DesiredCount] = [:]
        var watches: [UInt64: (pool: String, signal: AsyncStream<Void>.Continuation)] = [:]
        var nextWatch: UInt64 = 0
        var isClosed = false
    }

    private let time: any TimeSource
    private let staleAfter: Duration
    private let streamLimit: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - pools: the pools that KEDA may ask for.
    ///   - time: the clock that `DesiredCount.at` is of.
    ///   - staleAfter: age at which a count is no longer told. Default 10 s: ten of the scaler's slowest looks.
    ///   - streamLimit: open streams, over all pools. Default 1,000; two for each ScaledObject suffice.
    package init(
        pools: some Sequence<String>, time: any TimeSource, staleAfter: Duration = .seconds(10),
        streamLimit: Int = 1_000
    ) {
        self.time = time
        self.staleAfter = staleAfter
        self.streamLimit = streamLimit
        state = Mutex(State(pools: Set(pools)))
    }

    // MARK: The scaler's side

    /// Replaces the counts of these pools. One that is older than what is there, or of an unknown pool, changes nothing.
    package func publish(_ counts: [DesiredCount]) {
        let signals = state.withLock { state -> [AsyncStream<Void>.Continuation] in
            var changed: Set<String> = []
            for count in counts where state.pools.contains(count.pool) {
                if let before = state.counts[count.pool] {
                    guard before.at <= count.at else { continue }
                    if before.isActive != count.isActive || before.count != count.count { changed.insert(count.pool) }
                } else {
                    changed.insert(count.pool)
                }
                state.counts[count.pool] = count
            }
            return state.watches.values.filter { changed.contains($0.pool) }.map(\.signal)
        }
        for signal in signals { signal.yield() }
    }

    /// The pools after a change of the configuration. Streams of a pool that is gone end.
    package func configure(pools: some Sequence<String>) {
        let pools = Set(pools)
        let signals = state.withLock { state in
            state.pools = pools
            state.counts = state.counts.filter { pools.contains($0.key) }
            return state.watches.values.filter { !pools.contains($0.pool) }.map(\.signal)
        }
        for signal in signals { signal.finish() }
    }

    /// Wakes the streams of pools whose count became too old, so that they end. The service calls it now and then.
    package func endStaleStreams() {
        let now = time.now()
        let signals = state.withLock { state in
            state.watches.values.filter { watch in
                state.counts[watch.pool].map { now - $0.at > staleAfter } ?? false
            }.map(\.signal)
        }
        for signal in signals { signal.yield() }
    }

    // MARK: The server's side

    /// What KEDA may be told now.
    package func count(of pool: String) throws(NoCount) -> DesiredCount {
        let now = time.now()
        let result = state.withLock { state -> Result<DesiredCount, NoCount> in
            if let reason = state.refusal(of: pool) { return .failure(reason) }
            guard let count = state.counts[pool] else { return .failure(.notYet) }
            let age = now - count.at
            return age > staleAfter ? .failure(.stale(age: age, limit: staleAfter)) : .success(count)
        }
        return try result.get()
    }

    /// Whether the pool may be asked for, with or without a count.
    func check(_ pool: String) throws(NoCount) {
        if let reason = state.withLock({ $0.refusal(of: pool) }) { throw reason }
    }

    /// Wakes at every change of the pool's count, until `unwatch`, `close`, or the pool is gone.
    func watch(_ pool: String) throws(NoCount) -> Watch {
        // Only the newest signal matters: the reader reads the count itself.
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let result = state.withLock { state -> Result<UInt64, NoCount> in
            if let reason = state.refusal(of: pool) { return .failure(reason) }
            guard state.watches.count < streamLimit else { return .failure(.tooManyStreams(limit: streamLimit)) }
            let id = state.nextWatch
            state.nextWatch += 1
            state.watches[id] = (pool, continuation)
            return .success(id)
        }
        return Watch(id: try result.get(), signals: signals, continuation: continuation)
    }

    func unwatch(_ watch: Watch) {
        state.withLock { _ = $0.watches.removeValue(forKey: watch.id) }
        watch.end()
    }

    /// Ends all streams and refuses new ones.
    func close() {
        let signals = state.withLock { state in
            state.isClosed = true
            return state.watches.values.map(\.signal)
        }
        for signal in signals { signal.finish() }
    }

    /// The streams that are open.
    package var openStreams: Int { state.withLock { $0.watches.count } }

    /// A reader of the changes of one pool.
    struct Watch: Sendable {
        fileprivate let id: UInt64
        let signals: AsyncStream<Void>
        fileprivate let continuation: AsyncStream<Void>.Continuation

        /// Ends the reader's loop.
        func end() { continuation.finish() }
    }
}

extension DesiredCountBoard.State {
    fileprivate func refusal(of pool: String) -> NoCount? {
        if isClosed { return .closed }
        return pools.contains(pool) ? nil : .unknownPool(known: pools.sorted())
    }
}
