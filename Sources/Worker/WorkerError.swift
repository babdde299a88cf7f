/// Why a worker ended other than by draining. The process exits with `exitCode`, so that whoever started it
/// can tell the cases apart without reading logs.
package struct WorkerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// None of the models that the worker should serve could be loaded, or none names its pool.
        case noModel
        /// A run took longer than the watchdog's bound; the thread that runs it cannot be ended.
        case hungRun
        /// Loading or warming a model took longer than its bound; the thread that does it cannot be ended.
        case hungLoad
        /// It was told to stop while it loaded a model: it holds no job, and did not wait for it.
        case stoppedLoading
        /// It was told twice to stop, or did not finish within the drain time-out; what it held was given back.
        case cutShort
    }

    package var code: Code
    /// What failed, on which model, what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Whether a thread may still be inside a backend: then end the process without waiting for it.
    package var leavesThread: Bool {
        switch code {
        case .hungRun, .hungLoad, .stoppedLoading, .cutShort: true
        case .noModel: false
        }
    }

    /// | code | meaning | numbers after sysexits.h where one fits |
    /// |---|---|---|
    /// | 0 | told to stop while it loaded | EX_OK |
    /// | 69 | no model can be served | EX_UNAVAILABLE |
    /// | 70 | a run or a load hung | EX_SOFTWARE |
    /// | 75 | cut short while draining | EX_TEMPFAIL |
    package var exitCode: Int32 {
        switch code {
        case .noModel: 69
        case .hungRun, .hungLoad: 70
        case .stoppedLoading: 0
        case .cutShort: 75
        }
    }
}
