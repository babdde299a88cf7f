/// How much time an order has left: 5 s from its beginning, and no longer than whoever gave it may act.
///
/// A call that is sent ends within it. So a server that stands still holds nobody up for long, and what an answer says is
/// not acted on by somebody who has been replaced meanwhile.
struct OrderTime: Sendable {
    static let limit = Duration.seconds(5)

    private let authority: @Sendable () -> Duration?
    private let elapsed: @Sendable () -> Duration

    init(_ authority: @escaping @Sendable () -> Duration?, on clock: some Clock<Duration>) {
        self.authority = authority
        let begun = clock.now
        elapsed = { begun.duration(to: clock.now) }
    }

    /// - Throws: when nothing may be sent any more.
    func remaining() throws(KubernetesError) -> Duration {
        guard let term = authority(), term > .zero else {
            throw KubernetesError(.deposed, "whoever ordered it may not act any more")
        }
        let rest = min(Self.limit - elapsed(), term)
        guard rest > .zero else {
            throw KubernetesError(.unreachable, "the time for the order was over after \(Self.limit)")
        }
        return rest
    }
}
