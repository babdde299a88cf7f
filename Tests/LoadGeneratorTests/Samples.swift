import JSON
import LoadGenerator
import Tensors
import Time
import Traffic

/// An answer with one output `y` of four values whose largest is at `index`.
func v2Answer(argmax index: Int) -> String {
    let values = (0..<4).map { $0 == index ? "0.9" : "0.1" }.joined(separator: ",")
    return #"{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[1,4],"data":[\#(values)]}]}"#
}

/// One request that expects the answer `argmax`.
func makeRecording(argmax: Int = 2) -> [RecordedRequest] {
    [
        RecordedRequest(
            inputs: [
                .init(
                    name: "x", elementType: .float32, shape: [1, 1], bytes: [0, 0, 128, 63],
                    json: .array([.array([.number(1)])]))
            ],
            expected: [ExpectedOutput(output: "y", .argmax([argmax]))])
    ]
}

/// `calls` evenly spaced calls within 200 ms.
func makeProfile(
    calls: Double = 50, asynchronousShare: Double = 0, deadline: Duration? = nil, resubmittedShare: Double = 0
) throws -> LoadProfile {
    let perMinute = calls * 300
    return LoadProfile(
        name: "test", model: "m",
        arrivals: try ArrivalProfile(points: [
            .init(at: .zero, callsPerMinute: perMinute), .init(at: .milliseconds(200), callsPerMinute: perMinute),
        ]), process: .even, asynchronousShare: asynchronousShare, deadline: deadline,
        resubmittedShare: resubmittedShare)
}

func makeRun(
    _ profile: LoadProfile, against server: StubServer, admin: StubServer? = nil, options: LoadOptions = LoadOptions()
) throws -> LoadRun {
    try LoadRun(
        load: .open(profile, speed: 1, keeping: .rates), recording: makeRecording(),
        target: LoadTarget(host: "127.0.0.1", port: server.port),
        admin: admin.map { LoadTarget(host: "127.0.0.1", port: $0.port) }, seed: 1, runID: "test", started: "",
        options: options)
}
