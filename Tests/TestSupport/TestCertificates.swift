import Foundation
import NIOCore

/// A certificate authority of its own with one server certificate (for `localhost` and 127.0.0.1) and one client
/// certificate, made by the `openssl` command. All are PEM files in one directory.
package struct TestCertificates: Sendable {
    package let authority: String
    package let serverCertificate: String
    package let serverKey: String
    package let clientCertificate: String
    package let clientKey: String

    static func make(in directory: String) async throws -> TestCertificates {
        func path(_ name: String) -> String { "\(directory)/\(name)" }
        func openssl(_ arguments: String...) async throws {
            let log = path("openssl.log")
            let status = try await WatchedProcess.start("openssl", arguments, log: log).ended.get()
            guard status == 0 else {
                let reason = (try? String(contentsOfFile: log, encoding: .utf8)) ?? "no output"
                throw WatchedProcess.Failure(description: "openssl ended with \(status): \(reason)")
            }
        }
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        func certificate(_ name: String, subject: String, extensions: String) async throws {
            try extensions.write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
            try await openssl(
                "req", key[0], key[1], key[2], key[3], key[4], "-subj", "/CN=\(subject)", "-keyout",
                path("\(name).key"),
                "-out", path("\(name).csr"))
            try await openssl(
                "x509", "-req", "-in", path("\(name).csr"), "-CA", path("authority.pem"), "-CAkey",
                path("authority.key"), "-CAcreateserial", "-days", "2", "-extfile", path("\(name).ext"), "-out",
                path("\(name).pem"))
        }
        try await openssl(
            "req", "-x509", key[0], key[1], key[2], key[3], key[4], "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", path("authority.key"), "-out", path("authority.pem"))
        try await certificate("server", subject: "redis", extensions: "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        try await certificate("client", subject: "client", extensions: "extendedKeyUsage=clientAuth\n")
        return TestCertificates(
            authority: path("authority.pem"), serverCertificate: path("server.pem"), serverKey: path("server.key"),
            clientCertificate: path("client.pem"), clientKey: path("client.key"))
    }
}
