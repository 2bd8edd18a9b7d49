/* The glue to libmicrohttpd. Its threads only read and write bytes: a complete request is suspended and put
 * into a lane; a worker answers it and wakes the connection. A watchdog cuts connections that take too long,
 * byte by byte or not, since the library's own time-out only counts silence. */
#include "gate/http.h"
#include "gate/inner.h"
#include "gate/pages.h"
#include "gate/route.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <sodium.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IO_THREADS = 2,
    POOL_BYTES = 16 << 10, /* request line and headers of one connection */
    SILENCE_SECONDS = 75,
    HEADER_SECONDS = 20, /* from connect, or from the last answer, to the end of the headers */
    IDLE_SECONDS = 75,
    BODY_SECONDS = 120,
    ANSWER_SECONDS = 300,
    FILES_RESERVED = 512, /* descriptors kept for the store, jobs and logs */
};

/* A connection, for the watchdog. deadline_ns 0: a worker has it, no limit. */
struct sh_conn {
    struct sh_conn *next, *previous;
    int fd;
    atomic_int_fast64_t deadline_ns;
    bool is_cut;
};

static void conn_until(struct sh_conn *conn, int seconds) {
    if (conn)
        atomic_store(&conn->deadline_ns, seconds ? sh_monotonic_ns() + (int64_t)seconds * 1000000000 : 0);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct sh_http *http = &((struct sh_gate *)cls)->http;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct sh_conn *conn = sh_alloc_array(1, sizeof *conn);
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = conn;
        if (!conn || !info)
            return;
        conn->fd = info->connect_fd;
        conn_until(conn, HEADER_SECONDS);
        pthread_mutex_lock(&http->conns_mutex);
        conn->next = http->conns;
        if (conn->next)
            conn->next->previous = conn;
        http->conns = conn;
        http->n_conns++;
        pthread_mutex_unlock(&http->conns_mutex);
        return;
    }
    /* Called before the library closes the descriptor, so the watchdog cannot cut a stranger's. */
    struct sh_conn *conn = *socket_context;
    if (!conn)
        return;
    pthread_mutex_lock(&http->conns_mutex);
    if (conn->next)
        conn->next->previous = conn->previous;
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        http->conns = conn->next;
    http->n_conns--;
    pthread_mutex_unlock(&http->conns_mutex);
    sh_free(conn);
    *socket_context = NULL;
}

static void *watch(void *arg) {
    struct sh_http *http = arg;
    while (!atomic_load(&http->is_watch_over)) {
        usleep(250000);
        const int64_t now = sh_monotonic_ns();
        pthread_mutex_lock(&http->conns_mutex);
        for (struct sh_conn *conn = http->conns; conn; conn = conn->next) {
            const int64_t until = atomic_load(&conn->deadline_ns);
            if (until && until < now && !conn->is_cut) {
                conn->is_cut = true;
                shutdown(conn->fd, SHUT_RDWR);
                atomic_fetch_add(&http->n_cut, 1);
            }
        }
        pthread_mutex_unlock(&http->conns_mutex);
    }
    return NULL;
}

/* The library calls this with the raw target before anything else of a request. */
static void *on_target(void *cls, const char *uri, struct MHD_Connection *connection) {
    struct sh_gate *gate = cls;
    struct sh_request *rq = sh_request_new(gate);
    if (!rq)
        return NULL;
    rq->connection = connection;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    rq->conn = info ? info->socket_context : NULL;
    struct sh_err err;
    const sh_code code = sh_target_parse(sh_str_of(uri), &rq->arena, &rq->target, &err);
    if (code != SH_OK)
        (void)sh_refuse(rq, GATE_BAD_REQUEST, "%s", err.message);
    return rq;
}

static struct sh_str header(struct sh_request *rq, const char *name) {
    const char *value = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, name);
    return value && strlen(value) <= SH_HEADER_MAX ? sh_str_of(value) : (struct sh_str){0};
}

static void read_address(struct sh_request *rq) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "";
    bool is_local = false;
    if (info && info->client_addr && info->client_addr->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, info->client_addr, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
        is_local = (ntohl(in.sin_addr.s_addr) >> 24) == 127;
    } else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, info->client_addr, sizeof in);
        inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
        is_local = IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
    }
    /* Only the proxy on this machine may speak for somebody else; it sets the header itself. */
    const struct sh_str real = is_local ? header(rq, "X-Real-IP") : (struct sh_str){0};
    const struct sh_str use = real.len && real.len < sizeof text ? real : sh_str_of(text);
    rq->address = (struct sh_str){sh_arena_dup(&rq->arena, use.at, use.len), use.len};
}

static void read_headers(struct sh_request *rq) {
    rq->bearer = header(rq, "Authorization");
    rq->csrf = header(rq, "X-CSRF-Token");
    rq->if_match = header(rq, "If-Match");
    rq->idempotency = header(rq, "Idempotency-Key");
    rq->content_type_in = header(rq, "Content-Type");
    rq->purpose = header(rq, "X-Purpose");
    rq->prefer = header(rq, "Prefer");
    rq->agent = header(rq, "User-Agent");
    rq->if_none_match = header(rq, "If-None-Match");
    rq->encodings = header(rq, "Accept-Encoding");
    const char *cookie = MHD_lookup_connection_value(rq->connection, MHD_COOKIE_KIND, SH_COOKIE);
    rq->cookie = sh_str_of(cookie && strlen(cookie) <= SH_HEADER_MAX ? cookie : NULL);
    const struct sh_str accept = header(rq, "Accept-Language");
    if (accept.len >= 2 && strncasecmp(accept.at, "en", 2) == 0)
        rq->lang = SH_EN;
    read_address(rq);
}

static bool method_of(const char *name, enum sh_method *ret) {
    static const char *const names[SH_METHODS] = {"GET", "POST", "PUT", "DELETE"};
    for (int i = 0; i < SH_METHODS; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum sh_method)i;
            return true;
        }
    return false;
}

static size_t body_limit(const struct sh_request *rq) {
    return rq->route && rq->route->body_max ? rq->route->body_max : SH_JSON_BODY_MAX;
}

/* What can be refused from the headers alone, before a byte of the body is read. */
static void check_head(struct sh_request *rq, const char *method) {
    if (rq->status)
        return;
    struct sh_err err;
    if (!method_of(method, &rq->method)) {
        (void)sh_refuse(rq, GATE_NO_METHOD, NULL);
        return;
    }
    const sh_code code = sh_route_find(rq, &err);
    if (code == SH_E_NOTFOUND && sh_pages_answer(rq->gate->pages, rq))
        return;
    if (code != SH_OK) {
        (void)sh_refuse(rq, code == SH_E_UNSUPPORTED ? GATE_NO_METHOD : GATE_NOT_FOUND, NULL);
        return;
    }
    const struct sh_str length = header(rq, "Content-Length");
    unsigned long long bytes = 0;
    if (length.len)
        bytes = strtoull(length.at, NULL, 10);
    if (bytes > body_limit(rq))
        (void)sh_refuse(rq, GATE_TOO_LARGE, SH_SAY(rq, AT_MOST_BYTES), body_limit(rq));
}

static void take_body(struct sh_request *rq, const char *data, size_t size) {
    if (rq->status)
        return; /* refused already: swallow the rest */
    if (rq->body.len + size > body_limit(rq)) {
        (void)sh_refuse(rq, GATE_TOO_LARGE, SH_SAY(rq, AT_MOST_BYTES), body_limit(rq));
        return;
    }
    if (atomic_fetch_add(&rq->gate->http.body_bytes, size) + size > SH_BODIES_MAX) {
        atomic_fetch_sub(&rq->gate->http.body_bytes, size);
        (void)sh_refuse(rq, GATE_BUSY, NULL);
        return;
    }
    rq->body_counted += size;
    if (sh_buf_add(&rq->body, data, size) != SH_OK)
        (void)sh_refuse(rq, GATE_BUSY, NULL);
}

static enum MHD_Result reply(struct sh_request *rq) {
    struct MHD_Response *response =
        rq->file.fd_plus_1 ? MHD_create_response_from_fd64(rq->file.bytes, rq->file.fd_plus_1 - 1)
                           : MHD_create_response_from_buffer(rq->out.len, rq->out.len ? rq->out.at : NULL,
                                                             MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    rq->file.fd_plus_1 = 0; /* the response closes it */
    static const char *const fixed[][2] = {
        {"Cache-Control", "no-store"}, /* these two: pages say their own */
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
    };
    for (size_t i = rq->is_page ? 2 : 0; i < sizeof fixed / sizeof fixed[0]; i++)
        MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
    if (rq->out.len || rq->file.bytes)
        MHD_add_response_header(response, "Content-Type", rq->content_type);
    MHD_add_response_header(response, "X-Request-Id", rq->id);
    if (rq->status == 429 || rq->status == 503)
        MHD_add_response_header(response, "Retry-After", "1");
    for (size_t i = 0; i < rq->n_headers; i++)
        MHD_add_response_header(response, rq->headers[i].name, rq->headers[i].value);
    conn_until(rq->conn, ANSWER_SECONDS);
    const enum MHD_Result done = MHD_queue_response(rq->connection, (unsigned)rq->status, response);
    MHD_destroy_response(response);
    return done;
}

static enum MHD_Result dispatch(struct sh_request *rq) {
    if (rq->status)
        return reply(rq);
    struct sh_gate *gate = rq->gate;
    conn_until(rq->conn, 0);
    atomic_store(&rq->state, SH_RQ_WORK);
    rq->is_counted = true;
    atomic_fetch_add(&gate->n_under_way, 1);
    /* Suspend first: a worker may be done before this returns. */
    MHD_suspend_connection(rq->connection);
    if (sh_lane_push(&gate->lanes[rq->route->lane], rq))
        return MHD_YES;
    atomic_fetch_add(&gate->metrics.refused, 1);
    (void)sh_refuse(rq, gate_is_stopping(gate) ? GATE_STOPPING : GATE_BUSY, NULL);
    atomic_store(&rq->state, SH_RQ_DONE);
    MHD_resume_connection(rq->connection);
    return MHD_YES;
}

// NOLINTNEXTLINE(readability-function-size): MHD_AccessHandlerCallback has eight parameters
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **con_cls) {
    (void)cls, (void)url, (void)version, (void)connection;
    struct sh_request *rq = *con_cls;
    if (!rq)
        return MHD_NO;
    switch (atomic_load(&rq->state)) {
    case SH_RQ_NEW:
        read_headers(rq);
        check_head(rq, method);
        atomic_store(&rq->state, SH_RQ_BODY);
        conn_until(rq->conn, BODY_SECONDS);
        /* Answered now, the library closes after the answer and reads no body. */
        return rq->status ? reply(rq) : MHD_YES;
    case SH_RQ_BODY:
        if (*size) {
            take_body(rq, data, *size);
            *size = 0;
            return MHD_YES;
        }
        return dispatch(rq);
    case SH_RQ_DONE:
        return reply(rq);
    case SH_RQ_WORK:
        break;
    }
    return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode why) {
    (void)cls, (void)connection, (void)why;
    struct sh_request *rq = *con_cls;
    if (!rq)
        return;
    conn_until(rq->conn, IDLE_SECONDS);
    sh_gate_note(rq);
    atomic_fetch_sub(&rq->gate->http.body_bytes, rq->body_counted);
    sh_request_free(rq);
    *con_cls = NULL;
}

void sh_http_resume(struct sh_request *rq) {
    atomic_store(&rq->state, SH_RQ_DONE);
    if (rq->connection)
        MHD_resume_connection(rq->connection);
}

/* We decode the target ourselves, once, after splitting. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls, (void)connection;
    return strlen(text);
}

/* As many connections as descriptors allow: ten thousand slow ones must not keep out the others. */
static unsigned connection_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1024;
    files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur > 2UL * FILES_RESERVED ? (unsigned)(files.rlim_cur - FILES_RESERVED) : 512;
}

static sh_code resolve(const char *host, uint16_t port, struct addrinfo **ret, struct sh_err *err) {
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    if (getaddrinfo(host, service, &hints, ret) != 0)
        return sh_fail(err, SH_E_INPUT, "%s is no address to listen on; write 127.0.0.1 or [::1]", host);
    return SH_OK;
}

sh_code sh_http_start(struct sh_gate *gate, const char *host, uint16_t port, struct sh_err *err) {
    struct sh_http *http = &gate->http;
    struct addrinfo *address = NULL;
    SH_TRY(resolve(host, port, &address, err));
    pthread_mutex_init(&http->conns_mutex, NULL);
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                           (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    http->daemon = MHD_start_daemon(
        flags, port, NULL, NULL, on_request, gate, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)IO_THREADS,
        MHD_OPTION_SOCK_ADDR, address->ai_addr, MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SILENCE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, on_completed, gate,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, gate, MHD_OPTION_URI_LOG_CALLBACK, on_target, gate,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, gate, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)1024,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, (unsigned)1, MHD_OPTION_STRICT_FOR_CLIENT, (int)1,
        MHD_OPTION_END);
    freeaddrinfo(address);
    if (!http->daemon)
        return sh_fail(err, SH_E_IO, "cannot listen on %s port %u: is another program there?", host,
                       (unsigned)port);
    if (pthread_create(&http->watchdog, NULL, watch, http) != 0)
        return sh_fail(err, SH_E_IO, "cannot start the thread that cuts slow connections");
    http->is_watched = true;
    return SH_OK;
}

uint16_t sh_http_port(const struct sh_gate *gate) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(gate->http.daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void sh_http_stop(struct sh_gate *gate, int seconds) {
    struct sh_http *http = &gate->http;
    if (!http->daemon)
        return;
    const MHD_socket listener = MHD_quiesce_daemon(http->daemon);
    for (int i = 0; i < seconds * 20 && atomic_load(&gate->n_under_way) > 0; i++)
        usleep(50000);
    for (size_t i = 0; i < SH_LANES; i++)
        sh_lane_stop(&gate->lanes[i]); /* serves what is queued: every suspended connection is resumed */
    usleep(50000);                     /* let the answers leave */
    if (http->is_watched) {
        atomic_store(&http->is_watch_over, true);
        pthread_join(http->watchdog, NULL);
    }
    MHD_stop_daemon(http->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    pthread_mutex_destroy(&http->conns_mutex);
    http->daemon = NULL;
}
