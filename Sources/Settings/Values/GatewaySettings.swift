/// The front door: addresses, bounds and waits.
package struct GatewaySettings: Sendable, Equatable {
    /// Address that both ports listen on. Default `127.0.0.1`: this machine only.
    package var host: String
    /// Port of the inference protocols; 0 takes a free one. Default 8000.
    package var port: Int
    /// Port of administration and metrics; 0 takes a free one. Default 8002.
    package var adminPort: Int
    /// Largest accepted request body after decompression, bytes; a larger one gets 413. Default 64 MiB.
    package var maximumBody: Int
    /// Most bytes of all request bodies and their tensors that the gateway holds at once; above it 503. Default 1 GiB,
    /// never below five times `maximumBody`: a JSON body of that size can hold tensors of four times as much.
    package var maximumBodies: Int
    /// How long a synchronous request waits when it names no time-out; then it gets 504 with the job's id.
    /// Default 30 s.
    package var requestTimeout: Duration
    /// How long the outcome of an asynchronous job is kept after it was settled. Default 10 min.
    package var retention: Duration
    /// Longest long-poll; a longer `wait` is cut to it. Default 60 s.
    package var maximumWait: Duration
    /// Name of the header that names the caller's tenant. Default `Spate-Tenant`.
    package var tenantHeader: String

    package init(
        host: String = "127.0.0.1",
        port: Int = 8000,
        adminPort: Int = 8002,
        maximumBody: Int = 64 << 20,
        maximumBodies: Int = 1 << 30,
        requestTimeout: Duration = .seconds(30),
        retention: Duration = .seconds(600),
        maximumWait: Duration = .seconds(60),
        tenantHeader: String = "Spate-Tenant"
    ) {
        self.host = host
        self.port = port
        self.adminPort = adminPort
        self.maximumBody = maximumBody
        self.maximumBodies = maximumBodies
        self.requestTimeout = requestTimeout
        self.retention = retention
        self.maximumWait = maximumWait
        self.tenantHeader = tenantHeader
    }
}
