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
        // One writer tells of the lost ones; who comes meanwhile has none to tell of, and does not wait either.
        let seen = lost.load(ordering: .relaxed)
        let isTold = seen > 0 && lost.compareExchange(expected: seen, desired: 0, ordering: .relaxed).exchanged
        let dropped = isTold ? seen : 0
        do throws(StandardStream.Failure) {
            try StandardStream.write(
                dropped > 0 ? notice(dropped) + line : line, to: descriptor,
                patience: .limited(seen > 0 ? .zero : patience))
        } catch {
            lost.add(dropped + 1, ordering: .relaxed)
        }
    }
}
