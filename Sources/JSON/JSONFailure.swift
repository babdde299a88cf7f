/// An error that can say that a text is no JSON, or not the JSON that was asked for.
@usableFromInline package protocol JSONFailure: Error {
    /// - Parameter message: what was expected, what was found, and at which byte.
    init(malformed message: String)
}
