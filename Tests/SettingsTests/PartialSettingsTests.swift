import Settings
import Testing

@Suite struct PartialSettingsTests {
    @Test("a file in which nothing is wrong is no part")
    func whole() throws {
        let cluster = try TemporaryCluster()
        try cluster.write("spate.yaml", "models: [digits]\n")
        #expect(ClusterSettings.partial(path: cluster.path) == nil)
    }

    @Test(
        "whatever is wrong, where Redis is stands in it as far as the file says",
        arguments: [
            "redis: {url: \"redis://there:1\"}\nmodels: [digits]\nnonsense: 1\n",
            "models: [digits]\npools: [}\nredis:\n  # where\n  url: redis://there:1\n\nscaler: {}\n",
            "redis: {url: redis://there:1}\nmodels: [gone]\n", "  a: b\n c\nredis:\n  url: redis://there:1\n",
            "redis:\n  url: redis://there:1\n  ulr: x\nmodels: [digits]\npools: 7\n",
        ])
    func address(text: String) throws {
        let cluster = try TemporaryCluster()
        try cluster.write("spate.yaml", text)
        let partial = try #require(ClusterSettings.partial(path: cluster.path))
        #expect(partial.settings.redis.server == .url("redis://there:1"))
        #expect(partial.isFileThere && !partial.error.diagnostics.isEmpty)
    }

    @Test("flags and environment go over the file, and a file that is not there is told apart")
    func overrides() throws {
        let cluster = try TemporaryCluster()
        let partial = try #require(
            ClusterSettings.partial(
                path: "\(cluster.folder)/gone.yaml", overrides: SettingsOverrides(redisURL: "redis://other:2")))
        #expect(partial.settings.redis.server == .url("redis://other:2"))
        #expect(!partial.isFileThere)
    }
}
