import HTTPTypes
import Testing

@testable import Gateway

@Suite struct PreferencesTests {
    private func preferences(_ values: [String]) -> Preferences {
        var headers = HTTPFields()
        for value in values { headers.append(HTTPField(name: .prefer, value: value)) }
        return Preferences(headers)
    }

    @Test(
        "finds the preference for a job in every form that RFC 7240 allows",
        arguments: [
            (["respond-async"], true), (["Respond-Async"], true), ([#"respond-async="""#], true),
            (["respond-async=\"\" ; foo=bar"], true), (["return=minimal, respond-async; x"], true),
            (["wait=5", "respond-async"], true), ([" respond-async ,wait=1"], true), (["respond-asynchronous"], false),
            ([#"foo="respond-async""#], false), ([#"foo="a, respond-async, b""#], false),
            ([#"foo="\", respond-async""#], false), (["respond-async=no"], false), ([], false), ([""], false),
        ] as [([String], Bool)])
    func findsAsynchronous(values: [String], isAsynchronous: Bool) {
        #expect(preferences(values).isAsynchronous == isAsynchronous)
    }

    @Test("reads the wait in seconds, of several the first")
    func readsWait() {
        #expect(preferences(["respond-async, wait=10"]).wait == .seconds(10))
        #expect(preferences([#"wait="7""#, "wait=9"]).wait == .seconds(7))
        #expect(preferences(["wait=soon"]).wait == nil)
        #expect(preferences(["wait=-1"]).wait == nil)
        #expect(preferences(["wait=0"]).wait == .zero)
    }
}

@Suite struct TensorFormTests {
    @Test(
        "takes from Accept what it prefers, and nothing where it prefers neither",
        arguments: [
            ("application/octet-stream", .binary), ("application/json", .json), ("*/*", .asRequested),
            ("application/*", .asRequested), ("text/html,application/xhtml+xml,*/*;q=0.8", .asRequested),
            ("application/json, text/plain, */*", .asRequested), ("application/octet-stream, */*;q=0.1", .binary),
            ("application/json;q=0.5, application/octet-stream;q=0.9", .binary),
            ("application/octet-stream;q=0, */*", .json), ("Application/Octet-Stream", .binary),
            ("text/plain", .asRequested), ("application/octet-stream;q=x", .binary), ("", .asRequested),
        ] as [(String, TensorForm)])
    func reads(accept: String, form: TensorForm) {
        #expect(TensorForm(accept: [.accept: accept]) == form)
    }

    @Test("without Accept nothing is preferred")
    func absent() { #expect(TensorForm(accept: [:]) == .asRequested) }
}
