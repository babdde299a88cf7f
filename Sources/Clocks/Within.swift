/// Waits for `body`, at most `limit`; then `body` is cancelled and awaited, so it must end soon after.
/// - Returns: whether it ended by itself.
package func within(
    _ limit: Duration, clock: any Clock<Duration>, _ body: @escaping @Sendable () async -> Void
) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
        group.addTask {
            await body()
            return true
        }
        group.addTask {
            // Cancelled when the body was faster.
            try? await clock.sleep(for: limit)
            return false
        }
        let isDone = await group.next() ?? false
        group.cancelAll()
        return isDone
    }
}
