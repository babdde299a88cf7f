/// Gives epochs to terms whose lease something other than Redis keeps, for example a Lease of Kubernetes.
package protocol TermRegistry: Sendable {
    /// The epoch of a term, to be asked for after the lease is won and before anything is done with it, and every few seconds while it
    /// is held: a registry that lost the record refuses all writes until then. Idempotent for the same term and holder.
    ///
    /// The authority's own number is not the epoch: it starts again when the lease is deleted, and epochs never fall.
    ///
    /// - Parameters:
    ///   - authority: which lease, unique over its life: for Kubernetes `<namespace>/<name>/<metadata.uid>`.
    ///   - term: the authority's number, greater in each later term: for Kubernetes `leaseTransitions`.
    ///   - holder: unique per boot of a process.
    ///   - newestEpoch: the greatest that the holder has seen, its own or another's; one that is new is above it.
    ///   - own: what the term got before; `nil` at first.
    /// - Returns: the epoch, a new one where the registry had forgotten the term; `nil` when a later term of the authority has
    ///   registered: its holder leads, not this one.
    func register(
        authority: String, term: Int64, holder: String, newestEpoch: Int64, own: Int64?
    ) async throws(QueueError) -> Int64?

    /// The epoch of the newest term, whoever holds it; 0 where there was none.
    func newestEpoch() async throws(QueueError) -> Int64
}
