import ScalerCore
import Clusters
import Testing

@Suite("Who a worker is")
struct WorkerIdentityTests {
    private func identity(
        given: String? = nil, _ environment: [String: String], isFirst: Bool = true
    ) -> WorkerIdentity {
        WorkerIdentity(
            given: given, pool: "cpu", environment: environment, isFirstBoot: { _ in isFirst },
            random: { "00c0ffee" })
    }
    private let pod = ["SPATE_POD_NAME": "w-1", "SPATE_POD_UID": "0123-abcd-ef"]

    @Test("the command line wins over the environment, which wins over the pod, which wins over chance")
    func order() {
        let both = pod.merging(["SPATE_WORKER_ID": "container"]) { _, new in new }
        #expect(identity(given: "given", both).id == "given")
        #expect(identity(both).id == "container")
        #expect(identity(pod).id == "w-1_0123abcd")
        #expect(identity(pod).isOfPod)
        #expect(identity([:]).id == "cpu-00c0ffee")
        #expect(identity(["SPATE_WORKER_ID": "", "SPATE_POD_NAME": "w"]).id == "cpu-00c0ffee")
    }

    @Test("a second boot in the same pod has another id, of the same pod")
    func secondBoot() throws {
        let second = identity(pod, isFirst: false)
        #expect(second.id == "w-1_0123abcd_00c0ffee")
        #expect(PodWorkerID.id(in: second.id + "\nmore", ofBoot: "w-1_0123abcd") == second.id)
        #expect(PodWorkerID.id(in: "w-10_0123abcd", ofBoot: "w-1_0123abcd") == nil)
        #expect(PodWorkerID.id(in: String(repeating: "x", count: 5_000), ofBoot: "x") == nil)
    }

    @Test("of a later boot the first is known, and of no other id")
    func firstBoot() {
        #expect(PodWorkerID.firstBoot(of: identity(pod, isFirst: false).id) == identity(pod).id)
        for id in ["w-1_0123abcd", "cpu-00c0ffee", "cpu_00c0ffee", "", "_", "a_b_c", "a_b_0000000g", "a_b_00c0ffee1"] {
            #expect(PodWorkerID.firstBoot(of: id) == nil, "\(id)")
        }
        #expect(PodWorkerID.isOne(identity(pod).id))
        #expect(PodWorkerID.isOne(identity(pod, isFirst: false).id))
        #expect(!PodWorkerID.isOne(identity([:]).id))
    }

    @Test("the longest name of a pod still makes an id that a worker takes")
    func longName() {
        let id = PodWorkerID.first(pod: String(repeating: "p", count: 253), uid: "0123456789abcdef")
        #expect("\(id)_00c0ffee".utf8.count <= 128)
    }

    @Test("the first boot of a folder is claimed once; without a folder nobody is the first")
    func claim() async throws {
        try await withDirectory { folder in
            #expect(WorkerIdentity.claim(folder))
            #expect(!WorkerIdentity.claim(folder))
            #expect(unlinkBooted(folder))
        }
        #expect(!WorkerIdentity.claim("/nowhere/at-all"))
    }

    @Test("the termination log holds the id, and only of a pod")
    func terminationLog() async throws {
        try await withDirectory { folder in
            let path = folder + "/log"
            #expect(makeFile(path))
            identity([:]).writeTerminationLog(to: path)
            #expect(contents(of: path) == "")
            identity(pod).writeTerminationLog(to: path)
            #expect(contents(of: path) == "w-1_0123abcd")
        }
    }
}
