/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folders - see folders.h. */
#include "supervisor/folders.h"

#include "base/log.h"
#include "supervisor/event_order.h"
#include "supervisor/job_flow.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <string.h>

static int on_watcher_news(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct folder *folder = userdata;

    (void)source;
    (void)fd;
    (void)events;
    watcher_read_news(folder->watcher, &folder->news);
    folder_note_state(folder);
    if (folder->news.state != FOLDER_OK)
        job_flow_release_folder(folder->supervisor, folder);
    if (folder->news.state == FOLDER_LOST)
        plan_release(folder->supervisor, folder);
    supervisor_changed(folder->supervisor);
    return 0;
}

static int watch_news(struct supervisor *supervisor, struct folder *folder)
{
    int r = sd_event_add_io(supervisor->event, &folder->news_source, watcher_news_fd(folder->watcher),
                            EPOLLIN, on_watcher_news, folder);

    return r < 0 ? r : sd_event_source_set_priority(folder->news_source, ORDER_NEWS);
}

static size_t free_slot(const struct supervisor *supervisor)
{
    size_t slot = 0;

    while (slot < FOLDERS_MAX && supervisor->folders[slot])
        slot++;
    return slot;
}

static int add_folder(struct supervisor *supervisor, const struct folder_conf *conf)
{
    size_t slot = free_slot(supervisor);
    struct folder *folder = slot < FOLDERS_MAX ? folder_new(supervisor, slot, conf) : NULL;
    int r;

    if (!folder)
        return slot < FOLDERS_MAX ? -ENOMEM : -ENOSPC;
    r = watcher_start(slot, supervisor->config, conf, supervisor->ledger, &supervisor->replies,
                      &supervisor->options->kernel, supervisor->options->drain, &folder->watcher);
    if (r < 0) {
        folder_free(folder);
        return r;
    }

    supervisor->folders[slot] = folder;
    if (slot >= supervisor->slot_count)
        supervisor->slot_count = slot + 1;
    return watch_news(supervisor, folder);
}

static struct folder *find_folder(const struct supervisor *supervisor, const char *name)
{
    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i] && strcmp(supervisor->folders[i]->name, name) == 0)
            return supervisor->folders[i];
    return NULL;
}

struct folder *folders_find(const struct supervisor *supervisor, const char *name)
{
    struct folder *folder = find_folder(supervisor, name);

    return folder && !folder->leaving && !folder->ended ? folder : NULL;
}

static void configure_folder(struct supervisor *supervisor, struct folder *folder)
{
    const struct folder_conf *conf = config_folder(supervisor->config, folder->name);

    if (folder->leaving || folder->conf == conf)
        return;
    /* Another Path is another folder: the old one ends first. */
    if (!conf || strcmp(conf->path, folder->conf->path) != 0) {
        log_notice("folder %s is no longer watched at %s", folder->name, folder->conf->path);
        folder->leaving = true;
        folder->conf = NULL;
        folder_request(folder, WATCHER_QUIESCE, NULL);
        return;
    }
    folder->conf = conf;
    folder->lull.is = folder->suspects_lull.is = false;
    watcher_configure(folder->watcher, supervisor->config, conf);
}

/* Makes the folders be what the configuration says. */
int folders_reconcile(struct supervisor *supervisor)
{
    int result = 0;

    for (size_t i = 0; i < supervisor->slot_count; i++)
        if (supervisor->folders[i])
            configure_folder(supervisor, supervisor->folders[i]);

    for (size_t i = 0; i < supervisor->config->folder_count; i++) {
        const struct folder_conf *conf = &supervisor->config->folders[i];
        int r;

        if (find_folder(supervisor, conf->name))
            continue;
        r = add_folder(supervisor, conf);
        if (r < 0) {
            log_error("folder %s cannot be watched: %s", conf->name, strerrordesc_np(-r));
            result = r;
        }
    }
    return result;
}

/* The last request of all, once. */
void folders_send_stop(struct folder *folder)
{
    if (folder->stop_sent)
        return;
    folder->stop_sent = true;
    folder_request(folder, WATCHER_STOP, NULL);
}

/* Its watcher is told to end when no job of it will come back from elsewhere: what it still has (pictures for an Output
 * that is missing, originals for an Archive that is) it hands back, to be found by the next start. */
static void let_go(struct folder *folder)
{
    bool expects = folder->plans > 0 || folder->taking || folder->taking_suspects ||
                   folder->counts[JOB_OPENING] > 0 || folder->counts[JOB_RUNNING] > 0;

    if (!folder->stop_sent && !expects)
        folders_send_stop(folder);
}

/* A folder that is no longer configured ends when nothing of it is under way any more. */
void folders_end_leaving(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->slot_count; i++) {
        struct folder *folder = supervisor->folders[i];

        if (!folder || !folder->leaving)
            continue;
        let_go(folder);
        if (supervisor->phase != PHASE_RUNNING || !folder->ended || folder->in_flight > 0)
            continue;
        supervisor->folders[i] = NULL;
        folder_free(folder);
        supervisor_changed(supervisor);
        folders_reconcile(supervisor);
    }
}

void folders_watcher_ended(struct supervisor *supervisor, size_t slot)
{
    supervisor->folders[slot]->ended = true;
}
