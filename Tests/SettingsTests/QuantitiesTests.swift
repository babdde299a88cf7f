import Random
import Settings
import Testing

@Suite struct QuantitiesTests {
    @Test(
        "reads sizes exactly",
        arguments: [("64MiB", 64 << 20), ("1.5GB", 1_500_000_000), ("512B", 512), ("1TiB", 1 << 40), ("8 kB", 8_000)])
    func sizes(_ text: String, _ expected: Int) {
        #expect(Quantities.bytes(text) == expected)
    }

    @Test("refuses what is no size", arguments: ["64", "64 megabytes", "64mb", "-1B", "9999999TiB"])
    func noSizes(_ text: String) {
        #expect(Quantities.bytes(text) == nil)
    }

    @Test("writes what it reads")
    func roundTrip() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<1_000 {
            let bytes = Int.random(in: 0...(1 << 50), using: &generator)
            #expect(Quantities.bytes(Quantities.text(bytes: bytes)) == bytes)
        }
        #expect(Quantities.text(bytes: 64 << 20) == "64MiB")
    }
}

@Suite struct SecretsTests {
    @Test(
        "masks what a URL knows of its user",
        arguments: [
            ("redis://host:6379/0", "redis://host:6379/0"), ("redis://ann:pw@host", "redis://***@host"),
            ("redis://:p@ss/w@host:1", "redis://***@host:1"),
            ("a rediss://x:y@h b redis://c:d@e", "a rediss://***@h b redis://***@e"),
            ("unix:///s?password=pw&db=1", "unix:///s?password=***&db=1"), ("://", "://"), ("", ""),
        ])
    func masks(_ text: String, _ expected: String) {
        #expect(Secrets.masked(text) == expected)
    }
}
