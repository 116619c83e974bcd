/* SPDX-License-Identifier: MIT */
/*
 * The configuration file, a component: link weft-config too. A file in TOML names the settings of runtimes and channels
 * that an operator may change; <weft/config_keys.def> has every key. The program asks for each runtime and each channel by
 * name, with what it would take itself, and gets that with the file's settings over it.
 *
 *     weft_config *cfg;
 *     if (weft_config_load(&cfg, "app.toml", WEFT_CONFIG_OPTIONS(.report = print)) < 0)
 *         return 1;
 *     weft_runtime_options ro = *WEFT_RUNTIME_OPTIONS();
 *     weft_config_runtime(cfg, "orders", &ro);
 *     weft_channel_options co = *WEFT_CHANNEL_OPTIONS(.capacity = 64);
 *     weft_config_channel(cfg, "incoming", &co);
 *
 * What is in force is the file, over it the section [env.<environment>], over that the variables of the environment, if
 * the program allows them. A file is taken as a whole or not at all: one that has an error changes nothing.
 */
#ifndef WEFT_CONFIG_H
#define WEFT_CONFIG_H

#include <weft/api.h>
#include <weft/channel.h>
#include <weft/error.h>
#include <weft/runtime.h>
#include <weft/types.h>

#define WEFT_CONFIG_SIZE_MAX (1024 * 1024) /* bytes of a file */
#define WEFT_CONFIG_DEPTH_MAX 32           /* tables and arrays inside of each other, and parts of a dotted key */

typedef struct weft_config weft_config;
struct weft_diag_options; /* <weft/diag.h> and <weft/otlp.h>, of components that may not be there */
struct weft_otlp_options;

/* What there is to say of a place in a file. */
typedef enum weft_config_kind {
    WEFT_CONFIG_ERROR = 0,  /* the file is not taken */
    WEFT_CONFIG_UNREAD = 1, /* nothing asked for this key so far: weft_config_unread() */
    WEFT_CONFIG_LATER = 2   /* a reload brought a new value, which counts from the next start on */
} weft_config_kind;

/* One of them. What it points to is valid during the call. Texts are UTF-8 without control characters. */
typedef struct weft_config_problem {
    weft_config_kind kind;
    const char *file; /* or the variable of the environment: then line is 0 */
    uint32_t line;    /* from 1; 0: the file as a whole */
    uint32_t column;  /* from 1, in characters; 0: the line as a whole */
    const char *key;  /* "channels.orders.buffer_size"; "" if it is of no key */
    const char *text; /* "expected an integer from 1 to 16777215, found a string" */
} weft_config_problem;

typedef void weft_config_report_fn(void *context, const weft_config_problem *problem);

typedef struct weft_config_options {
    size_t size;                   /* set by the macro */
    const char *environment;       /* which [env.<environment>]; NULL: as WEFT_ENV says; "": none */
    const char *variables;         /* what variables that override the file begin with, "WEFT_"; NULL: none may */
    weft_config_report_fn *report; /* told of every error; NULL: weft_error_detail() has the first */
    void *report_context;
    const char *file; /* of weft_config_parse(): what the text is called; "configuration" */
} weft_config_options;

#define WEFT_CONFIG_OPTIONS(...) WEFT__OPTIONS(weft_config_options, __VA_ARGS__)

WEFT_BEGIN_DECLS

/**
 * Read a configuration file. With an error in it *out_cfg is untouched, `report` is told of each, and weft_error_detail()
 * is "weft_config_load: file:line:column: key: what was expected and what is there".
 * @threads any, but a worker stands still meanwhile; `report` is called on the same thread
 * @blocks the thread, while the file is read
 * @owns *out_cfg is the caller's, until weft_config_destroy(); path and options are copied
 * @errors WEFT_EINVAL (null; or an error in the file), WEFT_ENOENT, WEFT_EACCES, WEFT_ERANGE (above WEFT_CONFIG_SIZE_MAX),
 *   WEFT_ENOMEM, and others of the system for what cannot be read
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_config_load(weft_config **out_cfg, const char *path, const weft_config_options *options);

/**
 * The same from memory.
 * @threads as weft_config_load()
 * @blocks never
 * @owns as weft_config_load(); text, of `length` bytes, is not kept
 * @errors WEFT_EINVAL (null; or an error in the text), WEFT_ERANGE (above WEFT_CONFIG_SIZE_MAX), WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_config_parse(weft_config **out_cfg, const char *text, size_t length,
                                             const weft_config_options *options);

/**
 * Give it back, with every text that it handed out.
 * @threads any; nobody else uses it any more
 * @blocks never
 * @owns cfg is consumed; NULL does nothing
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_config_destroy(weft_config *cfg);

/**
 * Options of the runtime of this name: what they say already, over it [runtime], over that [runtime.<name>]. NULL: [runtime]
 * alone. 1 if there is a section of its own, 0 if not.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns texts in options belong to cfg
 * @errors WEFT_EINVAL (null, options without a size), WEFT_ENOMEM; options are untouched then
 * @since 0.1
 */
WEFT_API int weft_config_runtime(weft_config *cfg, const char *name, weft_runtime_options *options);

/**
 * Create the runtime of this name; `options` NULL: all are the file's, or defaults.
 * @threads as weft_runtime_create()
 * @blocks as weft_runtime_create()
 * @owns *out_rt is the caller's
 * @errors those of weft_runtime_create()
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_config_runtime_create(weft_config *cfg, const char *name,
                                                      const weft_runtime_options *options, weft_runtime **out_rt);

/**
 * Options of the channel of this name: what they say already, over it [channels.<name>], with the thresholds of [monitor]
 * where nothing else says any. From here on a reload governs the thresholds of channels of that name. 1 if there is a
 * section, 0 if not.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns texts in options belong to cfg
 * @errors WEFT_EINVAL (null, options without a size, a capacity that neither they nor the file gives, thresholds that
 *   contradict the file's), WEFT_ENOMEM; options are untouched then
 * @since 0.1
 */
WEFT_API int weft_config_channel(weft_config *cfg, const char *name, weft_channel_options *options);

/**
 * Options of weft_diag_start() (<weft/diag.h>): what they say already, over it [diag]. 1 if there is such a section, 0 if not.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns texts in options belong to cfg
 * @errors WEFT_EINVAL (null, options without a size), WEFT_ENOMEM; options are untouched then
 * @since 0.1
 */
WEFT_API int weft_config_diag(weft_config *cfg, struct weft_diag_options *options);

/**
 * Options of weft_otlp_start() (<weft/otlp.h>): what they say already, over it [otlp]. 1 if there is such a section, 0 if not.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns texts in options belong to cfg
 * @errors WEFT_EINVAL (null, options without a size), WEFT_ENOMEM; options are untouched then
 * @since 0.1
 */
WEFT_API int weft_config_otlp(weft_config *cfg, struct weft_otlp_options *options);

/**
 * What a reload may change, for a runtime that runs: the interval of its monitor, and the thresholds of those of its channels
 * whose names weft_config_channel() was asked for. The rest counts from the next start on.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns nothing
 * @errors WEFT_EINVAL (null, not a live runtime), WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API int weft_config_apply(weft_config *cfg, weft_runtime *rt);

/**
 * Read the file again, and apply it to a runtime: weft_config_apply() does the same for others. A file that has an error,
 * or cannot be read, changes nothing, and everything stays as it was; `report` is told of each error. It is also told of
 * each value that is new and counts only from the next start on (WEFT_CONFIG_LATER). Variables and the name of the environment
 * are those of weft_config_load().
 * @threads any, but a worker stands still meanwhile
 * @blocks the thread, while the file is read
 * @owns nothing
 * @errors as weft_config_load(); WEFT_EINVAL (null, not a live runtime, made by weft_config_parse())
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_config_reload(weft_config *cfg, weft_runtime *rt);

/**
 * The same with a text in place of the file, whatever the configuration was made from.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns text, of `length` bytes, is not kept
 * @errors as weft_config_parse(); WEFT_EINVAL (null, not a live runtime)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_config_replace(weft_config *cfg, const char *text, size_t length, weft_runtime *rt);

/**
 * A boolean by its key, for example "app.debug"; a part that has a dot is quoted, as in TOML. 1: there it is; 0: there is
 * none, and *out_value is untouched. The program's own settings stand below [app], where any key may.
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns nothing
 * @errors WEFT_EINVAL (null; it is of another type: weft_error_detail() has the line)
 * @since 0.1
 */
WEFT_API int weft_config_flag(weft_config *cfg, const char *key, bool *out_value);

/**
 * An integer by its key; else as weft_config_flag().
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns nothing
 * @errors WEFT_EINVAL (null; it is of another type)
 * @since 0.1
 */
WEFT_API int weft_config_integer(weft_config *cfg, const char *key, int64_t *out_value);

/**
 * A number with a fraction by its key, which may be written as an integer; else as weft_config_flag().
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns nothing
 * @errors WEFT_EINVAL (null; it is of another type)
 * @since 0.1
 */
WEFT_API int weft_config_number(weft_config *cfg, const char *key, double *out_value);

/**
 * A string by its key; else as weft_config_flag().
 * @threads any
 * @blocks never, but for another call on cfg
 * @owns *out_value belongs to cfg, until weft_config_destroy()
 * @errors WEFT_EINVAL (null; it is of another type), WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API int weft_config_text(weft_config *cfg, const char *key, const char **out_value);

/**
 * Call `visit` with the name of each key right below a table, in the order of the names: of "runtime", of "app.tenants", of
 * "" for the sections. The walk ends when visit returns other than 0, and returns that. Of an array the names are "0", "1"
 * and so on.
 * @threads any; visit may call on cfg
 * @blocks never, but for another call on cfg
 * @owns name is valid during the call of visit
 * @errors WEFT_EINVAL (null; it is no table); otherwise what visit returned, if not 0
 * @since 0.1
 */
WEFT_API int weft_config_visit(weft_config *cfg, const char *key, int (*visit)(void *context, const char *name),
                               void *context);

/**
 * Tell `report` of each key that nothing has asked for so far: a section whose name is misspelt, or is of a channel that no
 * longer exists. How many there are. Ask when the program has started.
 * @threads any; report may call on cfg
 * @blocks never, but for another call on cfg
 * @owns nothing
 * @errors WEFT_EINVAL, WEFT_ENOMEM
 * @since 0.1
 */
WEFT_API int weft_config_unread(weft_config *cfg, weft_config_report_fn *report, void *context);

WEFT_END_DECLS

#endif
