import Settings
import Testing

@Suite struct SettingsReaderTests {
    /// The messages that reading `text` with `body` leads to, without the file's name.
    private func findings(_ text: String, _ body: (SettingsReader) -> Void) -> [String] {
        do throws(SettingsError) {
            try SettingsReader.read(text: text, named: "f", body)
            return []
        } catch {
            return error.diagnostics.map { String($0.description.dropFirst(2)) }
        }
    }

    @Test("reads every form of value, and the default where a key is absent or empty")
    func readsValues() throws {
        let text = """
            name: "digits"
            port: 8_000
            share: 0.75
            wait: 1.5s
            body: 64MiB
            on: true
            empty:
            words: [a, 'b c']
            shape: [-1, 64]
            phases:
              - {length: 5m}
              - length: 1h
            """
        try SettingsReader.read(text: text, named: "f") { file in
            #expect(file.string("name") == "digits")
            #expect(file.integer("port", in: 0...65_535, default: 1) == 8_000)
            #expect(file.number("share", in: 0...1, default: 1) == 0.75)
            #expect(file.duration("wait", in: .zero ... .seconds(9), default: .zero) == .milliseconds(1_500))
            #expect(file.bytes("body", in: 0...(1 << 30), default: 0) == 64 << 20)
            #expect(file.boolean("on", default: false))
            #expect(file.integer("empty", in: 0...9, default: 7) == 7)
            #expect(file.integer("absent", in: 0...9, default: 8) == 8)
            #expect(file.strings("words").map(\.value) == ["a", "b c"])
            #expect(file.integers("shape", in: -1...Int.max) == [-1, 64])
            let phases = file.list("phases") { $0.duration("length", in: .zero ... .seconds(9_999)) }
            #expect(phases == [.seconds(300), .seconds(3_600)])
        }
    }

    @Test("reports every wrong key and value of a file at once, each with its place and what is allowed")
    func reportsEverything() {
        let text = """
            port: 70000
            modells: 1
            wait: 10
            body: 64 megabytes
            gateway:
              host: [a]
              prot: 1
            port: 2
            kind: alway
            """
        let found = findings(text) { file in
            _ = file.integer("port", in: 0...65_535, default: 0)
            _ = file.duration("wait", in: .zero ... .seconds(60))
            _ = file.bytes("body", in: 0...100)
            _ = file.list("models") { $0.string("name") }
            file.mapping("gateway") {
                _ = $0.string("host")
                _ = $0.integer("port", in: 0...9)
            }
            _ = file.choice("kind", default: RedisSettings.Durability.everysec)
        }
        #expect(
            found == [
                "1:7: 'port': '70000' is out of range; allowed: 0 to 65535",
                "2:1: unknown key 'modells'; allowed here: body, gateway, kind, models, port, wait; did you mean 'models'?",
                "3:7: 'wait': expected a duration with its unit (us, ms, s, m, h, d), as in 250ms, found '10'",
                "4:7: 'body': expected a size with its unit (B, kB, MB, GB, KiB, MiB, GiB, TiB), as in 64MiB, found '64 megabytes'",
                "6:9: 'host': expected text, found a list",
                "7:3: unknown key 'prot'; allowed here: host, port; did you mean 'port'?",
                "8:1: duplicate key 'port'; first given in line 1",
                "9:7: 'kind': expected one of everysec, always, found 'alway'; did you mean 'always'?",
            ])
    }
}
