import Glibc
import Testing

@testable import Clusters

/// The API server of `Tests/Drivers/kubernetes_server.py` (kmock) as a child of the test program.
final class KubernetesServer: Sendable {
    @TaskLocal static var current: KubernetesServer?

    private static let root = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()
    private static let python =
        getenv("SPATE_TEST_PYTHON").map { String(cString: $0) } ?? root + "/.spate/venv-test/bin/python"

    /// Why there can be no server on this machine; `nil` if there can.
    static let problem: String? = {
        guard access(python, X_OK) == 0 else { return "there is no \(python): cluster/setup/setup.sh test makes it" }
        return system("\(python) -c 'import kmock' >/dev/null 2>&1") == 0
            ? nil : "\(python) has no kmock: cluster/setup/setup.sh test installs it"
    }()

    let address: String
    /// The same server by TLS; its certificate is signed by `authority`.
    let secureAddress: String
    let authority: String
    /// Of the certificates; a test may put files there.
    var folder: String { String(authority.dropLast("/ca.pem".count)) }
    private let connector: HTTPConnector

    private init(address: String, secureAddress: String, authority: String) throws {
        self.address = address
        self.secureAddress = secureAddress
        self.authority = authority
        connector = try HTTPConnector(.server(url: address, certificateAuthority: nil))
    }

    static func withServer(_ body: () async throws -> Void) async throws {
        let children = try ChildProcesses()
        try await withFIFO { fifo in
            let folder = String(fifo.path.dropLast("/fifo".count))
            let certificates = folder + "-certificates"
            defer { _ = system("rm -rf \(certificates)") }
            try #require(
                await blocking { system(certificateScript(certificates)) } == 0, "openssl made no certificates")
            let process = try await children.start(
                ChildProgram(
                    path: python,
                    arguments: [
                        root + "/Tests/Drivers/kubernetes_server.py", fifo.path, certificates + "/server.pem",
                        certificates + "/server.key",
                    ], logPath: folder + "/log"))
            let addresses = await fifo.readLine().split(separator: " ").map(String.init)
            do {
                try #require(addresses.count == 2, "the server did not start")
                let server = try KubernetesServer(
                    address: addresses[0], secureAddress: addresses[1], authority: certificates + "/ca.pem")
                try await $current.withValue(server) { try await body() }
            } catch {
                await process.terminate(within: .seconds(10))
                throw error
            }
            await process.terminate(within: .seconds(10))
            if let log = contents(of: folder + "/log"), log.contains("Traceback") { Issue.record("\(log)") }
        }
    }

    /// An authority, a server's certificate signed by it, and another authority that signed nothing.
    private static func certificateScript(_ folder: String) -> String {
        """
        set -e; mkdir -p \(folder); cd \(folder); exec >/dev/null 2>&1
        new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        openssl req -x509 $new -days 2 -subj '/CN=Test authority' -keyout ca.key -out ca.pem
        openssl req -x509 $new -days 2 -subj '/CN=Other authority' -keyout other.key -out other.pem
        openssl req $new -subj '/CN=kubernetes' -keyout server.key -out server.csr
        echo 'subjectAltName=IP:127.0.0.1' > server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem
        """
    }

    /// - Returns: the answer's body.
    @discardableResult
    func send(
        _ method: HTTPCall.Method, _ path: String, _ body: String? = nil, type: String = "application/json"
    ) async throws -> [UInt8] {
        let reply = try await connector.send(
            HTTPCall(
                method, path, headers: [("content-type", type), ("x-inside", "1")], body: body.map { Array($0.utf8) }))
        #expect(reply.isSuccess, "\(method) \(path): \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
        return reply.body
    }

    /// Asks for something that a cluster does by itself; see the server.
    @discardableResult
    func control(_ what: String, _ body: String) async throws -> [UInt8] {
        try await send(.post, "/_control/\(what)", body)
    }
}

/// Starts one server for a whole suite.
struct KubernetesTrait: SuiteTrait, TestScoping {
    var isRecursive: Bool { false }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await KubernetesServer.withServer { try await function() }
    }
}

extension SuiteTrait where Self == KubernetesTrait {
    static var kubernetes: Self { KubernetesTrait() }
}

/// A namespace of its own on the server, with one Deployment.
struct TestNamespace: Sendable {
    let server: KubernetesServer
    let name = "t-\(ProcessDriver.randomHex())"
    let app = "spate-worker-cpu"

    init() async throws {
        server = try #require(KubernetesServer.current)
        try await server.send(
            .post, "/apis/apps/v1/namespaces/\(name)/deployments",
            #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"\#(app)"},"spec":{"replicas":0}}"#)
    }

    func client(tokenFile: String? = nil) throws -> KubernetesClient {
        try KubernetesClient(KubernetesAccess(server: server.address, namespace: name, tokenFile: tokenFile))
    }

    func pods() async throws -> [KubernetesValues.Pod] {
        let bytes = try await server.send(.get, "/api/v1/namespaces/\(name)/pods")
        return try #require(JSONBody.decode(KubernetesValues.PodList.self, from: bytes)?.items)
    }

    func replicas() async throws -> Int? {
        let bytes = try await server.send(.get, "/apis/apps/v1/namespaces/\(name)/deployments/\(app)/scale")
        return JSONBody.decode(KubernetesValues.Scale.self, from: bytes)?.spec?.replicas
    }

    struct Request: Decodable {
        var method: String
        var path: String
        var token: String?
    }

    /// Requests to this namespace that came from outside the server.
    func requests() async throws -> [Request] {
        struct Answer: Decodable { var requests: [Request] }
        let bytes = try await server.control("requests", #"{"namespace":"\#(name)"}"#)
        return try #require(JSONBody.decode(Answer.self, from: bytes)).requests
    }

    /// The next `count` requests like this are refused.
    func refuse(_ method: String, _ path: String, _ status: Int, count: Int = 1) async throws {
        try await server.control(
            "faults", #"{"method":"\#(method)","path":"\#(name)/\#(path)","status":\#(status),"count":\#(count)}"#)
    }

    /// The next request like this is answered late.
    func delay(_ method: String, _ path: String, seconds: Double) async throws {
        try await server.control(
            "faults", #"{"method":"\#(method)","path":"\#(name)/\#(path)","delay":\#(seconds)}"#)
    }

    func cutWatches(_ how: String) async throws {
        try await server.control("cut", #"{"namespace":"\#(name)","how":"\#(how)"}"#)
    }

    /// The name of a worker's pod.
    func pod(of worker: String) throws -> String { String(try #require(worker.split(separator: "_").first)) }
}
