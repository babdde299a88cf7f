import HTTPTypes
import Jobs
import Settings

/// What a caller wants besides an answer to his request, whatever the protocol.
struct CallOptions: Sendable, Equatable {
    enum Mode: Sendable, Equatable {
        /// The caller waits for the outcome.
        case synchronous
        /// The caller takes the job's id, and waits for the outcome before that for so long.
        case asynchronous(wait: Duration?)
    }

    /// Makes a repeated submit the same job.
    struct Key: Sendable, Equatable {
        /// With the tenant: one tenant's keys are never another's.
        var text: String
        var repetition: IdempotencyKey.Repetition
    }

    var tenant: String?
    var key: Key?
    var mode: Mode

    /// - Parameter tenantHeader: the name of the header that names the tenant; `nil`: the gateway knows no tenants.
    init(_ headers: HTTPFields, tenantHeader: HTTPField.Name?) throws(CallProblem) {
        tenant = try Self.tenant(headers, tenantHeader)
        key = try Self.key(headers, of: tenant)
        let preferences = Preferences(headers)
        mode = preferences.isAsynchronous ? .asynchronous(wait: preferences.wait) : .synchronous
    }

    private static func tenant(_ headers: HTTPFields, _ name: HTTPField.Name?) throws(CallProblem) -> String? {
        guard let name, let tenant = headers[name] else { return nil }
        guard Tenant.isValid(tenant) else { throw .option("\(name.rawName) must be \(Tenant.allowed)") }
        return tenant
    }

    private static func key(_ headers: HTTPFields, of tenant: String?) throws(CallProblem) -> Key? {
        let repetition: IdempotencyKey.Repetition
        switch headers[.retry]?.lowercased() {
        case nil, "false": repetition = .join
        case "true": repetition = .rerun
        case .some(let other): throw .option("Spate-Retry must be true or false, got: \(other)")
        }
        guard let key = headers[.idempotencyKey] else {
            guard repetition == .join else { throw .option("Spate-Retry: true needs an Idempotency-Key") }
            return nil
        }
        guard (1...256).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .option("Idempotency-Key must be 1 to 256 visible ASCII characters")
        }
        // A space stands in no key and in no tenant's name.
        return Key(text: tenant.map { "\($0) \(key)" } ?? key, repetition: repetition)
    }
}
