import Jobs

/// The JSON form of a job that has no outcome to show (yet).
struct JobStatusBody: Encodable {
    var id: String
    var model_name: String
    var model_version: String
    var status: String
    var expected_wait_ms: Int64?
    var error: String?
    var code: String?
    var attempts: Int?
}

extension JobStatusBody {
    mutating func note(_ ending: Outcome.Ending) {
        status = ending.name
        switch ending {
        case .finished: break
        case .failed(let failure):
            error = failure.message
            code = failure.code.name
            attempts = failure.attempts
        case .expired: error = "its deadline passed before it could run"
        case .cancelled(let reason): error = reason
        }
    }
}
