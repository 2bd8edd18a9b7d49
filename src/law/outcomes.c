#include "law/outcomes.h"
#include "base/money.h"
#include <stdio.h>

#define MILLION ((sh_i128)1000000)

/* Largest r with r × r <= v. */
static sh_i128 root_of(sh_i128 v) {
    sh_i128 root = 0;
    for (int bit = 62; bit >= 0; bit--) {
        const sh_i128 more = root + ((sh_i128)1 << bit);
        if (more * more <= v)
            root = more;
    }
    return root;
}

sh_code sh_outcome_rate(struct sh_outcomes o, int32_t z_millionths, struct sh_rate *ret, struct sh_err *err) {
    const uint64_t most = 1000000000000u;
    if (z_millionths < 1 || z_millionths > 10000000)
        return sh_fail(err, SH_E_INPUT, "z is %d millionths, must be 1 to 10000000", z_millionths);
    if (o.confirmed > most || o.overturned > most - o.confirmed)
        return sh_fail(err, SH_E_OVERFLOW, "more than 10^12 outcomes of a rule");
    const sh_i128 x = (sh_i128)o.confirmed, n = x + (sh_i128)o.overturned, z = z_millionths,
                  scale = MILLION * MILLION;
    if (n == 0) {
        *ret = (struct sh_rate){0};
        return SH_OK;
    }
    /* (2x + z² ± z √(z² + 4x(n − x)/n)) / 2(n + z²), everything times 10^12; the root as √(z⁴ + 4z² x(n −
     * x)/n). */
    const sh_i128 factor = 4 * z * z * MILLION * MILLION / 4096; /* and 4096 = 64² less, for room */
    const sh_i128 product = x * (n - x),
                  under = z * z * z * z / 4096 + factor * (product / n) + factor * (product % n) / n;
    const sh_i128 root = 64 * root_of(under), middle = 2 * x * scale + z * z, whole = 2 * (n * scale + z * z);
    const sh_i128 low = middle - root - 128,
                  high = middle + root + 128; /* 128: what the roots lost, outwards */
    sh_i128 low_share = low <= 0 ? 0 : low * MILLION / whole,
            high_share = (high * MILLION + whole - 1) / whole;
    if (x == 0)
        low_share = 0;
    if (high_share > MILLION || x == n)
        high_share = MILLION;
    *ret = (struct sh_rate){.is_known = true,
                            .n = (uint64_t)n,
                            .share = (int32_t)((2 * x * MILLION + n) / (2 * n)),
                            .low = (int32_t)low_share,
                            .high = (int32_t)high_share};
    return SH_OK;
}

static void percent(int32_t hundredths, char ret[SH_SHARE_TEXT_MAX]) {
    (void)snprintf(ret, SH_SHARE_TEXT_MAX, "%d.%02d", hundredths / 100, hundredths % 100);
}
void sh_share_text(int32_t millionths, char ret[SH_SHARE_TEXT_MAX]) {
    percent((millionths + 50) / 100, ret);
}
void sh_share_low_text(int32_t millionths, char ret[SH_SHARE_TEXT_MAX]) {
    percent(millionths / 100, ret);
}
void sh_share_high_text(int32_t millionths, char ret[SH_SHARE_TEXT_MAX]) {
    percent((millionths + 99) / 100, ret);
}

enum sh_advice sh_outcome_advice(const struct sh_rate *rate, uint64_t n_min, int32_t promote_min,
                                 int32_t demote_max) {
    if (!rate->is_known || rate->n < n_min)
        return SH_ADVICE_TOO_FEW;
    if (rate->low >= promote_min)
        return SH_ADVICE_PROMOTE;
    return rate->high < demote_max ? SH_ADVICE_DEMOTE : SH_ADVICE_KEEP;
}
