import Jobs
import Settings
import Synchronization
import Clocks

/// A loaded model with the parts that serve it.
struct ServedModel: Sendable {
    let settings: ModelSettings
    let runner: ModelRunner
    let taker: TakeLoop
    let model: LoadedModel
}

/// The signals of all take loops, for what concerns each of them (the writer has room again).
final class Wakers: Sendable {
    private let signals = Mutex<[Signal]>([])

    func add(_ signal: Signal) { signals.withLock { $0.append(signal) } }

    func wakeAll() {
        for signal in signals.withLock({ $0 }) { signal.raise() }
    }
}
