import Glibc
import Testing

@testable import Clusters

/// podman's Docker-compatible API with a store and a socket of its own, as a child of the test program.
final class PodmanEngine: Sendable {
    static let image = "localhost/spate-driver-test"
    @TaskLocal static var current: PodmanEngine?

    /// Why there can be no engine on this machine; `nil` if there can.
    static let problem: String? = {
        guard shell("command -v podman") else { return "there is no podman on this machine" }
        guard getuid() == 0 else { return "podman's containers need root here" }
        guard isModern || shell("command -v runc") else { return "cgroups v1 need runc, which is not on this machine" }
        let folder = Folder()
        defer { folder.remove() }
        folder.write(configuration, to: "containers.conf")
        return shell("CONTAINERS_CONF=\(folder.path)/containers.conf podman \(folder.options) info")
            ? nil : "podman does not work on this machine"
    }()

    let socket: String
    let folder: Folder
    private let process: ChildProcess

    private init(socket: String, folder: Folder, process: ChildProcess) {
        self.socket = socket
        self.folder = folder
        self.process = process
    }

    /// Calls `body` with an engine that has the test's image; ends it and removes its store after.
    static func withEngine(_ body: () async throws -> Void) async throws {
        let folder = Folder()
        defer { folder.remove() }
        folder.write(configuration, to: "containers.conf")
        let children = try ChildProcesses()
        try #require(
            await blocking { shell(imageScript(folder)) }, "the test's image cannot be made; see \(folder.path)")
        let engine = PodmanEngine(
            socket: folder.path + "/podman.sock", folder: folder, process: try await serve(children, folder))
        do {
            try await $current.withValue(engine) { try await body() }
        } catch {
            await engine.process.terminate(within: .seconds(10))
            throw error
        }
        await engine.process.terminate(within: .seconds(10))
    }

    /// Another service on the same store, which a test may stop and start.
    func second() async throws -> SecondService {
        let service = SecondService(folder: folder)
        try await service.start()
        return service
    }

    fileprivate static func serve(
        _ children: ChildProcesses, _ folder: Folder, socket: String = "podman.sock"
    ) async throws -> ChildProcess {
        var environment = ProcessDriver.ownEnvironment()
        environment["CONTAINERS_CONF"] = folder.path + "/containers.conf"
        let process = try await children.start(
            ChildProgram(
                path: "/usr/bin/env",
                arguments: ["podman"] + folder.options.split(separator: " ").map(String.init)
                    + ["system", "service", "--time=0", "unix://\(folder.path)/\(socket)"],
                environment: environment, logPath: folder.path + "/service.log"))
        let engine = try ContainerEngine(socket: "\(folder.path)/\(socket)")
        for _ in 0..<1_000 {
            // Until its socket is there.
            if (try? await engine.hasImage(image)) == true { return process }
            try #require(process.status == nil, "podman's service ended")
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("podman's service does not answer")
        return process
    }

    /// Runs podman's command line on this engine's store. - Returns: whether it succeeded.
    func podman(_ arguments: String) async -> Bool {
        await blocking { [folder] in
            Self.shell("CONTAINERS_CONF=\(folder.path)/containers.conf podman \(folder.options) \(arguments)")
        }
    }

    // MARK: Parts

    /// A folder of the engine's own; also its store.
    struct Folder: Sendable {
        let path: String

        init() { path = "/tmp/spate-engine-\(ProcessDriver.randomHex())" }

        /// vfs needs nothing of the kernel, and the image is small.
        var options: String { "--root \(path)/store --runroot \(path)/run --storage-driver vfs" }

        func write(_ text: String, to name: String) {
            mkdir(path, 0o700)
            let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            guard file >= 0 else { return }
            defer { close(file) }
            _ = Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        }

        func remove() { _ = PodmanEngine.shell("rm -rf \(path)") }
    }

    private static var isModern: Bool { access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 }

    /// crun, podman's default, cannot start containers on cgroups v1 without systemd; runc can. The limits are those
    /// that a process without CAP_SYS_RESOURCE may set.
    private static var configuration: String {
        """
        [containers]
        netns = "host"
        default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
        log_driver = "k8s-file"

        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "file"
        \(isModern ? "" : "runtime = \"runc\"")
        """
    }

    /// A shell, sleep and what they link against, out of this machine's own files.
    private static func imageScript(_ folder: Folder) -> String {
        """
        set -e; r=\(folder.path)/image; mkdir -p $r/bin $r/tmp $r/proc $r/dev $r/etc $r/gate
        for f in sh sleep head cat; do cp -L /bin/$f $r/bin/$f
        for l in $(ldd /bin/$f | grep -o '/[^ ]*'); do mkdir -p $r$(dirname $l); cp -nL $l $r$l; done; done
        tar -C $r -cf \(folder.path)/image.tar .
        CONTAINERS_CONF=\(folder.path)/containers.conf podman \(folder.options) import \(folder.path)/image.tar \(image)
        """
    }

    @discardableResult
    static func shell(_ script: String) -> Bool { system("{ \(script)\n} >/tmp/spate-engine.log 2>&1") == 0 }
}

/// A service of the engine that comes and goes.
actor SecondService {
    nonisolated let socket: String
    private let folder: PodmanEngine.Folder
    private var service: (children: ChildProcesses, process: ChildProcess)?

    init(folder: PodmanEngine.Folder) {
        self.folder = folder
        socket = folder.path + "/second.sock"
    }

    func start() async throws {
        let children = try ChildProcesses()
        service = (children, try await PodmanEngine.serve(children, folder, socket: "second.sock"))
    }

    func stop() async {
        await service?.process.terminate(within: .seconds(5))
        service = nil
    }
}

/// Starts one engine for a whole suite.
struct PodmanTrait: SuiteTrait, TestScoping {
    var isRecursive: Bool { false }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await PodmanEngine.withEngine { try await function() }
    }
}

extension SuiteTrait where Self == PodmanTrait {
    static var podman: Self { PodmanTrait() }
}
