// ONNX Runtime through its C ABI, opened at run time.
//
// The wheel that carries the library carries no header. Its function table is stable by position; the positions
// used here are named in COnnxRuntime.c. These functions hide the table: every failure is a code and a text,
// no pointer of the runtime is freed by the caller, no call crosses the border with a NULL that the runtime
// does not take.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Code 0 is success; 1 to 15 are the runtime's own codes, -1 is a failure before the runtime was reached.
typedef struct {
    int32_t code;
    char message[1024];
} spate_ort_error;

/// The open library, its table and its environment. One per process; never closed.
typedef struct spate_ort spate_ort;
typedef struct spate_ort_session spate_ort_session;
/// A result; released with `spate_ort_value_release`.
typedef struct spate_ort_value spate_ort_value;

/// Receives what the runtime has to say, from any thread; the texts live for the call only.
/// `severity`: 2 warning, 3 error, 4 fatal. An error that a call returned is said here as well.
typedef void (*spate_ort_listener)(
    void *context, int32_t severity, const char *category, const char *log_id, const char *place, const char *message);

/// Opens the library at `path` and makes its environment. `listener` and `context` must live as long as the process.
spate_ort *spate_ort_open(const char *path, spate_ort_listener listener, void *context, spate_ort_error *error);
/// The library's version, for example `1.31.1`; static.
const char *spate_ort_version(const spate_ort *ort);
/// Comma-separated names of the execution providers in this build, written to `buffer`.
void spate_ort_providers(const spate_ort *ort, char *buffer, size_t capacity);

typedef struct {
    const char *model_path;
    int32_t threads;
    /// Execution providers in order; the CPU follows by itself.
    const char *const *providers;
    size_t provider_count;
} spate_ort_session_options;

spate_ort_session *spate_ort_session_create(
    const spate_ort *ort, const spate_ort_session_options *options, spate_ort_error *error);
/// No run may be under way.
void spate_ort_session_release(spate_ort_session *session);

/// What a session takes or gives. `dimensions` holds -1 for a free one; at most 16.
typedef struct {
    char *name;
    /// ONNXType: 1 is a tensor.
    int32_t kind;
    /// ONNXTensorElementDataType, 0 unless a tensor.
    int32_t element_type;
    size_t rank;
    int64_t dimensions[16];
    /// What the model calls each dimension; empty where the size is fixed or has no name.
    char *axis_names[16];
    /// False where the model gives no shape at all; true where the runtime is too old to tell that from rank 0.
    bool has_shape;
} spate_ort_port;

size_t spate_ort_port_count(const spate_ort_session *session, bool output);
/// Fills `port`; its names are borrowed from the session.
void spate_ort_port_get(const spate_ort_session *session, bool output, size_t index, spate_ort_port *port);

/// One input of a run: numbers in place, or strings as (length, bytes) pairs laid out as V2's BYTES.
typedef struct {
    const char *name;
    int32_t element_type;
    const int64_t *dimensions;
    size_t rank;
    const void *bytes;
    size_t size;
} spate_ort_input;

/// Runs the session; blocks. `outputs` receives one new value for each output name. Several threads may run one
/// session at once.
/// - Returns: false with `error` filled; then no output is set.
bool spate_ort_run(
    const spate_ort_session *session, const spate_ort_input *inputs, size_t input_count,
    const char *const *output_names, size_t output_count, spate_ort_value **outputs, spate_ort_error *error);

void spate_ort_value_release(const spate_ort_session *session, spate_ort_value *value);
/// Element type, shape and number of elements of a tensor; false for other values or a rank above 16.
bool spate_ort_value_shape(
    const spate_ort_session *session, const spate_ort_value *value, int32_t *element_type, size_t *rank,
    int64_t dimensions[16], size_t *elements);
/// The numbers of a tensor, borrowed from it; NULL for strings.
const void *spate_ort_value_numbers(const spate_ort_session *session, spate_ort_value *value);
/// Bytes of all strings of a tensor, without lengths.
size_t spate_ort_value_text_size(const spate_ort_session *session, const spate_ort_value *value);
/// Copies all strings end to end into `buffer` and each start into `offsets`.
bool spate_ort_value_text(
    const spate_ort_session *session, const spate_ort_value *value, void *buffer, size_t size, size_t *offsets,
    size_t elements);
