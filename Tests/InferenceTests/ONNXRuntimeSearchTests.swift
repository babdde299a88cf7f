import FoundationEssentials
import Testing

@testable import Inference

@Suite struct ONNXRuntimeSearchTests {
    @Test("a path that somebody named is the only one, the cluster file's before the environment's")
    func givenPaths() {
        var search = ONNXRuntimeSearch(
            configured: "/a/lib.so", environment: "/b/lib.so", executable: "/c/spate", directory: "/d")
        #expect(search.candidates == ["/a/lib.so"])
        search.configured = nil
        #expect(search.candidates == ["/b/lib.so"])
        #expect(search.places == ["/b/lib.so"])
    }

    @Test("looks beside the executable, then upward from the current directory, then in the system")
    func order() {
        let search = ONNXRuntimeSearch(executable: "/opt/spate/bin/spate", directory: "/home/me/project")
        #expect(
            search.places.prefix(6) == [
                "/opt/spate/bin", "/home/me/project/.spate/onnxruntime", "/home/me/.spate/onnxruntime",
                "/home/.spate/onnxruntime", "/.spate/onnxruntime", "/usr/local/lib",
            ])
    }

    @Test("finds the library with its version, and nothing that only resembles it")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let place = folder.appending(path: ".spate/onnxruntime")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for name in ["libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so", "libonnxruntime.sonata"] {
            try Data().write(to: place.appending(path: name))
        }
        let search = ONNXRuntimeSearch(directory: folder.path + "/deeper")
        #expect(search.candidates.first == place.path + "/libonnxruntime.so.1.31.1")
        #expect(!search.candidates.contains { $0.hasSuffix("shared.so") || $0.hasSuffix("sonata") })
        #expect(search.candidates.last == "libonnxruntime.so.1")
    }
}
