#include "lake/intake.h"
#include "lake/session.h"

static sh_code run(const struct sh_import_options *options, struct sh_session *session,
                   struct sh_import_result *ret, struct sh_err *err) {
    struct sh_import_result result = {0};
    struct sh_import_options resolved = *options;
    resolved.threads = sh_session_threads(session);
    SH_TRY(sh_frontend_run(&resolved, sh_session_landing(session), &result, err));
    SH_TRY(sh_session_commit(session, &result, err));
    *ret = result;
    return SH_OK;
}

sh_code sh_lake_import(const struct sh_import_options *options, struct sh_import_result *ret,
                       struct sh_err *err) {
    struct sh_session *session = NULL;
    SH_TRY(sh_session_begin(options, NULL, &session, err));
    const sh_code code = run(options, session, ret, err);
    sh_session_end(session);
    return code;
}
