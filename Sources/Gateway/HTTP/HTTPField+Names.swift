import HTTPTypes

/// Fields of every protocol of this gateway.
extension HTTPField.Name {
    static let idempotencyKey = named("Idempotency-Key")
    static let retry = named("Spate-Retry")
    static let prefer = named("Prefer")
    static let preferenceApplied = named("Preference-Applied")
    static let jobID = named("Spate-Job-Id")
    static let jobStatus = named("Spate-Job-Status")

    static func named(_ name: StaticString) -> Self {
        guard let name = Self(name.description) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}
