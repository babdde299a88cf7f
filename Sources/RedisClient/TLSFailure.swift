import NIOSSL

/// What went wrong with TLS, in words that name the remedy; other errors as they are.
func describeTLS(_ error: any Error) -> String {
    switch error {
    case NIOSSLError.handshakeFailed(let reason), NIOSSLError.shutdownFailed(let reason):
        describe(text: "\(reason)")
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
        "the server's certificate is for another host (\(error))"
    case let error as BoringSSLError:
        describe(text: "\(error)")
    default:
        "\(error)"
    }
}

private func describe(text: String) -> String {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
        "TLS: the server's certificate is not signed by a trusted authority; check the certificate authority's file"
    } else if text.contains("CERTIFICATE_REQUIRED") || text.contains("HANDSHAKE_FAILURE") {
        "TLS: the server refuses the client; it may want a client certificate (\(text))"
    } else if text.contains("UNKNOWN_CA") || text.contains("BAD_CERTIFICATE") {
        "TLS: the server does not trust the client's certificate (\(text))"
    } else if text.contains("WRONG_VERSION_NUMBER") {
        "TLS: the server does not speak TLS on this port; use redis:// or its TLS port"
    } else {
        "TLS: \(text)"
    }
}
