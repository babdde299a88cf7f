import Synchronization

/// Where log lines go that must not hold up who writes them: a reader that is there and does not read (a paused pager, a
/// collector that hangs) is waited for once, then lines are dropped and counted until it reads again.
package final class LogStream: Sendable {
    private let descriptor: Int32
    private let patience: Duration
    private let lost = Atomic<Int>(0)

    /// - Parameter patience: how long one line waits for the reader. While lines are being dropped none waits.
    package init(_ descriptor: Int32, patience: Duration = .seconds(1)) {
        self.descriptor = descriptor
        self.patience = patience
    }

    /// - Parameter notice: a line that says that so many were lost; written before the first that gets through again.
    package func write(_ line: String, notice: (Int) -> String) {
        let dropped = lost.load(ordering: .relaxed)
        do throws(StandardStream.Failure) {
            try StandardStream.write(
                dropped > 0 ? notice(dropped) + line : line, to: descriptor,
                patience: .limited(dropped > 0 ? .zero : patience))
            // Where others were dropped meanwhile the next line says it.
            if dropped > 0 { lost.subtract(dropped, ordering: .relaxed) }
        } catch {
            lost.add(1, ordering: .relaxed)
        }
    }
}
