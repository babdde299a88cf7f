import Glibc
import UnixSignals

/// What SIGHUP means to this process.
enum TerminalSignal {
    /// With a terminal it says that the terminal was closed: the process drains as after Ctrl-C. Without one, as under a
    /// service manager, it asks to read the files again.
    static let isOfTerminal: Bool = {
        let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }()

    /// Signals that drain.
    static var draining: [UnixSignal] { isOfTerminal ? [.sigterm, .sigint, .sighup] : [.sigterm, .sigint] }
}
