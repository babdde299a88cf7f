import Settings
import Testing

@testable import Gateway

@Suite struct AdminHostsTests {
    @Test(
        "administration on the loopback is for names of the loopback and declared ones",
        arguments: [
            ("127.0.0.1:8002", true), ("localhost", true), ("LOCALHOST:8002", true), ("spate.localhost:8002", true),
            ("[::1]:8002", true), ("127.8.9.1", true), ("localhost.", true), ("ops.example.com", true),
            ("OPS.example.com:443", true), ("evil.example.com:8002", false), ("localhost.evil.com", false),
            ("127.0.0.1.evil.com", false),
            ("10.0.0.1", false), ("", false), ("127.0.0", false), ("0.0.0.0:8002", false), ("[::2]:8002", false),
        ])
    func loopback(authority: String, isAllowed: Bool) {
        let hosts = AdminHosts(GatewaySettings(adminNames: ["ops.example.com"]))
        #expect(hosts.allow(authority) == isAllowed)
    }

    @Test("a port on another address is reached by whatever name it has there")
    func network() {
        let hosts = AdminHosts(GatewaySettings(adminHost: "0.0.0.0"))
        #expect(hosts.allow("10.1.2.3:8002") && hosts.allow("spate-gateway-admin.spate.svc"))
    }

    @Test("HTTP/1.0 without Host is no browser")
    func noHost() { #expect(AdminHosts(GatewaySettings()).allow(nil)) }
}
