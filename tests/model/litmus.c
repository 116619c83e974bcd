/* SPDX-License-Identifier: MIT */
/* Litmus tests: is the explorer's memory C11's?
 *
 * Each row of the table is a small program of up to four threads and one outcome of it. FORBIDDEN: C11 excludes it, and
 * it must never be seen. ALLOWED: C11 permits it, and it must be seen, or the explorer is blind to a class of bugs.
 * BLIND: C11 permits it and the explorer is known not to produce it (load buffering); seeing it means that the
 * documentation is wrong.
 *
 * One execution runs one row, drawn by chance. Rows are goals, so a run reports the allowed outcomes that never came.
 * Outcomes name registers (r0..r7, written by one thread each) and final values (fx..fw). */
#include "model.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum { THREADS = 4, ACTIONS = 4, REGISTERS = 8, VARIABLES = 4, TERMS = 5, NONE = 15 };

enum kind { END, LOAD, STORE, EXCHANGE, ADD, CAS, WEAK, FENCE };
enum verdict { ALLOWED, FORBIDDEN, BLIND };
enum variable { x, y, z, w };
enum term_name { r0, r1, r2, r3, r4, r5, r6, r7, fx, fy, fz, fw };

struct action {
    unsigned char kind;
    unsigned char order;
    unsigned char variable;
    unsigned char result;   /* register, or NONE */
    unsigned char value;    /* stored, added, desired */
    unsigned char expected; /* of a compare-exchange; a failure leaves what was read in the register, a success too */
    unsigned char failure;
};

struct term {
    unsigned char name;
    unsigned char value;
    unsigned char used;
};

struct litmus {
    const char *name;
    enum verdict verdict;
    struct term outcome[TERMS];
    struct action thread[THREADS][ACTIONS];
};

#define rlx __ATOMIC_RELAXED
#define acq __ATOMIC_ACQUIRE
#define rel __ATOMIC_RELEASE
#define ar  __ATOMIC_ACQ_REL
#define sc  __ATOMIC_SEQ_CST

#define LD(order, r, v)                                                                                                \
    {                                                                                                                  \
        LOAD, order, v, r, 0, 0, 0                                                                                     \
    }
#define ST(order, v, value)                                                                                            \
    {                                                                                                                  \
        STORE, order, v, NONE, value, 0, 0                                                                             \
    }
#define XCHG(order, r, v, value)                                                                                       \
    {                                                                                                                  \
        EXCHANGE, order, v, r, value, 0, 0                                                                             \
    }
#define FADD(order, r, v, value)                                                                                       \
    {                                                                                                                  \
        ADD, order, v, r, value, 0, 0                                                                                  \
    }
#define CMPX(order, fail, r, v, from, to)                                                                              \
    {                                                                                                                  \
        CAS, order, v, r, to, from, fail                                                                               \
    }
#define CMPW(order, fail, r, v, from, to)                                                                              \
    {                                                                                                                  \
        WEAK, order, v, r, to, from, fail                                                                              \
    }
#define FN(order)                                                                                                      \
    {                                                                                                                  \
        FENCE, order, 0, NONE, 0, 0, 0                                                                                 \
    }
#define IS(name, value)                                                                                                \
    {                                                                                                                  \
        name, value, 1                                                                                                 \
    }
#define _ NONE

/* clang-format off */
static const struct litmus litmus_table[] = {
    /* Store buffering: may both loads miss the other's store? */
    {"SB rlx", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{ST(rlx, x, 1), LD(rlx, r0, y)}, {ST(rlx, y, 1), LD(rlx, r1, x)}}},
    {"SB rel/acq", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{ST(rel, x, 1), LD(acq, r0, y)}, {ST(rel, y, 1), LD(acq, r1, x)}}},
    {"SB sc", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{ST(sc, x, 1), LD(sc, r0, y)}, {ST(sc, y, 1), LD(sc, r1, x)}}},
    {"SB sc store, acq load", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{ST(sc, x, 1), LD(acq, r0, y)}, {ST(sc, y, 1), LD(acq, r1, x)}}},
    {"SB rel store, sc load", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{ST(rel, x, 1), LD(sc, r0, y)}, {ST(rel, y, 1), LD(sc, r1, x)}}},
    {"SB sc fences", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{ST(rlx, x, 1), FN(sc), LD(rlx, r0, y)}, {ST(rlx, y, 1), FN(sc), LD(rlx, r1, x)}}},
    {"SB one sc fence", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{ST(rlx, x, 1), FN(sc), LD(rlx, r0, y)}, {ST(rlx, y, 1), LD(rlx, r1, x)}}},
    {"SB acq_rel fences", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{ST(rlx, x, 1), FN(ar), LD(rlx, r0, y)}, {ST(rlx, y, 1), FN(ar), LD(rlx, r1, x)}}},
    {"SB sc accesses against sc fence", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{ST(sc, x, 1), LD(sc, r0, y)}, {ST(rlx, y, 1), FN(sc), LD(rlx, r1, x)}}},
    {"SB acq_rel exchange as store", ALLOWED, {IS(r0, 0), IS(r1, 0)}, {{XCHG(ar, _, x, 1), LD(acq, r0, y)}, {XCHG(ar, _, y, 1), LD(acq, r1, x)}}},
    {"SB sc exchange, sc load", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{XCHG(sc, _, x, 1), LD(sc, r0, y)}, {XCHG(sc, _, y, 1), LD(sc, r1, x)}}},
    {"SB acq_rel RMW on both sides", FORBIDDEN, {IS(r0, 0), IS(r1, 0), IS(fx, 1), IS(fy, 1)}, {{XCHG(ar, _, x, 1), FADD(ar, r0, y, 0)}, {XCHG(ar, _, y, 1), FADD(ar, r1, x, 0)}}},
    {"SB three threads rlx", ALLOWED, {IS(r0, 0), IS(r1, 0), IS(r2, 0)}, {{ST(rlx, x, 1), LD(rlx, r0, y)}, {ST(rlx, y, 1), LD(rlx, r1, z)}, {ST(rlx, z, 1), LD(rlx, r2, x)}}},
    {"SB three threads sc", FORBIDDEN, {IS(r0, 0), IS(r1, 0), IS(r2, 0)}, {{ST(sc, x, 1), LD(sc, r0, y)}, {ST(sc, y, 1), LD(sc, r1, z)}, {ST(sc, z, 1), LD(sc, r2, x)}}},

    /* Message passing: may the flag be seen without the data? */
    {"MP rlx", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rlx, y, 1)}, {LD(rlx, r0, y), LD(rlx, r1, x)}}},
    {"MP rel/acq", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {LD(acq, r0, y), LD(rlx, r1, x)}}},
    {"MP rel/rlx", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {LD(rlx, r0, y), LD(rlx, r1, x)}}},
    {"MP rlx/acq", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rlx, y, 1)}, {LD(acq, r0, y), LD(rlx, r1, x)}}},
    {"MP sc", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(sc, x, 1), ST(sc, y, 1)}, {LD(sc, r0, y), LD(sc, r1, x)}}},
    {"MP fences", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), FN(rel), ST(rlx, y, 1)}, {LD(rlx, r0, y), FN(acq), LD(rlx, r1, x)}}},
    {"MP release fence only", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), FN(rel), ST(rlx, y, 1)}, {LD(rlx, r0, y), LD(rlx, r1, x)}}},
    {"MP acquire fence only", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rlx, y, 1)}, {LD(rlx, r0, y), FN(acq), LD(rlx, r1, x)}}},
    {"MP fences the wrong way round", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), FN(acq), ST(rlx, y, 1)}, {LD(rlx, r0, y), FN(rel), LD(rlx, r1, x)}}},
    {"MP sc fences", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), FN(sc), ST(rlx, y, 1)}, {LD(rlx, r0, y), FN(sc), LD(rlx, r1, x)}}},
    {"MP release store, acquire fence", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {LD(rlx, r0, y), FN(acq), LD(rlx, r1, x)}}},
    {"MP release fence, acquire load", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), FN(rel), ST(rlx, y, 1)}, {LD(acq, r0, y), LD(rlx, r1, x)}}},
    {"MP release fence before the data", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{FN(rel), ST(rlx, x, 1), ST(rlx, y, 1)}, {LD(acq, r0, y), LD(rlx, r1, x)}}},
    {"MP by exchange acq_rel", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), XCHG(ar, _, y, 1)}, {XCHG(ar, r0, y, 2), LD(rlx, r1, x)}}},
    {"MP by exchange, reader's is rel", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), XCHG(ar, _, y, 1)}, {XCHG(rel, r0, y, 2), LD(rlx, r1, x)}}},
    {"MP by exchange, writer's is acq", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), XCHG(acq, _, y, 1)}, {XCHG(acq, r0, y, 2), LD(rlx, r1, x)}}},

    /* Causality over three threads. */
    {"WRC rlx", ALLOWED, {IS(r0, 1), IS(r1, 1), IS(r2, 0)}, {{ST(rlx, x, 1)}, {LD(rlx, r0, x), ST(rlx, y, 1)}, {LD(rlx, r1, y), LD(rlx, r2, x)}}},
    {"WRC rel/acq", FORBIDDEN, {IS(r0, 1), IS(r1, 1), IS(r2, 0)}, {{ST(rlx, x, 1)}, {LD(rlx, r0, x), ST(rel, y, 1)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"ISA2 rel/acq", FORBIDDEN, {IS(r0, 1), IS(r1, 1), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {LD(acq, r0, y), ST(rel, z, 1)}, {LD(acq, r1, z), LD(rlx, r2, x)}}},
    {"ISA2 broken in the middle", ALLOWED, {IS(r0, 1), IS(r1, 1), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {LD(rlx, r0, y), ST(rel, z, 1)}, {LD(acq, r1, z), LD(rlx, r2, x)}}},

    /* Independent reads of independent writes: may two readers see two writes in opposite orders? */
    {"IRIW rlx", ALLOWED, {IS(r0, 1), IS(r1, 0), IS(r2, 1), IS(r3, 0)}, {{ST(rlx, x, 1)}, {ST(rlx, y, 1)}, {LD(rlx, r0, x), LD(rlx, r1, y)}, {LD(rlx, r2, y), LD(rlx, r3, x)}}},
    {"IRIW rel/acq", ALLOWED, {IS(r0, 1), IS(r1, 0), IS(r2, 1), IS(r3, 0)}, {{ST(rel, x, 1)}, {ST(rel, y, 1)}, {LD(acq, r0, x), LD(acq, r1, y)}, {LD(acq, r2, y), LD(acq, r3, x)}}},
    {"IRIW sc", FORBIDDEN, {IS(r0, 1), IS(r1, 0), IS(r2, 1), IS(r3, 0)}, {{ST(sc, x, 1)}, {ST(sc, y, 1)}, {LD(sc, r0, x), LD(sc, r1, y)}, {LD(sc, r2, y), LD(sc, r3, x)}}},
    {"IRIW sc reads of rlx writes", ALLOWED, {IS(r0, 1), IS(r1, 0), IS(r2, 1), IS(r3, 0)}, {{ST(rlx, x, 1)}, {ST(rlx, y, 1)}, {LD(sc, r0, x), LD(sc, r1, y)}, {LD(sc, r2, y), LD(sc, r3, x)}}},
    {"IRIW sc fences between reads", FORBIDDEN, {IS(r0, 1), IS(r1, 0), IS(r2, 1), IS(r3, 0)}, {{ST(rlx, x, 1)}, {ST(rlx, y, 1)}, {LD(rlx, r0, x), FN(sc), LD(rlx, r1, y)}, {LD(rlx, r2, y), FN(sc), LD(rlx, r3, x)}}},
    {"IRIW acq fences between reads", ALLOWED, {IS(r0, 1), IS(r1, 0), IS(r2, 1), IS(r3, 0)}, {{ST(rlx, x, 1)}, {ST(rlx, y, 1)}, {LD(rlx, r0, x), FN(acq), LD(rlx, r1, y)}, {LD(rlx, r2, y), FN(acq), LD(rlx, r3, x)}}},

    /* Two writers of two variables: may both first stores win? */
    {"2+2W rlx", ALLOWED, {IS(fx, 1), IS(fy, 1)}, {{ST(rlx, x, 1), ST(rlx, y, 2)}, {ST(rlx, y, 1), ST(rlx, x, 2)}}},
    {"2+2W rel", ALLOWED, {IS(fx, 1), IS(fy, 1)}, {{ST(rel, x, 1), ST(rel, y, 2)}, {ST(rel, y, 1), ST(rel, x, 2)}}},
    {"2+2W sc", FORBIDDEN, {IS(fx, 1), IS(fy, 1)}, {{ST(sc, x, 1), ST(sc, y, 2)}, {ST(sc, y, 1), ST(sc, x, 2)}}},
    {"2+2W sc fences", FORBIDDEN, {IS(fx, 1), IS(fy, 1)}, {{ST(rlx, x, 1), FN(sc), ST(rlx, y, 2)}, {ST(rlx, y, 1), FN(sc), ST(rlx, x, 2)}}},
    {"2+2W release fences", ALLOWED, {IS(fx, 1), IS(fy, 1)}, {{ST(rlx, x, 1), FN(rel), ST(rlx, y, 2)}, {ST(rlx, y, 1), FN(rel), ST(rlx, x, 2)}}},
    {"2+2W second store by exchange", ALLOWED, {IS(fx, 1), IS(fy, 1)}, {{ST(rlx, x, 1), XCHG(rlx, _, y, 2)}, {ST(rlx, y, 1), XCHG(rlx, _, x, 2)}}},

    {"R rlx", ALLOWED, {IS(fy, 2), IS(r0, 0)}, {{ST(rlx, x, 1), ST(rlx, y, 1)}, {ST(rlx, y, 2), LD(rlx, r0, x)}}},
    {"R rel/acq", ALLOWED, {IS(fy, 2), IS(r0, 0)}, {{ST(rel, x, 1), ST(rel, y, 1)}, {ST(rel, y, 2), LD(acq, r0, x)}}},
    {"R sc", FORBIDDEN, {IS(fy, 2), IS(r0, 0)}, {{ST(sc, x, 1), ST(sc, y, 1)}, {ST(sc, y, 2), LD(sc, r0, x)}}},
    {"R sc fences", FORBIDDEN, {IS(fy, 2), IS(r0, 0)}, {{ST(rlx, x, 1), FN(sc), ST(rlx, y, 1)}, {ST(rlx, y, 2), FN(sc), LD(rlx, r0, x)}}},
    {"S rlx", ALLOWED, {IS(r0, 1), IS(fx, 2)}, {{ST(rlx, x, 2), ST(rlx, y, 1)}, {LD(rlx, r0, y), ST(rlx, x, 1)}}},
    {"S rel/acq", FORBIDDEN, {IS(r0, 1), IS(fx, 2)}, {{ST(rlx, x, 2), ST(rel, y, 1)}, {LD(acq, r0, y), ST(rlx, x, 1)}}},
    {"S fences", FORBIDDEN, {IS(r0, 1), IS(fx, 2)}, {{ST(rlx, x, 2), FN(rel), ST(rlx, y, 1)}, {LD(rlx, r0, y), FN(acq), ST(rlx, x, 1)}}},

    /* Coherence holds without any order. */
    {"CoRR", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1)}, {LD(rlx, r0, x), LD(rlx, r1, x)}}},
    {"CoRR stale then new", ALLOWED, {IS(r0, 0), IS(r1, 1)}, {{ST(rlx, x, 1)}, {LD(rlx, r0, x), LD(rlx, r1, x)}}},
    {"CoRR two readers disagree", FORBIDDEN, {IS(r0, 1), IS(r1, 2), IS(r2, 2), IS(r3, 1)}, {{ST(rlx, x, 1)}, {ST(rlx, x, 2)}, {LD(rlx, r0, x), LD(rlx, r1, x)}, {LD(rlx, r2, x), LD(rlx, r3, x)}}},
    {"CoWW", FORBIDDEN, {IS(fx, 1)}, {{ST(rlx, x, 1), ST(rlx, x, 2)}}},
    {"CoWR", FORBIDDEN, {IS(r0, 0)}, {{ST(rlx, x, 1), LD(rlx, r0, x)}, {ST(rlx, x, 2)}}},
    {"CoWR against final", FORBIDDEN, {IS(r0, 2), IS(fx, 1)}, {{ST(rlx, x, 1), LD(rlx, r0, x)}, {ST(rlx, x, 2)}}},
    {"CoRW own", FORBIDDEN, {IS(r0, 1)}, {{LD(rlx, r0, x), ST(rlx, x, 1)}}},
    {"CoRW", FORBIDDEN, {IS(r0, 2), IS(fx, 2)}, {{LD(rlx, r0, x), ST(rlx, x, 1)}, {ST(rlx, x, 2)}}},
    {"CoRW free order", ALLOWED, {IS(r0, 0), IS(fx, 2)}, {{LD(rlx, r0, x), ST(rlx, x, 1)}, {ST(rlx, x, 2)}}},

    /* Release sequences: who may stand between the release and the acquire? */
    {"RelSeq through an RMW", FORBIDDEN, {IS(r0, 1), IS(r1, 2), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {FADD(rlx, r0, y, 1)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"RelSeq through two RMWs", FORBIDDEN, {IS(r1, 3), IS(r2, 0), IS(r0, 1), IS(r3, 2)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {FADD(rlx, r0, y, 1)}, {FADD(rlx, r3, y, 1)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"RelSeq through a CAS", FORBIDDEN, {IS(r0, 1), IS(r1, 2), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {CMPX(rlx, rlx, r0, y, 1, 2)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"RelSeq broken by another's store", ALLOWED, {IS(r0, 1), IS(r1, 2), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {LD(rlx, r0, y), ST(rlx, y, 2)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"RelSeq broken by the same thread's store (C++20)", ALLOWED, {IS(r1, 2), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1), ST(rlx, y, 2)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"RelSeq headed by a release fence", FORBIDDEN, {IS(r0, 1), IS(r1, 2), IS(r2, 0)}, {{ST(rlx, x, 1), FN(rel), ST(rlx, y, 1)}, {FADD(rlx, r0, y, 1)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"relaxed RMW releases nothing of its own", ALLOWED, {IS(r1, 1), IS(r2, 0)}, {{ST(rlx, x, 1), FADD(rlx, _, y, 1)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},
    {"acq RMW in the middle keeps the sequence", FORBIDDEN, {IS(r0, 1), IS(r1, 2), IS(r2, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {FADD(acq, r0, y, 1)}, {LD(acq, r1, y), LD(rlx, r2, x)}}},

    /* Read-modify-writes are atomic, and compare-exchange is what it says. */
    {"RMW lost update", FORBIDDEN, {IS(fx, 1)}, {{FADD(rlx, _, x, 1)}, {FADD(rlx, _, x, 1)}}},
    {"RMW both read 0", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{FADD(rlx, r0, x, 1)}, {FADD(rlx, r1, x, 1)}}},
    {"RMW exchange twice", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{XCHG(rlx, r0, x, 1)}, {XCHG(rlx, r1, x, 2)}}},
    {"RMW store gets in between", FORBIDDEN, {IS(r0, 0), IS(fx, 1), IS(r1, 2)}, {{FADD(rlx, r0, x, 1)}, {ST(rlx, x, 2), LD(rlx, r1, x)}}},
    {"RMW before a store in coherence", ALLOWED, {IS(r0, 0), IS(fx, 2)}, {{FADD(rlx, r0, x, 1)}, {ST(rlx, x, 2)}}},
    {"CAS both win", FORBIDDEN, {IS(r0, 0), IS(r1, 0)}, {{CMPX(ar, rlx, r0, x, 0, 1)}, {CMPX(ar, rlx, r1, x, 0, 2)}}},
    {"CAS strong fails on its value", FORBIDDEN, {IS(r0, 0), IS(fx, 0)}, {{CMPX(ar, rlx, r0, x, 0, 1)}}},
    {"CAS weak fails on its value", ALLOWED, {IS(r0, 0), IS(fx, 0)}, {{CMPW(ar, rlx, r0, x, 0, 1)}}},
    {"CAS failure rlx does not acquire", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {CMPX(acq, rlx, r0, y, 5, 9), LD(rlx, r1, x)}}},
    {"CAS failure acq acquires", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {CMPX(acq, acq, r0, y, 5, 9), LD(rlx, r1, x)}}},
    {"CAS success acq acquires", FORBIDDEN, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {CMPX(acq, rlx, r0, y, 1, 9), LD(rlx, r1, x)}}},
    {"CAS success rlx does not", ALLOWED, {IS(r0, 1), IS(fy, 9), IS(r1, 0)}, {{ST(rlx, x, 1), ST(rel, y, 1)}, {CMPX(rlx, rlx, r0, y, 1, 9), LD(rlx, r1, x)}}},
    {"CAS failure may be stale", ALLOWED, {IS(r0, 1), IS(r1, 0)}, {{ST(rlx, y, 1), ST(rlx, x, 1)}, {LD(rlx, r0, x), CMPX(rlx, rlx, r1, y, 1, 2)}}},

    /* What the explorer does not produce. */
    {"LB rlx", BLIND, {IS(r0, 1), IS(r1, 1)}, {{LD(rlx, r0, x), ST(rlx, y, 1)}, {LD(rlx, r1, y), ST(rlx, x, 1)}}},
    {"LB acq/rel", FORBIDDEN, {IS(r0, 1), IS(r1, 1)}, {{LD(acq, r0, x), ST(rel, y, 1)}, {LD(acq, r1, y), ST(rel, x, 1)}}},
};
/* clang-format on */

enum { ROWS = sizeof litmus_table / sizeof litmus_table[0] };
_Static_assert((int)ROWS <= (int)MODEL_GOALS, "each row is a goal");

static const struct litmus *litmus_row;
static _Atomic unsigned litmus_variables[VARIABLES];
static unsigned litmus_registers[REGISTERS];

/* gcc passes an order on only if it is a constant, hence the switches. Orders that an operation cannot have become
 * relaxed (the failure order acq: where the success order is no weaker). */
#define LITMUS_EACH_ORDER(order, operation)                                                                            \
    switch (order) {                                                                                                   \
    case rlx:                                                                                                          \
        operation(rlx);                                                                                                \
        break;                                                                                                         \
    case acq:                                                                                                          \
        operation(acq);                                                                                                \
        break;                                                                                                         \
    case rel:                                                                                                          \
        operation(rel);                                                                                                \
        break;                                                                                                         \
    case ar:                                                                                                           \
        operation(ar);                                                                                                 \
        break;                                                                                                         \
    case sc:                                                                                                           \
        operation(sc);                                                                                                 \
        break;                                                                                                         \
    }

static unsigned litmus_compare_exchange(const struct action *a)
{
    _Atomic unsigned *v = &litmus_variables[a->variable];
    unsigned seen = a->expected;
#define LITMUS_CAS(order)                                                                                              \
    if (a->kind == WEAK && a->failure == acq) {                                                                        \
        atomic_compare_exchange_weak_explicit(v, &seen, a->value, order, order == rlx || order == rel ? rlx : acq);    \
    } else if (a->kind == WEAK) {                                                                                      \
        atomic_compare_exchange_weak_explicit(v, &seen, a->value, order, rlx);                                         \
    } else if (a->failure == acq) {                                                                                    \
        atomic_compare_exchange_strong_explicit(v, &seen, a->value, order, order == rlx || order == rel ? rlx : acq);  \
    } else {                                                                                                           \
        atomic_compare_exchange_strong_explicit(v, &seen, a->value, order, rlx);                                       \
    }
    LITMUS_EACH_ORDER(a->order, LITMUS_CAS)
    return seen;
}

static unsigned litmus_act(const struct action *a)
{
    _Atomic unsigned *v = &litmus_variables[a->variable];
    unsigned result = 0;
#define LITMUS_LOAD(order)     result = __atomic_load_n(v, order == rel || order == ar ? rlx : order)
#define LITMUS_STORE(order)    __atomic_store_n(v, a->value, order == acq || order == ar ? rlx : order)
#define LITMUS_EXCHANGE(order) result = atomic_exchange_explicit(v, a->value, order)
#define LITMUS_ADD(order)      result = atomic_fetch_add_explicit(v, a->value, order)
#define LITMUS_FENCE(order)    atomic_thread_fence(order)
    switch (a->kind) {
    case LOAD:
        LITMUS_EACH_ORDER(a->order, LITMUS_LOAD)
        break;
    case STORE:
        LITMUS_EACH_ORDER(a->order, LITMUS_STORE)
        break;
    case EXCHANGE:
        LITMUS_EACH_ORDER(a->order, LITMUS_EXCHANGE)
        break;
    case ADD:
        LITMUS_EACH_ORDER(a->order, LITMUS_ADD)
        break;
    case CAS:
    case WEAK:
        result = litmus_compare_exchange(a);
        break;
    case FENCE:
        LITMUS_EACH_ORDER(a->order, LITMUS_FENCE)
        break;
    }
    return result;
}

static void *litmus_run(void *argument)
{
    for (const struct action *a = argument; a < (const struct action *)argument + ACTIONS && a->kind != END; a++) {
        unsigned result = litmus_act(a);
        if (a->result != NONE) {
            litmus_registers[a->result] = result;
        }
    }
    return NULL;
}

static bool litmus_matches(void)
{
    for (const struct term *t = litmus_row->outcome; t < litmus_row->outcome + TERMS && t->used; t++) {
        unsigned value = t->name < fx ? litmus_registers[t->name] : litmus_variables[t->name - fx];
        if (value != t->value) {
            return false;
        }
    }
    return true;
}

const char *model_goal_name(unsigned goal)
{
    return goal < ROWS ? litmus_table[goal].name : NULL;
}

int main(void)
{
    unsigned row = model_choose(ROWS);
    pthread_t threads[THREADS];
    litmus_row = &litmus_table[row];
    model_note("litmus %s", litmus_row->name);
    for (int i = 0; i < THREADS && litmus_row->thread[i][0].kind != END; i++) {
        pthread_create(&threads[i], NULL, litmus_run, (void *)litmus_row->thread[i]);
    }
    for (int i = 0; i < THREADS && litmus_row->thread[i][0].kind != END; i++) {
        pthread_join(threads[i], NULL);
    }
    bool seen = litmus_matches();
    if (seen && litmus_row->verdict == FORBIDDEN) {
        model_fail("litmus %s: the forbidden outcome", litmus_row->name);
    }
    if (seen && litmus_row->verdict == BLIND) {
        model_fail("litmus %s: an outcome that is documented as never produced", litmus_row->name);
    }
    if (seen || litmus_row->verdict != ALLOWED) {
        model_reach(row);
    }
    return 0;
}
