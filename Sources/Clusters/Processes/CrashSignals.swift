import CProcess
import Glibc

/// What becomes of a process that crashes.
package enum CrashSignals {
    /// A crash (SIGSEGV, SIGFPE, SIGABRT and so on) ends this process at once from now on. Where `swift-backtrace` is
    /// installed it would keep the process for seconds, and its jobs with it, and print what memory holds, callers' tensors
    /// among it. Whoever sets `SWIFT_BACKTRACE` wants the backtrace and gets it.
    package static func endAtOnce() {
        guard let wish = getenv("SWIFT_BACKTRACE").map({ String(cString: $0) }), !wish.contains("enable=no") else {
            return spate_crash_at_once()
        }
    }
}
