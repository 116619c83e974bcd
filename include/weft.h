/* SPDX-License-Identifier: MIT */
/* Everything of the core, in one include. */
#ifndef WEFT_H
#define WEFT_H

#include <weft/api.h>
#include <weft/blocking.h>
#include <weft/broadcast.h>
#include <weft/channel.h>
#include <weft/dump.h>
#include <weft/error.h>
#include <weft/file.h>
#include <weft/future.h>
#include <weft/guest.h>
#include <weft/inspect.h>
#include <weft/io.h>
#include <weft/lints.h>
#include <weft/lock.h>
#include <weft/loop.h>
#include <weft/metrics.h>
#include <weft/monitor.h>
#include <weft/net.h>
#include <weft/notify.h>
#include <weft/once.h>
#include <weft/oneshot.h>
#include <weft/permit.h>
#include <weft/process.h>
#include <weft/resolve.h>
#include <weft/runtime.h>
#include <weft/scope.h>
#include <weft/sim.h>
#include <weft/signals.h>
#include <weft/step.h>
#include <weft/sync.h>
#include <weft/task.h>
#include <weft/timer.h>
#include <weft/trace.h>
#include <weft/trail.h>
#include <weft/typed.h>
#include <weft/types.h>
#include <weft/version.h>
#include <weft/watch.h>

#endif
