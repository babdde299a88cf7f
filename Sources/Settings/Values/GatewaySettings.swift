/// The front door: addresses, bounds and waits.
package struct GatewaySettings: Sendable, Equatable {
    /// Address that the inference port listens on. Default `127.0.0.1`: this machine only.
    package var host: String
    /// Port of the inference protocols; 0 takes a free one. Default 8000.
    package var port: Int
    /// Address that administration and metrics listen on. Default `127.0.0.1`: this machine only, whatever `host` says.
    package var adminHost: String
    /// Port of administration and metrics; 0 takes a free one. Default 8002.
    package var adminPort: Int
    /// Names besides those of the loopback that requests to an administration port on the loopback may have in `Host`: those of
    /// a proxy in front. Default none.
    package var adminNames: [String]
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
    /// How long a connection without a request is kept. Default 75 s; above that of a balancer in front, else it sends requests
    /// into connections that are being closed.
    package var idleTimeout: Duration
    /// How long a request may take to come: its head, then its body, which has a second more for each KiB. Default 60 s.
    package var receiveTimeout: Duration
    /// How long the client may take to read 64 KiB of an answer. Default 30 s.
    package var sendTimeout: Duration
    /// Most connections that are served at once. `nil`, the default: what the limit of open files leaves.
    package var maximumConnections: Int?
    /// Most bytes of answers that clients have not read yet. Default 256 MiB.
    package var maximumAnswers: Int

    package init(
        host: String = "127.0.0.1",
        port: Int = 8000,
        adminHost: String = "127.0.0.1",
        adminPort: Int = 8002,
        adminNames: [String] = [],
        maximumBody: Int = 64 << 20,
        maximumBodies: Int = 1 << 30,
        requestTimeout: Duration = .seconds(30),
        retention: Duration = .seconds(600),
        maximumWait: Duration = .seconds(60),
        tenantHeader: String = "Spate-Tenant",
        idleTimeout: Duration = .seconds(75),
        receiveTimeout: Duration = .seconds(60),
        sendTimeout: Duration = .seconds(30),
        maximumConnections: Int? = nil,
        maximumAnswers: Int = 256 << 20
    ) {
        self.host = host
        self.port = port
        self.adminHost = adminHost
        self.adminPort = adminPort
        self.adminNames = adminNames
        self.maximumBody = maximumBody
        self.maximumBodies = maximumBodies
        self.requestTimeout = requestTimeout
        self.retention = retention
        self.maximumWait = maximumWait
        self.tenantHeader = tenantHeader
        self.idleTimeout = idleTimeout
        self.receiveTimeout = receiveTimeout
        self.sendTimeout = sendTimeout
        self.maximumConnections = maximumConnections
        self.maximumAnswers = maximumAnswers
    }
}
