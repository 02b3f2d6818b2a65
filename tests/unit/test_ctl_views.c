/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's answers as people see them. */
#include "ctl/jobs_view.h"
#include "ctl/plan_view.h"
#include "ctl/status_view.h"

#include "base/cleanup.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

enum { NOW = 1767261600 }; /* 2026-01-01T10:00:00Z */

static int print_status(const json_t *answer, const struct screen *screen)
{
    return status_view_print(answer, screen);
}

static int print_problems(const json_t *answer, const struct screen *screen)
{
    status_view_print_problems(answer, screen);
    return 0;
}

static int print_jobs(const json_t *answer, const struct screen *screen)
{
    return jobs_view_print(answer, NOW, screen);
}

static int print_plan(const json_t *answer, const struct screen *screen)
{
    return plan_view_print(answer, screen);
}

static const struct {
    const char *sentence;
    int (*print)(const json_t *answer, const struct screen *screen);
    const char *answer, *text;
} cases[] = {
    { "a busy daemon with a problem", print_status,
      "{'version':'0.1.0','state':'running','uptime_s':11530.5,'sequence':9,"
      "'problems':['the ledger\\'s disk is full'],"
      "'jobs':{'waiting':0,'queued':3,'opening':0,'running':1,'publishing':0,'done':40,'failed':1},"
      "'memory':{'budget_bytes':240000000,'granted_bytes':129000000,'waiting':2},"
      "'workers':[{'pid':4711,'generation':2,'state':'busy','job':'12','jobs_done':20,'rss_bytes':31200000},"
      "{'pid':4712,'generation':2,'state':'idle','job':null,'jobs_done':21,'rss_bytes':900}],"
      "'folders':[{'name':'web','path':'/srv/in','watch':'inotify','state':'ok','reason':null,'waiting':0,"
      "'queued':3},{'name':'nas','path':'/mnt/nas','watch':'poll','state':'held','reason':'disk full',"
      "'waiting':12,'queued':0}]}",
      "darkroomd 0.1.0: running, up 3 h 12 min\n"
      "PROBLEM: the ledger's disk is full\n"
      "Jobs: 3 queued, 1 running, 40 done, 1 failed\n"
      "Memory: 2 jobs wait for it, 129.0 MB of 240.0 MB granted\n"
      "\n"
      "FOLDER  WATCH    STATE  WAITING  QUEUED  PATH      REASON\n"
      "web     inotify  ok           0       3  /srv/in   -\n"
      "nas     poll     held        12       0  /mnt/nas  disk full\n"
      "\n"
      "WORKER  STATE  JOB  JOBS DONE   MEMORY  GENERATION\n"
      "  4711  busy    12         20  31.2 MB           2\n"
      "  4712  idle     -         21    900 B           2\n" },
    { "folders in which something happened", print_status,
      "{'version':'0.1.0','state':'running','uptime_s':0,'jobs':{},'workers':[],"
      "'folders':[{'name':'web','path':'/srv/in','watch':'mixed','state':'ok','reason':null,'waiting':3,"
      "'waiting_oldest_s':750,'queued':0,'overflows':2,'refused':1},"
      "{'name':'nas','path':'/"
      "nas','watch':'poll','state':'ok','reason':null,'waiting':0,'waiting_oldest_s':0,"
      "'queued':0,'overflows':0,'refused':0}]}",
      "darkroomd 0.1.0: running, up 0 s\n"
      "Jobs: none\n"
      "\n"
      "FOLDER  WATCH  STATE          WAITING  QUEUED  PATH     REASON\n"
      "web     mixed  ok     3 (12 min 30 s)       0  /srv/in  -\n"
      "nas     poll   ok                   0       0  /nas     -\n"
      "\n"
      "No workers are there.\n"
      "\n"
      "web: 2 times that inotify lost events (all was looked through then); raise "
      "fs.inotify.max_queued_events\n"
      "web: 1 links, pipes, sockets or devices were refused\n" },
    { "a daemon without anything", print_status,
      "{'version':'0.1.0','state':'running','uptime_s':0,'jobs':{'done':0},'workers':[],'folders':[]}",
      "darkroomd 0.1.0: running, up 0 s\n"
      "Jobs: none\n"
      "\n"
      "No folders are watched.\n"
      "\n"
      "No workers are there.\n" },
    { "a daemon that says something else altogether", print_status,
      "{'version':7,'jobs':[],'problems':{},'workers':[3],'folders':'x','uptime_s':-1}",
      "darkroomd -: -, up 0 s\n"
      "Jobs: none\n"
      "\n"
      "No folders are watched.\n"
      "\n"
      "WORKER  STATE  JOB  JOBS DONE  MEMORY  GENERATION\n"
      "     0  -        -          0     0 B           0\n" },
    { "the problems alone", print_problems, "{'problems':['a\\u001b[0m','b']}",
      "PROBLEM: a\\x1b[0m\nPROBLEM: b\n" },
    { "jobs of all kinds", print_jobs,
      "{'jobs':[{'id':'12','folder':'web','path':'a.jpg','state':'failed','attempts':1,'class':'permanent',"
      "'stage':'decode','message':'not an image','queued_at':'2026-01-01T08:00:00.000Z',"
      "'finished_at':'2026-01-01T09:59:30.000Z'},"
      "{'id':'9','folder':'web','path':'b\\nc.jpg','state':'running','class':null,'stage':null,'message':"
      "null,"
      "'queued_at':'2026-01-01T08:00:00.000Z','finished_at':null},"
      "{'id':'8','folder':'web','path':'caf?.jpg','path_b64':'Y2Fm6S5qcGc=','state':'done',"
      "'queued_at':'2025-12-30T08:00:00.000Z','finished_at':'2025-12-30T08:00:00.000Z'}]}",
      "ID  STATE    FOLDER  PATH         CLASS/STAGE       MESSAGE        AGE\n"
      "12  failed   web     a.jpg        permanent/decode  not an image  30 s\n"
      " 9  running  web     b\\x0ac.jpg   -                 -              2 h\n"
      " 8  done     web     caf\\xe9.jpg  -                 -              2 d\n" },
    { "a plan with names of all kinds", print_plan,
      "{'ok':false,'folder':'web','path':'sub/a\\n.jpg','recipe':'web','source':{'width':640,'height':480,"
      "'bytes':9},'outputs':["
      "{'path':'/out/a.png','width':320,'height':240,'name':'free','action':'make','owner':null},"
      "{'path':'/out/b.png','width':32,'height':24,'name':'ours','action':'replace','owner':null},"
      "{'path':'/out/"
      "c.png','width':3,'height':2,'name':'taken','action':'fail','owner':{'folder':'shop','path':"
      "'c.gif'}},"
      "{'path':'/out/"
      "d?.png','path_b64':'L291dC9k6S5wbmc=','width':3,'height':2,'name':'taken','action':'overwrite',"
      "'owner':null},"
      "{'path':'/out/e.png','width':null,'height':null,'name':'taken','action':'skip','owner':null}],"
      "'removed':[{'path':'/out/"
      "old.png'}],'failure':{'class':'conflict','stage':'plan','message':"
      "'its output c.png belongs to shop/c.gif already'}}",
      "web/sub/a\\x0a.jpg (640 × 480):\n"
      "ACTION          SIZE  OUTPUT          IN THE WAY\n"
      "make       320 × 240  /out/a.png      -\n"
      "replace      32 × 24  /out/b.png      -\n"
      "fail           3 × 2  /out/c.png      shop/c.gif\n"
      "overwrite      3 × 2  /out/d\\xe9.png  a file that is not ours\n"
      "skip               -  /out/e.png      a file that is not ours\n"
      "remove             -  /out/old.png    -\n"
      "conflict/plan: its output c.png belongs to shop/c.gif already; nothing would be made\n" },
    { "a plan of a document", print_plan,
      "{'ok':true,'folder':'web','path':'a.tif','source':{'width':64,'height':48,'pages':2,'bytes':9},'"
      "outputs':["
      "{'path':'/a-1.png','page':1,'width':32,'height':24,'name':'free','action':'make','owner':null},"
      "{'path':'/a-2.png','page':2,'width':3,'height':2,'name':'free','action':'make','owner':null}],"
      "'removed':[],'failure':null}",
      "web/a.tif (64 × 48, 2 pages):\n"
      "ACTION     SIZE  OUTPUT    IN THE WAY\n"
      "make    32 × 24  /a-1.png  -\n"
      "make      3 × 2  /a-2.png  -\n" },
    { "a plan of a document's first page", print_plan,
      "{'ok':true,'folder':'web','path':'a.tif','source':{'width':64,'height':48,'pages':2,'bytes':9},'"
      "outputs':["
      "{'path':'/a.png','page':1,'width':32,'height':24,'name':'free','action':'make','owner':null}],"
      "'removed':[],'failure':null}",
      "web/a.tif (64 × 48, 2 pages):\n"
      "ACTION     SIZE  OUTPUT  IN THE WAY\n"
      "make    32 × 24  /a.png  -\n"
      "only the first of 2 pages would be made, as no Name= has {page}\n" },
    { "a plan of an animation's first frame", print_plan,
      "{'ok':true,'folder':'web','path':'a.gif','source':{'width':64,'height':48,'pages':1,'left_frames':11,"
      "'bytes':9},'outputs':["
      "{'path':'/a.png','page':1,'width':32,'height':24,'name':'free','action':'make','owner':null}],"
      "'removed':[],'failure':null}",
      "web/a.gif (64 × 48):\n"
      "ACTION     SIZE  OUTPUT  IN THE WAY\n"
      "make    32 × 24  /a.png  -\n"
      "only the first of 12 frames would be made, as no output's format has animations\n" },
    { "a plan of what no folder takes", print_plan,
      "{'ok':false,'folder':null,'path':'/"
      "x.jpg','outputs':[],'removed':[],'failure':{'class':'permanent','stage':"
      "'plan','message':'it is not below'}}",
      "/x.jpg:\npermanent/plan: it is not below; nothing would be made\n" },
    { "a plan that says nothing", print_plan, "{}", "-:\n" },
    { "no jobs", print_jobs, "{'jobs':[]}", "No jobs.\n" },
    { "not even a list of jobs", print_jobs, "{}", "No jobs.\n" },
    { "a job that says nothing", print_jobs, "{'jobs':[{}]}",
      "ID  STATE  FOLDER  PATH  CLASS/STAGE  MESSAGE  AGE\n"
      " -  -      -       -     -            -          -\n" },
};

/* JSON with ' for ", but for \'. */
static json_t *parse(const char *text)
{
    _cleanup_free_ char *json = strdup(text);
    char *to = json;
    json_t *parsed;

    ck_assert_ptr_nonnull(json);
    for (const char *from = text; *from; from++) {
        if (from[0] == '\\' && from[1] == '\'')
            *to++ = *++from;
        else
            *to++ = *from == '\'' ? '"' : *from;
    }
    *to = '\0';

    parsed = json_loads(json, 0, NULL);
    ck_assert_ptr_nonnull(parsed);
    return parsed;
}

START_TEST(each_answer_is_shown)
{
    json_t *answer = parse(cases[_i].answer);
    struct screen screen = { 0 };
    _cleanup_free_ char *text = NULL;
    size_t size;

    screen.file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(screen.file);
    ck_assert_int_eq(cases[_i].print(answer, &screen), 0);
    fclose(screen.file);
    json_decref(answer);

    ck_assert_msg(strcmp(text, cases[_i].text) == 0, "%s:\n%s", cases[_i].sentence, text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_views");
    TCase *tests = tcase_create("views");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, each_answer_is_shown, 0, ARRAY_SIZE(cases));
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
