import ScalerCore
import Glibc
import Logging
import Settings
import Synchronization
import TestSupport
import Testing

@testable import Clusters

@Suite(
    "The Kubernetes driver", .kubernetes, .timeLimit(.minutes(1)),
    .enabled(if: KubernetesServer.problem == nil, Comment(rawValue: KubernetesServer.problem ?? "")))
struct KubernetesDriverTests {
    @Test("a count that somebody else changes meanwhile is set again")
    func conflict() async throws {
        let place = try await KubernetesPlace()
        try await place.namespace.refuse("PATCH", "deployments/\(place.namespace.app)/scale", 409, count: 2)
        let driver = try place.driver()
        try await driver.scale(place.pool, to: 2, idle: [])
        #expect(try await place.namespace.replicas() == 2)
        let patches = try await place.namespace.requests().filter { $0.method == "PATCH" && $0.path.contains("/scale") }
        #expect(patches.count == 3)
    }

    @Test("a count that is set already costs one read and no write")
    func unchanged() async throws {
        let place = try await KubernetesPlace()
        let driver = try place.driver()
        for _ in 0..<3 { try await driver.scale(place.pool, to: 0, idle: ["cpu"]) }
        #expect(try await place.namespace.requests().filter { $0.method == "PATCH" }.isEmpty)
    }

    @Test("an author who changes the count all the time ends in an error that says so")
    func endlessConflict() async throws {
        let place = try await KubernetesPlace()
        try await place.namespace.refuse("PATCH", "deployments/\(place.namespace.app)/scale", 409, count: 5)
        let driver = try place.driver()
        let error = await #expect(throws: WorkerDriverError.self) {
            try await driver.scale(place.pool, to: 2, idle: [])
        }
        #expect(error?.code == .startFailed)
        #expect(error?.message.contains("pool cpu cannot be set to 2 workers") == true)
        #expect(error?.message.contains("409") == true)
    }

    @Test("idle workers leave first, and one that was spared is not cheap any more")
    func deletionCost() async throws {
        let place = try await KubernetesPlace()
        try await place.withDriver(of: .obedient) { test in
            let driver = try #require(test.driver as? KubernetesDriver)
            var workers: [String] = []
            for _ in 0..<4 { workers.append(try await test.start()) }
            for worker in workers { await test.expectStart(of: worker, in: "cpu") }
            // The oldest would be kept by a ReplicaSet; it is idle, so it goes.
            try await driver.scale(place.pool, to: 3, idle: [workers[0], workers[1]])
            #expect(try await !test.expectEnd(of: workers[0]).isFailure)
            // One pod more is marked than leaves when Kubernetes prefers another; here by hand.
            let spared = try place.namespace.pod(of: workers[2])
            try await place.namespace.server.send(
                .patch, "/api/v1/namespaces/\(place.namespace.name)/pods/\(spared)",
                #"{"metadata":{"annotations":{"\#(PodLedger.deletionCost)":"-100"}}}"#,
                type: "application/merge-patch+json")
            try await eventually("the mark") {
                driver.state.withLock({ $0.ledgers["cpu"]?.pods[spared]?.deletionCost }) != nil
            }
            try await driver.scale(place.pool, to: 2, idle: [workers[1]])
            #expect(try await !test.expectEnd(of: workers[1]).isFailure)
            let left = try await place.namespace.pods().compactMap { $0.metadata }
            let spare = try #require(left.first { $0.name == spared })
            #expect(spare.annotations?[PodLedger.deletionCost] == nil)
        }
        #expect(try await place.leftovers() == [])
    }

    @Test("whoever is replaced while the server thinks writes nothing, however late its answer comes")
    func deposedMeanwhile() async throws {
        let place = try await KubernetesPlace()
        let driver = try place.driver()
        let asked = Mutex(0)
        let error = await #expect(throws: WorkerDriverError.self) {
            try await driver.scale(place.pool, to: 2, idle: []) {
                asked.withLock { asked in
                    asked += 1
                    return asked == 1 ? .seconds(5) : nil
                }
            }
        }
        #expect(error?.code == .deposed)
        #expect(try await !place.namespace.requests().contains { $0.method == "PATCH" })
        #expect(try await place.namespace.replicas() == 0)
    }

    @Test("a server that stands still is waited for no longer than the caller may act, and 5 s at most")
    func standsStill() async throws {
        let place = try await KubernetesPlace()
        try await place.namespace.delay("GET", "deployments/\(place.namespace.app)/scale", seconds: 40)
        let driver = try place.driver()
        let begun = ContinuousClock.now
        let error = await #expect(throws: WorkerDriverError.self) {
            try await driver.scale(place.pool, to: 2, idle: []) { .milliseconds(200) }
        }
        #expect(error?.code == .unavailable)
        #expect(ContinuousClock.now - begun < .seconds(4))
    }

    @Test("before the pods were listed the count does not fall: nobody can be named")
    func notListedYet() async throws {
        let place = try await KubernetesPlace()
        let driver = try place.driver()
        #expect(try await driver.scale(place.pool, to: 3, idle: []) == CountChange(before: 0, now: 3))
        let pods = try await place.namespace.pods().compactMap { pod -> String? in
            guard let name = pod.metadata?.name, let uid = pod.metadata?.uid else { return nil }
            return PodWorkerID.first(pod: name, uid: uid)
        }
        let next = try place.driver()
        #expect(try await next.scale(place.pool, to: 1, idle: pods) == CountChange(before: 3, now: 3))
        #expect(try await place.namespace.replicas() == 3)
        try await running(next) {
            let events = EventReader(events: next.events)
            for _ in 0..<3 { _ = await events.next() }
            let one = try await next.scale(place.pool, to: 0, idle: Array(next.workers.prefix(1)))
            #expect(one.now == 2)
            let all = try await next.scale(place.pool, to: 0, idle: next.workers)
            #expect(all.now == 0)
        }
        #expect(try await place.leftovers() == [])
    }

    @Test("a watch that breaks off, ends, or is too old loses nothing", arguments: ["cut", "end", "410", "error"])
    func watchEnds(how: String) async throws {
        let place = try await KubernetesPlace()
        let namespace = place.namespace
        try await place.withDriver(of: .obedient) { test in
            let first = try await test.start()
            await test.expectStart(of: first, in: "cpu")
            if how == "410" || how == "error" {
                let code = how == "410" ? 410 : 500
                try await namespace.server.control(
                    "faults",
                    #"{"method":"GET","path":"watch","event":{"type":"ERROR","object":{"code":\#(code),"message":"too old"}}}"#
                )
            }
            try await namespace.cutWatches(how == "cut" ? "cut" : "end")
            // Happens while nobody watches.
            try await namespace.server.control(
                "crash",
                #"{"namespace":"\#(namespace.name)","pod":"\#(try namespace.pod(of: first))","isMissed":true,"message":"\#(first)"}"#
            )
            #expect(try await test.expectEnd(of: first).reason == "signal 9 (SIGKILL)")
            let second = try await test.start()
            await test.expectStart(of: second, in: "cpu")
        }
        #expect(try await place.leftovers() == [])
    }

    @Test("a watch asks for its own pods, from where it stands, with bookmarks")
    func watchRequest() async throws {
        let place = try await KubernetesPlace()
        let namespace = place.namespace
        try await place.withDriver(of: .obedient) { test in
            let worker = try await test.start()
            await test.expectStart(of: worker, in: "cpu")
            try await namespace.server.control("bookmark", #"{"namespace":"\#(namespace.name)","version":"777777"}"#)
            // Events are read in order: once this end is told, the bookmark was read.
            try await namespace.server.control(
                "crash", #"{"namespace":"\#(namespace.name)","pod":"\#(try namespace.pod(of: worker))"}"#)
            _ = try await test.expectEnd(of: worker)
        }
        let watches = try await namespace.requests().filter { $0.path.contains("watch=true") }
        let first = try #require(watches.first)
        #expect(
            first.path.contains("labelSelector=app%3D\(namespace.app)") || first.path.contains("labelSelector=app="))
        #expect(first.path.contains("allowWatchBookmarks=true"))
        #expect(first.path.contains("timeoutSeconds=300"))
        #expect(first.path.contains("resourceVersion=1"))
        #expect(try await place.leftovers() == [])
    }

    @Test("in a pod the service account says where the server is, whom to trust, which namespace and with what token")
    func inCluster() async throws {
        let place = try await KubernetesPlace()
        let server = place.namespace.server
        let port = try #require(server.secureAddress.split(separator: ":").last.map(String.init))
        let environment = ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port]
        let folder = server.folder + "/\(place.namespace.name)"
        #expect(
            system(
                "mkdir \(folder) && cp \(server.authority) \(folder)/ca.crt && printf secret > \(folder)/token && "
                    + "printf '\(place.namespace.name)\\n' > \(folder)/namespace") == 0)
        var access = try KubernetesAccess.inCluster(environment: environment, folder: folder)
        #expect(access.namespace == place.namespace.name)
        try await place.driver(client: KubernetesClient(access)).scale(place.pool, to: 0, idle: [])
        #expect(try await place.namespace.requests().last?.token == "Bearer secret")

        access.certificateAuthority = server.folder + "/other.pem"
        let distrustful = try place.driver(client: KubernetesClient(access))
        let error = await #expect(throws: WorkerDriverError.self) {
            try await distrustful.scale(place.pool, to: 0, idle: [])
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("CERTIFICATE_VERIFY_FAILED") == true, "\(String(describing: error))")
        access.certificateAuthority = "/nowhere/ca.crt"
        let refusal = #expect(throws: KubernetesError.self) { try KubernetesClient(access) }
        #expect(refusal?.message.contains("/nowhere/ca.crt") == true)
    }

    @Test("outside of a pod that is said")
    func notInCluster() {
        let error = #expect(throws: KubernetesError.self) { try KubernetesAccess.inCluster(environment: [:]) }
        #expect(error?.message.contains("not in a pod") == true)
    }

    @Test("a token that Kubernetes replaced is read again at once")
    func tokenRotates() async throws {
        let place = try await KubernetesPlace()
        try await withDirectory { folder in
            func write(_ token: String) { #expect(system("printf \(token) > \(folder)/log") == 0) }
            write("old-\(place.namespace.name)")
            let driver = try place.driver(client: place.namespace.client(tokenFile: folder + "/log"))
            try await driver.scale(place.pool, to: 1, idle: [])
            try await place.namespace.refuse("GET", "deployments/\(place.namespace.app)/scale", 401)
            write("new-\(place.namespace.name)")
            try await driver.scale(place.pool, to: 2, idle: [])
        }
        let tokens = try await place.namespace.requests().compactMap { $0.token?.prefix(10) }
        #expect(tokens.first == "Bearer old")
        #expect(tokens.last == "Bearer new")
    }

    @Test("a token that stays refused, and rights that are missing, are said", arguments: [401, 403])
    func refused(status: Int) async throws {
        let place = try await KubernetesPlace()
        try await place.namespace.refuse("GET", "deployments/\(place.namespace.app)/scale", status, count: 1)
        let driver = try place.driver()
        let error = await #expect(throws: WorkerDriverError.self) {
            try await driver.scale(place.pool, to: 2, idle: [])
        }
        #expect(error?.message.contains("\(status)") == true)
        if status == 403 {
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("needs get and patch on deployments/scale") == true)
        }
    }

    @Test("a pod that cannot start is deleted with the reason it waited for")
    func stuckPod() async throws {
        let place = try await KubernetesPlace()
        let namespace = place.namespace
        let app = "spate-worker-\(namespace.name)"
        try await namespace.server.send(
            .post, "/apis/apps/v1/namespaces/\(namespace.name)/deployments",
            #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"\#(app)"},"spec":{"replicas":0}}"#)
        try await namespace.server.control("obey", #"{"app":"\#(app)","isStuck":true}"#)
        let driver = try place.driver(app)
        let test = place.under(test: driver)
        try await running(driver) {
            let worker = try await test.start()
            await test.expectStart(of: worker, in: "cpu")
            try await eventually("the reason") {
                driver.state.withLock({ $0.ledgers["cpu"]?.pods.values.first?.waiting }) != nil
            }
            try await driver.scale(place.pool, to: 0, idle: [worker])
            let end = try await test.expectEnd(of: worker)
            #expect(end.reason.contains("ImagePullBackOff"), "\(end.reason)")
        }
        #expect(try await place.leftovers() == [])
    }

    @Test("nobody answers: that is said, and ends with the next answer")
    func unreachable() async throws {
        let client = try KubernetesClient(KubernetesAccess(server: "http://127.0.0.1:1"))
        let place = try await KubernetesPlace()
        let driver = try place.driver(client: client)
        try await running(driver) {
            try await eventually("the driver's word") { driver.unavailability(of: place.pool) != nil }
            #expect(driver.unavailability(of: place.pool)?.reason.contains("Connection refused") == true)
        }
    }
}
