/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGKILL at moments that nobody chose, again and again, of one daemon with one ledger: in the end everything is done,
 * once. What kill_points misses because it lies between two calls, or in another thread, is met here. */
#include "base/clock.h"
#include "campaign.h"

#include <poll.h>
#include <signal.h>

enum { KILLS = 25, KILLS_FULL = 300, SOURCES_A_KILL = 3, LIFE_MAX_MS = 400 };

/* Lets the daemon live until the pidfd or the time says it is over: the time is the test's subject here. */
static void live(const struct harness *h, int ms)
{
    struct pollfd end = { .fd = h->pidfd, .events = POLLIN };

    ck_assert_int_eq(poll(&end, 1, ms), 0);
}

START_TEST(a_daemon_that_is_killed_again_and_again_gets_there)
{
    int kills = harness_is_full() ? KILLS_FULL : KILLS;
    unsigned seed = (unsigned)getpid();
    struct campaign c;
    int dropped = 0;

    campaign_open(&c, false, HARNESS_RECIPE, "");
    harness_configure_daemon(&c.h, "MaxAttempts=100\n"); /* each kill may be the same file's bad luck */
    for (int i = 0; i < kills; i++) {
        for (int n = 0; n < SOURCES_A_KILL; n++) {
            char name[32];

            snprintf(name, sizeof name, "%d.jpg", dropped);
            campaign_drop(&c, name, 200, 150, (unsigned)dropped++);
        }
        harness_start(&c.h);
        live(&c.h, rand_r(&seed) % (LIFE_MAX_MS * HARNESS_SLOWER));
        harness_kill(&c.h, rand_r(&seed) % 2 == 0);
        campaign_audit(&c, false, "after a kill");
    }
    harness_start(&c.h);
    harness_await_ends(&c.h, dropped, 0);
    campaign_finish(&c, "in the end");
    witness_expect_once(&c.witness, (size_t)dropped * 4);
    printf("killed %d times\n", kills);
    campaign_close(&c);
}
END_TEST

HARNESS_MAIN("kill_timing", UNIT_TEST(a_daemon_that_is_killed_again_and_again_gets_there))
