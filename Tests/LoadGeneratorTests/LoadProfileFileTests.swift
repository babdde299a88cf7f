import LoadGenerator
import Testing
import Time
import Traffic

@Suite struct LoadProfileFileTests {
    private func message(_ text: String) -> String {
        do {
            _ = try LoadProfileFile.parse(text, named: "p.yaml")
            return ""
        } catch { return error.message }
    }

    /// The repository's own folder, from where this file lies.
    private var loadFolder: String {
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/cluster/load"
    }

    @Test("reads the morning peak as the built-in one")
    func morningPeak() throws {
        let profile = try LoadProfileFile.read(path: "\(loadFolder)/morning-peak.yaml")
        #expect(profile.arrivals == (try ArrivalProfile.morningPeak()))
        #expect(profile.name == "morning-peak")
        #expect(profile.model == "magika")
        #expect(profile.process == .poisson)
        #expect(profile.asynchronousShare == 0.5)
        #expect(profile.deadline == .seconds(30))
        #expect(profile.resubmittedShare == 0.02)
    }

    @Test("reads every profile of the repository", arguments: ["morning-peak", "flash-crowd", "steady"])
    func shipped(name: String) throws {
        #expect(try LoadProfileFile.read(path: "\(loadFolder)/\(name).yaml").name == name)
    }

    @Test("says where it found what is wrong, and what is allowed")
    func errors() {
        let points = "points:\n  - {at: 0s, calls_per_minute: 60}\n  - {at: 10s, calls_per_minute: 60}\n"
        #expect(message("name: a\n" + points).isEmpty)
        #expect(message(points).contains("missing key 'name'"))
        #expect(message("name: a\nmodle: b\n" + points).hasPrefix("p.yaml:2:1: unknown key 'modle'"))
        #expect(message("name: a\nmode: both\n" + points).hasPrefix("p.yaml:2:7:"))
        #expect(message("name: a\narrivals: often\n" + points).contains("poisson"))
        #expect(message("name: a\npoints:\n  - {at: 25:61, calls_per_minute: 1}\n").contains("p.yaml:3:10:"))
        #expect(
            message("name: a\n" + points + "  - {at: 5s, calls_per_minute: 60}\n").hasPrefix("p.yaml:5:5: 'points'"))
        #expect(message("name: [").contains("p.yaml:"))
        #expect(throws: LoadError.self) { try LoadProfileFile.read(path: "/nonexistent/profile.yaml") }
    }

    @Test("takes times of day and offsets, and the share of asynchronous calls")
    func forms() throws {
        let profile = try LoadProfileFile.parse(
            "name: a\nmode: async\ninterpolation: step\npoints:\n  - {at: 08:30:15, calls_per_minute: 60}\n  - {at: 9:00, calls_per_minute: 0}\n",
            named: "p.yaml")
        #expect(profile.asynchronousShare == 1)
        #expect(profile.arrivals.start == .seconds(8 * 3_600 + 30 * 60 + 15))
        #expect(profile.arrivals.interpolation == .step)
    }
}
