import Scaler
import ServiceLifecycle
import UnixSignals

/// Has the scaler read its files again on SIGHUP.
struct ReloadSignal: Service {
    let scaler: ScalerService

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in signals { await scaler.reloadNow() }
        }
    }
}
