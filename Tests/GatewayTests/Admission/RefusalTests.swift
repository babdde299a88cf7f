import GatewayCore
import HTTPTypes
import Jobs
import Testing

@testable import Gateway

@Suite struct RefusalTests {
    @Test("a job that the queue cannot carry is refused without the address of Redis")
    func namesNoAddress() throws {
        let error = QueueError(.tooLarge, "a command of 70 bytes was not sent to Redis at redis://secret:6379")
        let reply = HTTPReply.v2(.refused(.queue(QueueTrouble(error))))
        #expect(reply.status == .contentTooLarge)
        #expect(reply.error.contains("gateway.maximum_body"))
        #expect(!reply.error.contains("secret") && !reply.error.contains("redis://"))
    }
}
