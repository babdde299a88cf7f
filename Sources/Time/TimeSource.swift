/// Where a role reads the cluster's common time: Redis time in production, a manual clock in tests.
///
/// Cheap (no I/O per call) and safe from any thread.
package protocol TimeSource: Sendable {
    func now() -> Timestamp
}
