import CProcess
import Glibc
import UnixSignals

/// What SIGHUP means to this process.
enum TerminalSignal {
    /// With a terminal it says that the terminal was closed: the process drains as after Ctrl-C. Without one, as under a
    /// service manager, it asks to read the files again; so it does to what was started to outlive its terminal (nohup).
    static let isOfTerminal: Bool = {
        guard !spate_outlives_terminal() else { return false }
        let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }()

    /// Signals that drain what may be asked to read its files again.
    static var draining: [UnixSignal] { isOfTerminal ? [.sigterm, .sigint, .sighup] : [.sigterm, .sigint] }

    /// Signals that end everything else.
    static var ending: [UnixSignal] {
        spate_outlives_terminal() ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }
}
