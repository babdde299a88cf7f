import ArgumentParser
import Jobs
import RedisClient
import Worker

/// Ends the process with one clear sentence and a status that tells the case.
enum RoleFailure {
    /// sysexits.h: 69 unavailable, 78 configuration; a worker's own codes stay.
    static func exit(_ error: any Error) -> any Error {
        if let code = error as? ExitCode { return code }
        Terminal.error("spate: \(error)")
        switch error {
        case let error as WorkerError: return ExitCode(error.exitCode)
        case let error as QueueError where error.code == .misconfigured || error.code == .unauthorized:
            return ExitCode(78)
        case let error as RedisError where error.code == .invalidURL: return ExitCode(78)
        default: return ExitCode(69)
        }
    }
}
