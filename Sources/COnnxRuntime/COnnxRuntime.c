#include "COnnxRuntime.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Positions in the runtime's table, each with what it takes and who owns what it gives. A position never changes once
// its version has shipped. "status" is NULL for success, else an error object of ours (see `ok`).
enum {
    GET_ERROR_CODE = 1,                  // int (status)
    GET_ERROR_MESSAGE = 2,               // text (status); gone with the status
    CREATE_ENV_WITH_LISTENER = 4,        // status (listener, context, level, log id, &env); one per process, kept
    DISABLE_TELEMETRY = 6,               // status (env)
    CREATE_SESSION = 7,                  // status (env, path, options, &session); RELEASE_SESSION
    RUN = 9,                             // status (session, run options or NULL, names, values, n, names, n, values)
    CREATE_SESSION_OPTIONS = 10,         // status (&options); RELEASE_SESSION_OPTIONS
    SET_EXECUTION_MODE = 13,             // status (options, mode)
    SET_OPTIMIZATION_LEVEL = 23,         // status (options, level)
    SET_INTRA_OP_THREADS = 24,           // status (options, n); 1 is the calling thread alone
    SET_INTER_OP_THREADS = 25,           // status (options, n)
    INPUT_COUNT = 30,                    // status (session, &n)
    OUTPUT_COUNT = 31,                   // status (session, &n)
    INPUT_TYPE = 33,                     // status (session, index, &type); RELEASE_TYPE
    OUTPUT_TYPE = 34,                    // status (session, index, &type); RELEASE_TYPE
    INPUT_NAME = 36,                     // status (session, index, allocator, &text); ALLOCATOR_FREE
    OUTPUT_NAME = 37,                    // status (session, index, allocator, &text); ALLOCATOR_FREE
    CREATE_TENSOR = 48,                  // status (allocator, shape, rank, type, &value); RELEASE_VALUE
    WRAP_TENSOR = 49,                    // status (memory, bytes, size, shape, rank, type, &value); bytes stay ours
    TENSOR_DATA = 51,                    // status (value, &bytes); borrowed from the value; not for strings
    TEXT_SIZE = 53,                      // status (value, &bytes); sum over all strings
    TEXT_CONTENT = 54,                   // status (value, buffer, size, offsets, n)
    CAST_TO_TENSOR_TYPE = 55,            // status (type, &tensor type); borrowed, NULL if it is no tensor
    TYPE_KIND = 56,                      // status (type, &kind)
    ELEMENT_TYPE = 60,                   // status (tensor type, &element type)
    RANK = 61,                           // status (tensor type, &n)
    DIMENSIONS = 62,                     // status (tensor type, dimensions, n)
    AXIS_NAMES = 63,                     // status (tensor type, &texts, n); borrowed from the type
    VALUE_TYPE_AND_SHAPE = 65,           // status (value, &tensor type); RELEASE_TYPE_AND_SHAPE
    CPU_MEMORY_INFO = 69,                // status (allocator type, memory type, &memory); kept
    ALLOCATOR_FREE = 76,                 // status (allocator, block)
    DEFAULT_ALLOCATOR = 78,              // status (&allocator); the process's own, never released
    RELEASE_STATUS = 93,                 // void (status)
    RELEASE_SESSION = 95,                // void (session or NULL)
    RELEASE_VALUE = 96,                  // void (value or NULL)
    RELEASE_TYPE = 98,                   // void (type)
    RELEASE_TYPE_AND_SHAPE = 99,         // void (tensor type)
    RELEASE_SESSION_OPTIONS = 100,       // void (options)
    AVAILABLE_PROVIDERS = 125,           // status (&texts, &n); RELEASE_PROVIDERS
    RELEASE_PROVIDERS = 126,             // status (texts, n)
    ADD_SESSION_CONFIG = 130,            // status (options, key, value); both copied
    APPEND_CUDA = 204,                   // status (options, CUDA options); the latter must not be NULL
    CREATE_CUDA_OPTIONS = 205,           // status (&CUDA options); RELEASE_CUDA_OPTIONS
    RELEASE_CUDA_OPTIONS = 208,          // void (CUDA options)
    APPEND_PROVIDER = 216,               // status (options, name, keys, values, n); not for CUDA
    STRING_ELEMENT_BUFFER = 252,         // status (value, index, size, &buffer); borrowed from the value
    HAS_SHAPE = 390,                     // bool (tensor type); from table version 24 on
    // The lowest table version that has all of the above but HAS_SHAPE: it ends at 254.
    TABLE_VERSION = 15,
    HAS_SHAPE_VERSION = 24,
};

enum { STRING_ELEMENTS = 8, TENSOR_KIND = 1, MAXIMUM_RANK = 16 };

typedef void *(*entry)();

struct spate_ort {
    const entry *table;
    // The same table where the library is new enough to have HAS_SHAPE, else NULL.
    const entry *newer;
    const char *version;
    void *env;
    void *memory_info;
    void *allocator;
};

typedef struct {
    spate_ort_port *ports;
    size_t count;
} port_list;

struct spate_ort_session {
    const spate_ort *ort;
    void *session;
    port_list inputs, outputs;
};

// A table entry as the function it is.
#define CALL(ort, position, result, ...) ((result(*)(__VA_ARGS__))(ort)->table[position])

static void fail(spate_ort_error *error, int32_t code, const char *message) {
    if (!error) return;
    error->code = code;
    snprintf(error->message, sizeof error->message, "%s", message ? message : "no reason given");
}

// True for success. Copies the text of a failure and frees its status.
static bool ok(const spate_ort *ort, void *status, spate_ort_error *error) {
    if (!status) return true;
    fail(
        error, CALL(ort, GET_ERROR_CODE, int32_t, const void *)(status),
        CALL(ort, GET_ERROR_MESSAGE, const char *, const void *)(status));
    CALL(ort, RELEASE_STATUS, void, void *)(status);
    return false;
}

// --- The library ------------------------------------------------------------------------------------------------

spate_ort *spate_ort_open(const char *path, spate_ort_listener listener, void *context, spate_ort_error *error) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fail(error, -1, dlerror());
        return NULL;
    }
    typedef struct {
        const entry *(*table)(uint32_t version);
        const char *(*version)(void);
    } base;
    const base *(*find)(void) = (const base *(*)(void))dlsym(library, "OrtGetApiBase");
    const base *found = find ? find() : NULL;
    const entry *table = found ? found->table(TABLE_VERSION) : NULL;
    spate_ort *ort = table ? calloc(1, sizeof *ort) : NULL;
    if (!ort) {
        fail(error, -1, find ? "the library is older than ONNX Runtime 1.15" : "the library is not ONNX Runtime");
        dlclose(library);
        return NULL;
    }
    ort->table = table;
    ort->newer = found->table(HAS_SHAPE_VERSION);
    ort->version = found->version();
    enum { WARNINGS = 2, ARENA = 1, DEFAULT_MEMORY = 0 };
    if (!ok(ort, CALL(ort, CREATE_ENV_WITH_LISTENER, void *, spate_ort_listener, void *, int32_t, const char *, void **)(
                     listener, context, WARNINGS, "spate", &ort->env), error)
        || !ok(ort, CALL(ort, CPU_MEMORY_INFO, void *, int32_t, int32_t, void **)(
                        ARENA, DEFAULT_MEMORY, &ort->memory_info), error)
        || !ok(ort, CALL(ort, DEFAULT_ALLOCATOR, void *, void **)(&ort->allocator), error)) {
        free(ort);
        return NULL;
    }
    ok(ort, CALL(ort, DISABLE_TELEMETRY, void *, const void *)(ort->env), NULL);
    return ort;
}

const char *spate_ort_version(const spate_ort *ort) { return ort->version; }

void spate_ort_providers(const spate_ort *ort, char *buffer, size_t capacity) {
    char **names = NULL;
    int count = 0;
    if (capacity == 0) return;
    buffer[0] = 0;
    if (!ok(ort, CALL(ort, AVAILABLE_PROVIDERS, void *, char ***, int *)(&names, &count), NULL)) return;
    for (int i = 0; i < count; i++) {
        size_t used = strlen(buffer);
        snprintf(buffer + used, capacity - used, "%s%s", i ? ", " : "", names[i]);
    }
    ok(ort, CALL(ort, RELEASE_PROVIDERS, void *, char **, int)(names, count), NULL);
}

// --- Sessions ---------------------------------------------------------------------------------------------------

static bool append_provider(const spate_ort *ort, void *options, const char *name, spate_ort_error *error) {
    if (strcmp(name, "CPUExecutionProvider") == 0) return true;
    if (strcmp(name, "CUDAExecutionProvider") == 0) {
        void *cuda = NULL;
        if (!ok(ort, CALL(ort, CREATE_CUDA_OPTIONS, void *, void **)(&cuda), error)) return false;
        bool done = ok(ort, CALL(ort, APPEND_CUDA, void *, void *, const void *)(options, cuda), error);
        CALL(ort, RELEASE_CUDA_OPTIONS, void, void *)(cuda);
        return done;
    }
    // The generic call takes short names: "XNNPACK" for "XnnpackExecutionProvider" and so on are the caller's.
    return ok(
        ort,
        CALL(ort, APPEND_PROVIDER, void *, void *, const char *, const char *const *, const char *const *, size_t)(
            options, name, NULL, NULL, 0),
        error);
}

static bool read_ports(const spate_ort *ort, void *session, bool output, port_list *list, spate_ort_error *error) {
    size_t count = 0;
    if (!ok(ort, CALL(ort, output ? OUTPUT_COUNT : INPUT_COUNT, void *, const void *, size_t *)(session, &count), error))
        return false;
    list->ports = calloc(count ? count : 1, sizeof *list->ports);
    if (!list->ports) return fail(error, -1, "no memory"), false;
    for (size_t i = 0; i < count; i++) {
        spate_ort_port *port = &list->ports[i];
        list->count = i + 1;
        char *name = NULL;
        if (!ok(ort, CALL(ort, output ? OUTPUT_NAME : INPUT_NAME, void *, const void *, size_t, void *, char **)(
                         session, i, ort->allocator, &name), error))
            return false;
        port->name = strdup(name);
        ok(ort, CALL(ort, ALLOCATOR_FREE, void *, void *, void *)(ort->allocator, name), NULL);
        void *type = NULL;
        if (!ok(ort, CALL(ort, output ? OUTPUT_TYPE : INPUT_TYPE, void *, const void *, size_t, void **)(session, i, &type), error))
            return false;
        const void *tensor = NULL;
        bool good = ok(ort, CALL(ort, TYPE_KIND, void *, const void *, int32_t *)(type, &port->kind), error)
            && ok(ort, CALL(ort, CAST_TO_TENSOR_TYPE, void *, const void *, const void **)(type, &tensor), error);
        if (good && tensor) {
            good = ok(ort, CALL(ort, ELEMENT_TYPE, void *, const void *, int32_t *)(tensor, &port->element_type), error)
                && ok(ort, CALL(ort, RANK, void *, const void *, size_t *)(tensor, &port->rank), error);
            if (good && port->rank > MAXIMUM_RANK) {
                fail(error, -1, "a tensor has more than 16 dimensions");
                good = false;
            }
            good = good
                && ok(ort, CALL(ort, DIMENSIONS, void *, const void *, int64_t *, size_t)(tensor, port->dimensions, port->rank), error);
            port->has_shape = !ort->newer
                || ((bool (*)(const void *))ort->newer[HAS_SHAPE])(tensor);
            const char *names[MAXIMUM_RANK] = {0};
            good = good
                && ok(ort, CALL(ort, AXIS_NAMES, void *, const void *, const char **, size_t)(tensor, names, port->rank), error);
            for (size_t axis = 0; good && axis < port->rank; axis++)
                port->axis_names[axis] = strdup(names[axis] ? names[axis] : "");
        }
        CALL(ort, RELEASE_TYPE, void, void *)(type);
        if (!good || !port->name) return false;
    }
    return true;
}

static void free_ports(port_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->ports[i].name);
        for (size_t axis = 0; axis < MAXIMUM_RANK; axis++) free(list->ports[i].axis_names[axis]);
    }
    free(list->ports);
}

spate_ort_session *spate_ort_session_create(
    const spate_ort *ort, const spate_ort_session_options *wanted, spate_ort_error *error) {
    enum { SEQUENTIAL = 0, ALL_OPTIMIZATIONS = 99 };
    void *options = NULL;
    if (!ok(ort, CALL(ort, CREATE_SESSION_OPTIONS, void *, void **)(&options), error)) return NULL;
    spate_ort_session *made = calloc(1, sizeof *made);
    // Pool threads sleep when idle: a spinning thread would take the core that the gateway or Redis needs.
    bool good = made
        && ok(ort, CALL(ort, SET_INTRA_OP_THREADS, void *, void *, int)(options, wanted->threads), error)
        && ok(ort, CALL(ort, SET_INTER_OP_THREADS, void *, void *, int)(options, 1), error)
        && ok(ort, CALL(ort, SET_EXECUTION_MODE, void *, void *, int32_t)(options, SEQUENTIAL), error)
        && ok(ort, CALL(ort, SET_OPTIMIZATION_LEVEL, void *, void *, int32_t)(options, ALL_OPTIMIZATIONS), error)
        && ok(ort, CALL(ort, ADD_SESSION_CONFIG, void *, void *, const char *, const char *)(
                       options, "session.intra_op.allow_spinning", "0"), error);
    for (size_t i = 0; good && i < wanted->provider_count; i++)
        good = append_provider(ort, options, wanted->providers[i], error);
    if (good) {
        made->ort = ort;
        good = ok(ort, CALL(ort, CREATE_SESSION, void *, const void *, const char *, const void *, void **)(
                           ort->env, wanted->model_path, options, &made->session), error);
        good = good && read_ports(ort, made->session, false, &made->inputs, error)
            && read_ports(ort, made->session, true, &made->outputs, error);
    }
    CALL(ort, RELEASE_SESSION_OPTIONS, void, void *)(options);
#ifdef __GLIBC__
    // Parsing and optimizing leave freed memory behind that a process would keep for its whole life.
    // Magika's model: 43 MB resident before this, 33 MB after, in 1 ms.
    malloc_trim(0);
#endif
    if (good) return made;
    if (!made) fail(error, -1, "no memory");
    spate_ort_session_release(made);
    return NULL;
}

void spate_ort_session_release(spate_ort_session *session) {
    if (!session) return;
    if (session->session) CALL(session->ort, RELEASE_SESSION, void, void *)(session->session);
    free_ports(&session->inputs);
    free_ports(&session->outputs);
    free(session);
}

size_t spate_ort_port_count(const spate_ort_session *session, bool output) {
    return output ? session->outputs.count : session->inputs.count;
}

void spate_ort_port_get(const spate_ort_session *session, bool output, size_t index, spate_ort_port *port) {
    *port = (output ? session->outputs : session->inputs).ports[index];
}

// --- Running ----------------------------------------------------------------------------------------------------

// A string tensor from (32-bit little-endian length, bytes) pairs; every length is checked against `size`.
static void *make_text(const spate_ort *ort, const spate_ort_input *input, spate_ort_error *error) {
    void *value = NULL;
    if (!ok(ort, CALL(ort, CREATE_TENSOR, void *, void *, const int64_t *, size_t, int32_t, void **)(
                     ort->allocator, input->dimensions, input->rank, STRING_ELEMENTS, &value), error))
        return NULL;
    size_t count = 1;
    for (size_t i = 0; i < input->rank; i++) count *= (size_t)input->dimensions[i];
    const uint8_t *bytes = input->bytes;
    size_t at = 0, filled = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t length = 0;
        char *target = NULL;
        if (input->size - at < 4) break;
        memcpy(&length, bytes + at, 4);
        at += 4;
        if (input->size - at < length
            || !ok(ort, CALL(ort, STRING_ELEMENT_BUFFER, void *, void *, size_t, size_t, char **)(value, i, length, &target), error))
            break;
        memcpy(target, bytes + at, length);
        at += length;
        filled = i + 1;
    }
    if (filled == count && at == input->size) return value;
    if (error->code == 0) fail(error, 2, "the elements of a string tensor do not fill its shape");
    CALL(ort, RELEASE_VALUE, void, void *)(value);
    return NULL;
}

bool spate_ort_run(
    const spate_ort_session *session, const spate_ort_input *inputs, size_t input_count,
    const char *const *output_names, size_t output_count, spate_ort_value **outputs, spate_ort_error *error) {
    const spate_ort *ort = session->ort;
    void **values = calloc(input_count + 1, sizeof *values);
    const char **names = calloc(input_count + 1, sizeof *names);
    bool good = values && names;
    if (!good) fail(error, -1, "no memory");
    error->code = good ? 0 : error->code;
    for (size_t i = 0; good && i < input_count; i++) {
        const spate_ort_input *input = &inputs[i];
        names[i] = input->name;
        if (input->element_type == STRING_ELEMENTS) {
            values[i] = make_text(ort, input, error);
            good = values[i] != NULL;
        } else {
            good = ok(ort, CALL(ort, WRAP_TENSOR, void *, const void *, void *, size_t, const int64_t *, size_t, int32_t, void **)(
                               ort->memory_info, (void *)input->bytes, input->size, input->dimensions, input->rank,
                               input->element_type, &values[i]), error);
        }
    }
    for (size_t i = 0; i < output_count; i++) outputs[i] = NULL;
    good = good
        && ok(ort, CALL(ort, RUN, void *, void *, const void *, const char *const *, const void *const *, size_t,
                        const char *const *, size_t, void **)(
                       session->session, NULL, names, (const void *const *)values, input_count, output_names,
                       output_count, (void **)outputs), error);
    for (size_t i = 0; values && i < input_count; i++) CALL(ort, RELEASE_VALUE, void, void *)(values[i]);
    free(values);
    free(names);
    return good;
}

void spate_ort_value_release(const spate_ort_session *session, spate_ort_value *value) {
    CALL(session->ort, RELEASE_VALUE, void, void *)(value);
}

bool spate_ort_value_shape(
    const spate_ort_session *session, const spate_ort_value *value, int32_t *element_type, size_t *rank,
    int64_t dimensions[16], size_t *elements) {
    const spate_ort *ort = session->ort;
    void *shape = NULL;
    if (!ok(ort, CALL(ort, VALUE_TYPE_AND_SHAPE, void *, const void *, void **)(value, &shape), NULL)) return false;
    bool good = ok(ort, CALL(ort, ELEMENT_TYPE, void *, const void *, int32_t *)(shape, element_type), NULL)
        && ok(ort, CALL(ort, RANK, void *, const void *, size_t *)(shape, rank), NULL) && *rank <= MAXIMUM_RANK
        && ok(ort, CALL(ort, DIMENSIONS, void *, const void *, int64_t *, size_t)(shape, dimensions, *rank), NULL);
    CALL(ort, RELEASE_TYPE_AND_SHAPE, void, void *)(shape);
    *elements = 1;
    for (size_t i = 0; good && i < *rank; i++) *elements *= (size_t)dimensions[i];
    return good;
}

const void *spate_ort_value_numbers(const spate_ort_session *session, spate_ort_value *value) {
    void *bytes = NULL;
    return ok(session->ort, CALL(session->ort, TENSOR_DATA, void *, void *, void **)(value, &bytes), NULL) ? bytes : NULL;
}

size_t spate_ort_value_text_size(const spate_ort_session *session, const spate_ort_value *value) {
    size_t size = 0;
    return ok(session->ort, CALL(session->ort, TEXT_SIZE, void *, const void *, size_t *)(value, &size), NULL) ? size : 0;
}

bool spate_ort_value_text(
    const spate_ort_session *session, const spate_ort_value *value, void *buffer, size_t size, size_t *offsets,
    size_t elements) {
    return ok(
        session->ort,
        CALL(session->ort, TEXT_CONTENT, void *, const void *, void *, size_t, size_t *, size_t)(
            value, buffer, size, offsets, elements),
        NULL);
}
