/* SPDX-License-Identifier: MIT */
/*
 * A program in which tasks wait at every place where one can wait, with books that must balance however it is scheduled and
 * whenever it is ended: for simulated runtimes, so nothing here is guarded against a second thread.
 */
#ifndef WEFT_TESTS_LIB_TOWN_H
#define WEFT_TESTS_LIB_TOWN_H

#include "lib/verdict.h"
#include "lib/world.h"

struct town {
    weft_runtime *rt;
    int begun, ended; /* tasks */
    bool whole;       /* nobody was cancelled */

    numbers_sender out;
    numbers_receiver in;
    int sent, received, dropped;

    weft_semaphore semaphore;
    weft_mutex mutex;
    weft_rwlock rwlock;
    weft_notify notify;
    weft_barrier barrier;
    weft_once once;
    int permits_out, holders, readers, writers, initialised, notified, passed;

    weft_oneshot_sender letter;
    weft_oneshot_receiver mailbox;
    weft_watch_sender dial;
    weft_watch_receiver gauge;
    weft_broadcast_sender radio;
    weft_broadcast_receiver listeners[2];
    int delivered, broadcasts, heard[2];
    uint64_t missed[2];

    int jobs_begun, jobs_run;
};

/* Spawn them all. */
void town_build(struct town *town, weft_runtime *rt);

/* All have ended: do the books balance? By VERDICT. */
void town_close(struct town *town);

#endif
