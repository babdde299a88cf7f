import Random
import Settings
import Testing

@Suite struct SettingsErrorTests {
    /// One wrong cluster file (or model file) and the finding that it leads to.
    struct Wrong: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var cluster = "models: [digits]\n"
        var model = ""
        /// `line:column: message`, without the file's name.
        var finding: String

        init(_ name: String, _ cluster: String = "models: [digits]\n", model: String = "", _ finding: String) {
            (testDescription, self.cluster, self.model, self.finding) = (name, cluster, model, finding)
        }
    }

    static let wrongs = [
        Wrong("no models", "gateway: {port: 1}\n", "1:1: missing key 'models'"),
        Wrong("an empty list", "models: []\n", "1:9: 'models': a cluster serves at least one model"),
        Wrong(
            "a model that is not there", "models: [digit]\n",
            "1:10: no model 'digit' in FOLDER/models (no FOLDER/models/digit/model.yaml); it has: digits; did you mean 'digits'?"
        ),
        Wrong(
            "a model's name that no queue can have", "models: [a/b]\n",
            "1:10: 'name': 'a/b' is no name of a model; allowed: 1 to 128 characters of A-Z a-z 0-9 _ - and, except first, ."
        ),
        Wrong(
            "a name that climbs out of the repository", "models: [..]\n",
            "1:10: 'name': '..' is no name of a model; allowed: 1 to 128 characters of A-Z a-z 0-9 _ - and, except first, ."
        ),
        Wrong("one name twice", "models: [digits, digits]\n", "1:18: 'name': two models of the name 'digits'"),
        Wrong(
            "a version that is not there", "models: [{name: digits, version: 7}]\n",
            "1:34: there is no folder FOLDER/models/digits/7 with the model.onnx of version 7 of model 'digits'; found the versions 1"
        ),
        Wrong("no pools", "models: [digits]\npools: []\n", "2:8: 'pools': a cluster needs at least one pool"),
        Wrong(
            "one pool twice", "models: [digits]\npools:\n  - name: cpu\n  - name: cpu\n",
            "4:11: 'name': two pools of the name 'cpu'"),
        Wrong(
            "an unknown pool", model: "pools: [cpu, gpus]\n",
            "1:14: 'pools': no pool 'gpus' in the cluster file; it has: cpu"),
        Wrong(
            "a maximum below the minimum", "models: [digits]\npools: [{name: cpu, minimum_workers: 3}]\n",
            "2:38: 'maximum_workers': 2 is below minimum_workers, which is 3"),
        Wrong(
            "a batch above the queue", model: "maximum_queue: 10\nbatching:\n  maximum_rows: 16\n",
            "3:17: 'maximum_rows': a batch of 16 can never fill, because maximum_queue is 10"),
        Wrong(
            "a word for batching that is none", model: "batching: always\n",
            "1:11: 'mode': expected one of rows, none, proven, found 'always'"),
        Wrong(
            "a shape that is no list", model: "warm_up: {x: 3}\n",
            "1:11: 'warm_up': expected a name with a list of whole numbers from 0 to 1099511627776, each name once, found '3'"
        ),
        Wrong(
            "one port for two listeners", "models: [digits]\ngateway: {port: 80, admin_port: 80}\n",
            "2:33: 'admin_port': 80 is the inference port too; two ports are needed"),
        Wrong(
            "an unknown backend", model: "backend: onnx\n",
            "1:10: 'backend': expected one of onnxruntime, synthetic, found 'onnx'"),
        Wrong(
            "a key of the other backend", model: "fixed_cost: 1ms\n",
            "1:1: unknown key 'fixed_cost'; allowed here: backend, batching, deadline, deadlines, inputs, instances, load_timeout, maximum_attempts, maximum_crashes, maximum_queue, outputs, pools, providers, run_timeout, samples, threads, version, warm_up"
        ),
        Wrong(
            "a provider by another name", model: "providers: [cuda]\n",
            "1:13: 'providers': 'cuda' is no execution provider; expected ONNX Runtime's names, as in CPUExecutionProvider or CUDAExecutionProvider"
        ),
        Wrong(
            "inputs without outputs", model: "inputs: [{name: x, type: FP32, shape: [-1]}]\n",
            "1:9: inputs and outputs belong together; declare both, or neither to take those that the model declares"),
        Wrong(
            "a type of another protocol",
            model: "inputs: [{name: x, type: float32, shape: [-1]}]\noutputs: [{name: y, type: FP32, shape: [1]}]\n",
            "1:26: 'type': expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES, BF16, found 'float32'"
        ),
        Wrong(
            "a duration without a unit", "models: [digits]\nscaler: {interval: 250}\n",
            "2:20: 'interval': expected a duration with its unit (us, ms, s, m, h, d), as in 250ms, found '250'"),
        Wrong(
            "a duration out of range", "models: [digits]\nscaler: {interval: 2m}\n",
            "2:20: 'interval': '2m' is out of range; allowed: 50ms to 1m"),
        Wrong(
            "a number too large for any integer", "models: [digits]\ngateway: {port: 99999999999999999999999}\n",
            "2:17: 'port': expected a whole number, found '99999999999999999999999'"),
        Wrong(
            "a certificate without its key", "models: [digits]\nredis: {client_certificate: a.pem}\n",
            "2:29: client_certificate and client_key belong together; give both or neither"),
        Wrong(
            "another scheme", "models: [digits]\nredis: {url: 'http://u:s3cret@h'}\n",
            "2:14: 'url': expected redis://host:port/db, rediss://… or unix:///path/of.sock (user and password as user:password@host), found the scheme 'http'"
        ),
        Wrong(
            "a bad port in a URL with a password", "models: [digits]\nredis: {url: 'redis://u:s3cret@h:x'}\n",
            "2:14: 'url': expected a port from 1 to 65535, found 'x' in 'redis://***@h:x'"),
        Wrong(
            "a URL where keys belong", "models: [digits]\nredis: redis://u:s3cret@h\n",
            "2:8: 'redis': expected keys and values, found 'redis://***@h'"),
        Wrong(
            "text that is no YAML", "models: [digits\nredis: 'redis://u:s3cret@h'\n",
            "2:6: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence, line 1)"),
        Wrong(
            "a tab", "models: [digits]\ngateway:\n\tport: 1\n",
            "3:1: not valid YAML: found character that cannot start any token (while scanning for the next token, line 3)"
        ),
        Wrong("a list for the file", "- a\n", "1:1: expected keys and values, found a list"),
    ]

    @Test("finds what is wrong, where, and what is allowed", arguments: wrongs)
    func finds(_ wrong: Wrong) throws {
        let cluster = try TemporaryCluster(wrong.cluster, models: ["digits": wrong.model])
        let found = SettingsCheck.report(path: cluster.path).diagnostics
        let texts = found.map {
            $0.description.split(separator: ".yaml:", maxSplits: 1).last.map(String.init)?
                .replacing(cluster.folder, with: "FOLDER")
        }
        #expect(texts.first == wrong.finding)
        #expect(!found.description.contains("s3cret"))
    }

    @Test("the findings of all files come in one report, the cluster file's first")
    func severalFiles() throws {
        let cluster = try TemporaryCluster(
            "models: [digits, other]\ngatewy: {}\n", models: ["digits": "threads: 0\n", "other": "instances: many\n"])
        let places = SettingsCheck.report(path: cluster.path).diagnostics.map {
            "\($0.position)".replacing(cluster.folder + "/", with: "")
        }
        #expect(
            places.sorted() == [
                "models/digits/model.yaml:1:10", "models/other/model.yaml:1:12", "spate.yaml:2:1",
            ])
    }

    @Test("a missing file and a folder in its place are findings too")
    func unreadable() throws {
        let cluster = try TemporaryCluster()
        let missing = SettingsCheck.report(path: "\(cluster.folder)/none.yaml").diagnostics
        #expect(missing.map(\.message) == ["no such file"])
        let folder = SettingsCheck.report(path: cluster.folder).diagnostics
        #expect(folder.map(\.message) == ["cannot be read: Is a directory"])
    }

    @Test(
        "lists within lists lead to a finding at any depth, never to a stack overflow", arguments: [10, 900, 200_000])
    func deep(_ depth: Int) {
        for open in ["[", "- ", "? ", "{a: "] {
            #expect(throws: SettingsError.self) {
                try SettingsReader.read(text: String(repeating: open, count: depth), named: "f") { _ in }
            }
        }
    }

    @Test("text of any bytes leads to findings, never to a trap")
    func anyText() throws {
        var generator = SeededGenerator(seed: 7)
        let parts = [
            "models", "gateway", ":", ": ", "\n", "\n  ", "- ", "[", "]", "{", "}", ",", "'", "\"", "&a", "*a", "#",
            "|", ">",
            "!!int", "?", "\t", "é", "\u{E000}", "\0", "1e999", "-", "---\n", "...", "%", "@", "<<", "port", "1",
            "\r\n",
        ]
        for _ in 0..<3_000 {
            let count = Int.random(in: 0..<24, using: &generator)
            let text = (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            var findings = 0
            do throws(SettingsError) {
                try SettingsReader.read(text: text, named: "f") { file in
                    file.mapping("gateway") { _ = $0.integer("port", in: 0...1) }
                    _ = file.list("models", shorthand: "name") { $0.string("name") }
                }
            } catch {
                findings = error.diagnostics.count
                #expect(findings > 0)
            }
            #expect(findings <= 101)
        }
    }
}
