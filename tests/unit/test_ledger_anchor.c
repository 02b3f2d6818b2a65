/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ledger knows of mounts. */
#include "supervisor/anchor.h"

#include "hot_folders.h"
#include "supervisor/ledger.h"
#include "unit_main.h"

static struct hot_folders hot;
static struct channel replies;
static struct ledger *ledger;

static void start(void)
{
    struct error error;

    ck_assert_int_eq(channel_init(&replies, sizeof(struct reply), REPLIES_MAX), 0);
    ck_assert_msg(ledger_start(hot.ledger, &(struct ledger_policy){ 0 }, &replies, &ledger, &error) == 0,
                  "%s", error.text);
}

static void stop(void)
{
    ledger_stop(ledger);
    ledger_free(ledger);
    channel_release(&replies);
}

static void recall(struct anchor *anchor, const char *folder, const char *path)
{
    *anchor = (struct anchor){ 0 };
    ck_assert(anchor_set(anchor, path, true));
    ck_assert_int_eq(ledger_recall_anchor(ledger, folder, anchor), 0);
}

START_TEST(a_mount_point_is_known_after_a_restart)
{
    struct anchor anchor;

    hot_open(&hot, 1, HOT_RECIPE);
    start();
    recall(&anchor, "web", "/srv/in");
    ck_assert_ptr_null(anchor.mount_point);
    anchor.mount_point = strdup("/srv\n\xff");
    anchor.device = UINT64_MAX;
    anchor.inode = 7;
    ck_assert_int_eq(ledger_remember_anchor(ledger, "web", &anchor), 0);
    anchor.inode = 8;
    ck_assert_int_eq(ledger_remember_anchor(ledger, "web", &anchor), 0);
    anchor_release(&anchor);
    stop();

    start();
    recall(&anchor, "web", "/srv/in");
    ck_assert_str_eq(anchor.mount_point, "/srv\n\xff");
    ck_assert_uint_eq(anchor.device, UINT64_MAX);
    ck_assert_uint_eq(anchor.inode, 8);
    anchor_release(&anchor);
    recall(&anchor, "web", "/srv/other");
    ck_assert_ptr_null(anchor.mount_point);
    anchor_release(&anchor);
    recall(&anchor, "other", "/srv/in");
    ck_assert_ptr_null(anchor.mount_point);
    anchor_release(&anchor);
    stop();
    hot_close(&hot);
}
END_TEST

UNIT_MAIN("ledger_anchor", UNIT_TEST(a_mount_point_is_known_after_a_restart))
