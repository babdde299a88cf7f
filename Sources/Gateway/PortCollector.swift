import Settings
import Synchronization

/// Waits for both ports to be bound and tells them once.
final class PortCollector: Sendable {
    private let settings: GatewaySettings
    private let onListening: @Sendable (GatewayService.Addresses) -> Void
    private let ports = Mutex<(main: Int?, admin: Int?)>((nil, nil))

    init(_ settings: GatewaySettings, onListening: @escaping @Sendable (GatewayService.Addresses) -> Void) {
        self.settings = settings
        self.onListening = onListening
    }

    func bound(main port: Int) {
        tell(
            ports.withLock {
                $0.main = port; return $0
            })
    }

    func bound(admin port: Int) {
        tell(
            ports.withLock {
                $0.admin = port; return $0
            })
    }

    private func tell(_ ports: (main: Int?, admin: Int?)) {
        guard let main = ports.main, let admin = ports.admin else { return }
        onListening(
            GatewayService.Addresses(
                host: settings.host, port: main, adminHost: settings.adminHost, adminPort: admin))
    }
}
