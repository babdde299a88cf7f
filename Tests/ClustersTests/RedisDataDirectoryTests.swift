import Clusters
import RedisClient
import Testing

@Suite struct RedisDataDirectoryTests {
    @Test(
        "the address of a private server leads to its socket, whatever characters its folder has",
        arguments: [
            "plain", "with space", "ünï", "a#b", "a@b", "a:b", "a&b=c", "a+b", "a;b", "a'b", "a\"b", "a$b", "a\\b",
            "a%b",
            "feature%2Flogin", "a%41", "100%", "a?b", "?db=3", "e\u{301}", "[x]", "a\nb",
        ])
    func address(name: String) throws {
        let directory = RedisDataDirectory(path: "/tmp/\(name)")
        let configuration = try RedisConfiguration(url: directory.url)
        #expect(configuration.address == .unix(path: directory.socketPath))
        #expect(configuration.database == 0)
    }
}
