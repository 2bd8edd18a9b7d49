#include "base/clock.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Magic numbers of statfs(2), and of the file systems it does not list. On all of these flock is local to one
 * machine, or depends on how the server was set up. */
static const struct {
    uint32_t magic;
    const char *name;
} networks[] = {
    {0x6969, "nfs"},       {0x517b, "smb"},      {0xfe534d42, "smb2"},   {0xff534d42, "cifs"},
    {0x65735546, "fuse"},  {0x01021997, "9p"},   {0x00c36400, "ceph"},   {0x0bd00bd0, "lustre"},
    {0x5346414f, "afs"},   {0x47504653, "gpfs"}, {0x19830326, "beegfs"}, {0x73757245, "coda"},
    {0x7461636f, "ocfs2"}, {0x01161970, "gfs2"}, {0x564c, "ncp"},
};

sh_code sh_fs_network_name(const char *path, const char **ret_name, struct sh_err *err) {
    struct statfs status;
    if (statfs(path, &status) != 0)
        return sh_fail_errno(err, "%s: cannot ask for the kind of file system", path);
    *ret_name = NULL;
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
        if (networks[i].magic == (uint32_t)status.f_type)
            *ret_name = networks[i].name;
    return SH_OK;
}

/* Who holds it, as the holder wrote it; a text of ours, but anybody may have edited the file. */
static sh_code fail_busy(int fd, const char *path, struct sh_err *err) {
    char text[256];
    const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    size_t len = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20)
            len = i;
    if (len == 0)
        return sh_fail(err, SH_E_BUSY, "%s is held by another process", path);
    return sh_fail(err, SH_E_BUSY, "%s is held by %.*s", path, (int)len, text);
}

static sh_code write_holder(int fd, const char *path, const char *what, struct sh_err *err) {
    char host[65] = "?", time[SH_TIME_TEXT_MAX], text[256];
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '?', host[1] = '\0';
    (void)sh_time_format(sh_clock_now_shanghai(NULL), time);
    const int n = snprintf(text, sizeof(text) - 1, "process %ld on %s since %s: %.60s", (long)getpid(), host,
                           time, what);
    if (n < 0 || ftruncate(fd, 0) != 0)
        return sh_fail_errno(err, "%s: cannot write", path);
    size_t len = (size_t)n < sizeof(text) - 2 ? (size_t)n : sizeof(text) - 2;
    text[len++] = '\n';
    return sh_fd_write(fd, (struct sh_str){text, len}, path, err);
}

sh_code sh_lock_take(struct sh_lock *lock, const char *path, const char *what, struct sh_err *err) {
    sh_check(lock->fd_plus_1 == 0);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open", path);
    lock->fd_plus_1 = fd + 1; /* so that release closes it on each way out */
    const char *network = NULL;
    sh_code code = sh_fs_network_name(path, &network, err);
    if (code == SH_OK && network)
        code = sh_fail(err, SH_E_UNSUPPORTED, "%s is on a network file system (%s), where locks do not hold",
                       path, network);
    if (code == SH_OK && flock(fd, LOCK_EX | LOCK_NB) != 0)
        code = errno == EWOULDBLOCK ? fail_busy(fd, path, err) : sh_fail_errno(err, "%s: cannot lock", path);
    if (code == SH_OK)
        code = write_holder(fd, path, what, err);
    if (code != SH_OK)
        sh_lock_release(lock);
    return code;
}

void sh_lock_release(struct sh_lock *lock) {
    if (!lock || lock->fd_plus_1 == 0)
        return;
    (void)close(lock->fd_plus_1 - 1); /* nothing of value was written; closing gives the lock back */
    lock->fd_plus_1 = 0;
}
