/* SPDX-License-Identifier: MIT */
/*
 * WEFT_CHANNEL_DEFINE(orders, struct order) makes a channel type of its own: orders_sender, orders_receiver,
 * orders_permit … and the functions of <weft/channel.h> and <weft/permit.h> over them, so that a message of another type
 * does not compile.
 */
#ifndef WEFT_TYPED_H
#define WEFT_TYPED_H

#include <weft/api.h>
#include <weft/channel.h>
#include <weft/future.h>
#include <weft/permit.h>

/* At file scope; needs no semicolon. A type of size zero (a GNU extension) is a compile error. */
#define WEFT_CHANNEL_DEFINE(name, type)                                                                                \
    typedef char name##_message_must_not_be_of_size_zero[sizeof(type) > 0 ? 1 : -1];                                   \
    typedef struct name##_sender {                                                                                     \
        weft_sender weft;                                                                                              \
    } name##_sender;                                                                                                   \
    typedef struct name##_receiver {                                                                                   \
        weft_receiver weft;                                                                                            \
    } name##_receiver;                                                                                                 \
    typedef struct name##_permit {                                                                                     \
        weft_permit weft;                                                                                              \
    } name##_permit;                                                                                                   \
    typedef struct name##_weak_sender {                                                                                \
        weft_weak_sender weft;                                                                                         \
    } name##_weak_sender;                                                                                              \
    typedef struct name##_permits {                                                                                    \
        weft_permits weft;                                                                                             \
    } name##_permits;                                                                                                  \
    WEFT__INLINE int name##_create(weft_runtime *rt, const weft_channel_options *options, name##_sender *out_sender,   \
                                   name##_receiver *out_receiver)                                                      \
    {                                                                                                                  \
        return weft_channel_create(rt, options, sizeof(type), out_sender ? &out_sender->weft : NULL,                   \
                                   out_receiver ? &out_receiver->weft : NULL);                                         \
    }                                                                                                                  \
    WEFT__INLINE int name##_sender_clone(const name##_sender *sender, name##_sender *out_sender)                       \
    {                                                                                                                  \
        return weft_sender_clone(&sender->weft, &out_sender->weft);                                                    \
    }                                                                                                                  \
    WEFT__INLINE void name##_sender_close(name##_sender *sender) { weft_sender_close(&sender->weft); }                 \
    WEFT__INLINE int name##_sender_downgrade(const name##_sender *sender, name##_weak_sender *out_weak)                \
    {                                                                                                                  \
        return weft_sender_downgrade(&sender->weft, &out_weak->weft);                                                  \
    }                                                                                                                  \
    WEFT__INLINE int name##_weak_sender_upgrade(const name##_weak_sender *weak, name##_sender *out_sender)             \
    {                                                                                                                  \
        return weft_weak_sender_upgrade(&weak->weft, &out_sender->weft);                                               \
    }                                                                                                                  \
    WEFT__INLINE int name##_weak_sender_clone(const name##_weak_sender *weak, name##_weak_sender *out_weak)            \
    {                                                                                                                  \
        return weft_weak_sender_clone(&weak->weft, &out_weak->weft);                                                   \
    }                                                                                                                  \
    WEFT__INLINE void name##_weak_sender_close(name##_weak_sender *weak) { weft_weak_sender_close(&weak->weft); }      \
    WEFT__INLINE void name##_receiver_close(name##_receiver *receiver) { weft_receiver_close(&receiver->weft); }       \
    WEFT__INLINE int name##_receiver_descriptor(name##_receiver *receiver)                                             \
    {                                                                                                                  \
        return weft_receiver_descriptor(&receiver->weft);                                                              \
    }                                                                                                                  \
    WEFT__INLINE void name##_receiver_stop(name##_receiver *receiver) { weft_receiver_stop(&receiver->weft); }         \
    WEFT__INLINE int name##_send(weft_context *cx, name##_sender *sender, type message)                                \
    {                                                                                                                  \
        return weft_channel_send(cx, &sender->weft, &message);                                                         \
    }                                                                                                                  \
    WEFT__INLINE int name##_try_send(name##_sender *sender, type message)                                              \
    {                                                                                                                  \
        return weft_channel_try_send(&sender->weft, &message);                                                         \
    }                                                                                                                  \
    WEFT__INLINE int name##_send_blocking(name##_sender *sender, type message, int64_t deadline_ns)                    \
    {                                                                                                                  \
        return weft_channel_send_blocking(&sender->weft, &message, deadline_ns);                                       \
    }                                                                                                                  \
    WEFT__INLINE int name##_reserve(weft_context *cx, name##_sender *sender, name##_permit *out_permit)                \
    {                                                                                                                  \
        return weft_channel_reserve(cx, &sender->weft, &out_permit->weft);                                             \
    }                                                                                                                  \
    WEFT__INLINE int name##_try_reserve(name##_sender *sender, name##_permit *out_permit)                              \
    {                                                                                                                  \
        return weft_channel_try_reserve(&sender->weft, &out_permit->weft);                                             \
    }                                                                                                                  \
    WEFT__INLINE int name##_permit_send(name##_permit *permit, type message)                                           \
    {                                                                                                                  \
        return weft_permit_send(&permit->weft, &message);                                                              \
    }                                                                                                                  \
    WEFT__INLINE void name##_permit_release(name##_permit *permit) { weft_permit_release(&permit->weft); }             \
    WEFT__INLINE int name##_reserve_blocking(name##_sender *sender, name##_permit *out_permit, int64_t deadline_ns)    \
    {                                                                                                                  \
        return weft_channel_reserve_blocking(&sender->weft, &out_permit->weft, deadline_ns);                           \
    }                                                                                                                  \
    WEFT__INLINE int name##_reserve_many(weft_context *cx, name##_sender *sender, size_t count,                        \
                                         name##_permits *out_permits)                                                  \
    {                                                                                                                  \
        return weft_channel_reserve_many(cx, &sender->weft, count, &out_permits->weft);                                \
    }                                                                                                                  \
    WEFT__INLINE int name##_try_reserve_many(name##_sender *sender, size_t count, name##_permits *out_permits)         \
    {                                                                                                                  \
        return weft_channel_try_reserve_many(&sender->weft, count, &out_permits->weft);                                \
    }                                                                                                                  \
    WEFT__INLINE int name##_reserve_many_blocking(name##_sender *sender, size_t count, name##_permits *out_permits,    \
                                                  int64_t deadline_ns)                                                 \
    {                                                                                                                  \
        return weft_channel_reserve_many_blocking(&sender->weft, count, &out_permits->weft, deadline_ns);              \
    }                                                                                                                  \
    WEFT__INLINE int name##_permits_send(name##_permits *permits, type message)                                        \
    {                                                                                                                  \
        return weft_permits_send(&permits->weft, &message);                                                            \
    }                                                                                                                  \
    WEFT__INLINE size_t name##_permits_left(const name##_permits *permits)                                             \
    {                                                                                                                  \
        return weft_permits_left(&permits->weft);                                                                      \
    }                                                                                                                  \
    WEFT__INLINE void name##_permits_release(name##_permits *permits) { weft_permits_release(&permits->weft); }        \
    WEFT__INLINE int name##_recv(weft_context *cx, name##_receiver *receiver, type *out_message)                       \
    {                                                                                                                  \
        return weft_channel_recv(cx, &receiver->weft, out_message);                                                    \
    }                                                                                                                  \
    WEFT__INLINE int name##_try_recv(name##_receiver *receiver, type *out_message)                                     \
    {                                                                                                                  \
        return weft_channel_try_recv(&receiver->weft, out_message);                                                    \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv_blocking(name##_receiver *receiver, type *out_message, int64_t deadline_ns)           \
    {                                                                                                                  \
        return weft_channel_recv_blocking(&receiver->weft, out_message, deadline_ns);                                  \
    }                                                                                                                  \
    WEFT__INLINE void name##_recv_begin(weft_recv_future *future, name##_receiver *receiver, type *out_message)        \
    {                                                                                                                  \
        weft_recv_begin(future, &receiver->weft, out_message);                                                         \
    }                                                                                                                  \
    WEFT__INLINE void name##_send_begin(weft_send_future *future, name##_sender *sender, const type *message)          \
    {                                                                                                                  \
        weft_send_begin(future, &sender->weft, message);                                                               \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv_many(weft_context *cx, name##_receiver *receiver, type *out_messages, size_t limit)   \
    {                                                                                                                  \
        return weft_channel_recv_many(cx, &receiver->weft, out_messages, limit);                                       \
    }                                                                                                                  \
    WEFT__INLINE int name##_recv_many_blocking(name##_receiver *receiver, type *out_messages, size_t limit,            \
                                               int64_t deadline_ns)                                                    \
    {                                                                                                                  \
        return weft_channel_recv_many_blocking(&receiver->weft, out_messages, limit, deadline_ns);                     \
    }

#endif
