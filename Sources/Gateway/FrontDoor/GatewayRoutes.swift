import HTTPTypes
import HummingbirdCore

/// Which request of the main port goes where: to the protocol that has its path, else to the jobs.
struct GatewayRoutes: Sendable {
    let door: FrontDoor

    func respond(to request: Request, from caller: Caller) async -> HTTPReply {
        for proto in door.protocols.list {
            if let reply = await proto.respond(to: request, from: caller, at: door) { return reply }
        }
        if let reply = await door.jobs.respond(to: request, from: caller) { return reply }
        return .error(.notFound, "Not Found: there is nothing at '\(request.uri.path.shortened)'; GET / lists what is")
    }
}
