import NIOCore

/// The raw tensors behind the JSON, taken in the order of the inputs.
struct V2BinarySection {
    private var rest: ByteBuffer
    private let isPresent: Bool
    private let model: String

    init(body: ByteBuffer, start: Int?, model: String) {
        self.model = model
        isPresent = start != nil
        rest =
            start.flatMap { body.getSlice(at: body.readerIndex + $0, length: body.readableBytes - $0) } ?? ByteBuffer()
    }

    mutating func take(_ size: Int, for input: String) throws(V2Error) -> ByteBuffer {
        guard isPresent else {
            throw .bad(
                "must specify valid 'Infer-Header-Content-Length' in request header and 'binary_data_size' when passing inputs in binary data format"
            )
        }
        guard let slice = rest.readSlice(length: size) else {
            throw .bad(
                "unexpected size for input '\(input)', expecting \(size - rest.readableBytes) additional bytes for model '\(model)'"
            )
        }
        return slice
    }

    func finish() throws(V2Error) {
        guard rest.readableBytes == 0 else {
            throw .bad(
                "unexpected additional input data for model '\(model)': \(rest.readableBytes) bytes follow the last input"
            )
        }
    }
}
