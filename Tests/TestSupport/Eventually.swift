/// Waits until `condition` holds and looks every 2 ms: who looks all the time takes the processor from what he waits for.
///
/// - Throws: what `condition` throws, `NeverCame` after `limit`, `CancellationError`.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverCame(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

package struct NeverCame: Error, CustomStringConvertible {
    let what: String
    let limit: Duration

    package var description: String { "\(what) did not come within \(limit)" }
}
