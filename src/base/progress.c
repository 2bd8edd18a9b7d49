#include "base/progress.h"
#include "base/clock.h"
#include "base/money.h"
#include <sys/ioctl.h>
#include <unistd.h>

#define SECOND_NS ((int64_t)1000000000)
enum { LINE_BYTES = 1024, BAR_COLUMNS = 24 };

void sh_progress_begin(struct sh_progress *p, FILE *file, sh_lang lang, const char *label, const char *unit,
                       uint64_t total) {
    const char *term = getenv("TERM");
    *p = (struct sh_progress){.file = file, .label = label, .unit = unit, .lang = lang, .total = total};
    p->is_terminal = file && isatty(fileno(file)) && !(term && strcmp(term, "dumb") == 0);
    p->begun_ns = sh_monotonic_ns();
    atomic_init(&p->done, 0);
    atomic_init(&p->next_ns, p->begun_ns + (p->is_terminal ? 1 : 10) * SECOND_NS);
}

static uint64_t per_second(uint64_t n, int64_t ns) {
    return ns > 0 ? (uint64_t)((sh_u128)n * (uint64_t)SECOND_NS / (uint64_t)ns) : 0;
}

static void format_duration(uint64_t seconds, char *out, size_t size) {
    if (seconds >= 3600)
        (void)snprintf(out, size, "%llu:%02u:%02u", (unsigned long long)(seconds / 3600),
                       (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
    else
        (void)snprintf(out, size, "%u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

static int64_t shown(uint64_t n) {
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static size_t add_bar(char *out, size_t size, uint64_t done, uint64_t total) {
    const uint64_t part = done < total ? done : total;
    const size_t filled = (size_t)((sh_u128)part * BAR_COLUMNS / total);
    char bar[BAR_COLUMNS + 1];
    memset(bar, '-', BAR_COLUMNS);
    memset(bar, '#', filled);
    bar[BAR_COLUMNS] = '\0';
    return (size_t)snprintf(out, size, " [%s] %3u%%", bar, (unsigned)((sh_u128)part * 100 / total));
}

/* Cut to whole characters that fit; gives the width. */
static size_t fit(char *text, size_t columns) {
    const struct sh_str s = sh_str_of(text);
    size_t width = 0, end = 0;
    while (end < s.len) {
        size_t next = end;
        (void)sh_utf8_next(s, &next);
        const size_t more = sh_utf8_width(sh_str_sub(s, end, next - end));
        if (width + more > columns)
            break;
        width += more, end = next;
    }
    text[end] = '\0';
    return width;
}

size_t sh_progress_line(const struct sh_progress *p, int64_t now_ns, size_t columns, char *out, size_t size) {
    const uint64_t done = atomic_load(&p->done), rate = per_second(done, now_ns - p->begun_ns);
    char line[LINE_BYTES], count[SH_MONEY_TEXT_MAX], speed[SH_MONEY_TEXT_MAX], of[SH_MONEY_TEXT_MAX + 4] = "";
    (void)sh_count_grouped(shown(done), count);
    (void)sh_count_grouped(shown(rate), speed);
    const struct sh_str label = sh_str_of(p->label);
    size_t n = (size_t)snprintf(line, sizeof(line), "%.*s", (int)sh_utf8_cut(label, 120), p->label);
    if (p->total > 0) {
        n += add_bar(line + n, sizeof(line) - n, done, p->total);
        char total[SH_MONEY_TEXT_MAX];
        (void)sh_count_grouped(shown(p->total), total);
        (void)snprintf(of, sizeof(of), "/%s", total);
    }
    n += (size_t)snprintf(line + n, sizeof(line) - n, " %s%s %.40s, %s/s", count, of, p->unit, speed);
    if (p->total > done && rate > 0) {
        char left[32];
        format_duration((p->total - done) / rate, left, sizeof(left));
        (void)snprintf(line + n, sizeof(line) - n, p->lang == SH_EN ? ", %s left" : ",剩余 %s", left);
    }
    const size_t width = fit(line, columns);
    (void)snprintf(out, size, "%s", line);
    return width;
}

static size_t terminal_columns(FILE *file) {
    struct winsize window = {0};
    if (ioctl(fileno(file), TIOCGWINSZ, &window) != 0 || window.ws_col < 20)
        return 79;
    return window.ws_col - 1u; /* the last column makes some terminals wrap */
}

static void draw(const struct sh_progress *p, int64_t now_ns) {
    char line[LINE_BYTES];
    if (p->is_terminal) {
        (void)sh_progress_line(p, now_ns, terminal_columns(p->file), line, sizeof(line));
        (void)fprintf(p->file, "\r%s\033[K", line);
    } else {
        (void)sh_progress_line(p, now_ns, 300, line, sizeof(line));
        (void)fprintf(p->file, "%s\n", line);
    }
    (void)fflush(p->file);
}

void sh_progress_step(struct sh_progress *p, uint64_t n) {
    atomic_fetch_add_explicit(&p->done, n, memory_order_relaxed);
    if (!p->file)
        return;
    const int64_t now = sh_monotonic_ns();
    int64_t next = atomic_load_explicit(&p->next_ns, memory_order_relaxed);
    if (now < next)
        return;
    /* Whoever moves the time on draws. */
    const int64_t later = now + (p->is_terminal ? SECOND_NS / 5 : 10 * SECOND_NS);
    if (atomic_compare_exchange_strong(&p->next_ns, &next, later))
        draw(p, now);
}

void sh_progress_end(struct sh_progress *p) {
    const int64_t first = p->begun_ns + (p->is_terminal ? 1 : 10) * SECOND_NS;
    if (!p->file || atomic_load(&p->next_ns) == first)
        return; /* nothing was drawn */
    if (p->is_terminal)
        (void)fputs("\r\033[K", p->file);
    else
        draw(p, sh_monotonic_ns());
    (void)fflush(p->file);
}
