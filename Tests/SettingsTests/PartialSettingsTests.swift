import Jobs
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

    @Test(
        "so does the cluster's name, without which a command would reach another cluster",
        arguments: [
            ("cluster: {name: b}\nmodels: [digits]\nnonsense: 1\n", "b"),
            ("cluster:\n  name: b\npools: [}\n", "b"), ("models: [digits]\npools: [}\n", "spate"),
            ("cluster: {name: b, nam: c}\nmodels: [digits]\n", nil), ("cluster: [}\nmodels: [digits]\n", nil),
            ("cluster:\n  name: not a name\nmodels: [digits]\n", nil),
        ] as [(String, String?)])
    func name(text: String, expected: String?) throws {
        let cluster = try TemporaryCluster()
        try cluster.write("spate.yaml", text)
        let partial = try #require(ClusterSettings.partial(path: cluster.path))
        #expect(partial.isNameKnown == (expected != nil))
        if let expected { #expect(partial.settings.cluster.name.description == expected) }
        let told = try #require(
            ClusterSettings.partial(
                path: cluster.path, overrides: SettingsOverrides(cluster: ClusterName("c"))))
        #expect(told.isNameKnown && told.settings.cluster.name.description == "c")
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
