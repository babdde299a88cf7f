/// Why a worker ended other than by draining. The process exits with `exitCode`, so that whoever started it
/// can tell the cases apart without reading logs.
package struct WorkerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// None of the models that the worker should serve could be loaded, or none names its pool.
        case noModel
        /// A run took longer than the watchdog's bound; the thread that runs it cannot be ended.
        case hungRun
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

    /// | code | meaning | numbers after sysexits.h where one fits |
    /// |---|---|---|
    /// | 69 | no model can be served | EX_UNAVAILABLE |
    /// | 70 | a run hung | EX_SOFTWARE |
    /// | 75 | cut short while draining | EX_TEMPFAIL |
    package var exitCode: Int32 {
        switch code {
        case .noModel: 69
        case .hungRun: 70
        case .cutShort: 75
        }
    }
}
