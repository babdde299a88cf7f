import FoundationEssentials
import Glibc
import Testing

@testable import Inference

@Suite struct ONNXRuntimeSearchTests {
    @Test("a path that somebody named is the only one, the cluster file's before the environment's")
    func givenPaths() {
        var search = ONNXRuntimeSearch(
            configured: "/a/lib.so", environment: "/b/lib.so", executable: "/c/spate", clusterFolder: "/d")
        #expect(search.candidates == ["/a/lib.so"])
        search.configured = nil
        #expect(search.candidates == ["/b/lib.so"])
        #expect(search.places == ["/b/lib.so"])
    }

    @Test("looks beside the executable and the cluster file, in the executable's checkout, then in the system")
    func order() {
        let search = ONNXRuntimeSearch(
            executable: "/opt/spate/.build/release/spate", clusterFolder: "/home/me/project/cluster")
        #expect(
            search.places.prefix(5) == [
                "/opt/spate/.build/release", "/opt/spate/.spate/onnxruntime",
                "/home/me/project/cluster/.spate/onnxruntime", "/home/me/project/.spate/onnxruntime", "/usr/local/lib",
            ])
    }

    @Test("neither the current directory nor anything above it or above the cluster file's neighbourhood is searched")
    func nowhereElse() throws {
        let directory = FileManager.default.currentDirectoryPath
        let search = ONNXRuntimeSearch(executable: "/opt/spate/bin/spate", clusterFolder: "/srv/a/b/c")
        #expect(!search.places.contains { $0.hasPrefix(directory) || $0 == "/.spate/onnxruntime" })
        #expect(!search.places.contains("/srv/a/.spate/onnxruntime"))
    }

    private func makePlace() throws -> (folder: URL, place: URL) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spate-\(UUID().uuidString)")
        let place = folder.appending(path: ".spate/onnxruntime")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for name in ["libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so", "libonnxruntime.sonata"] {
            try Data().write(to: place.appending(path: name))
        }
        return (folder, place)
    }

    @Test("finds the library with its version, and nothing that only resembles it")
    func files() throws {
        let (folder, place) = try makePlace()
        defer { try? FileManager.default.removeItem(at: folder) }
        let search = ONNXRuntimeSearch(clusterFolder: folder.path + "/deeper", trusted: [0, geteuid()])
        #expect(search.candidates.first == place.path + "/libonnxruntime.so.1.31.1")
        #expect(!search.candidates.contains { $0.hasSuffix("shared.so") || $0.hasSuffix("sonata") })
        #expect(search.candidates.last == "libonnxruntime.so.1")
    }

    @Test("a library of another user, or that everybody may write, is named and not opened, unless it is declared")
    func owner() throws {
        let (folder, place) = try makePlace()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = place.path + "/libonnxruntime.so.1.31.1"
        var search = ONNXRuntimeSearch(clusterFolder: folder.path, trusted: [geteuid() + 1])
        #expect(!search.candidates.contains(path))
        #expect(search.refused.contains { $0.contains(path) && $0.contains("belongs to another user") })
        search.trusted = [geteuid()]
        #expect(search.candidates.first == path)
        chmod(place.path, 0o777)
        #expect(!search.candidates.contains(path))
        #expect(search.refused.contains { $0.contains("everybody may write to \(place.path)") })
        search.configured = path
        #expect(search.candidates == [path] && search.refused.isEmpty)
    }
}
