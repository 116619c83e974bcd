// SPDX-License-Identifier: MIT
// Numbers as they are read: times, counts, rates, places. What is not known is "-", never 0.

export const UNKNOWN = '-';

const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

const three = (value) => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0));

export function duration(ns) {
    if (!known(ns) || ns < 0)
        return UNKNOWN;
    if (ns < 1e3)
        return `${Math.round(ns)} ns`;
    if (ns < 1e6)
        return `${three(ns / 1e3)} us`;
    if (ns < 1e9)
        return `${three(ns / 1e6)} ms`;
    const seconds = ns / 1e9;
    if (seconds < 120)
        return `${three(seconds)} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120)
        return `${minutes} min ${Math.floor(seconds % 60)} s`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function count(value) {
    return known(value) ? Math.round(value).toLocaleString('en') : UNKNOWN;
}

// Of an axis, and of what changes too fast to be read to the last digit.
export function short(value) {
    if (!known(value))
        return UNKNOWN;
    const size = Math.abs(value);
    if (size >= 999.5e6)
        return `${(value / 1e9).toPrecision(3)}G`;
    if (size >= 999.5e3)
        return `${(value / 1e6).toPrecision(3)}M`;
    if (size >= 9999.5)
        return `${(value / 1e3).toPrecision(3)}k`;
    return size >= 9.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

export const rate = (value) => (known(value) && value >= 0 ? short(value) : UNKNOWN);

export const percent = (share) => (known(share) ? `${Math.round(100 * share)} %` : UNKNOWN);

export function place(file, line) {
    return file ? `${file.slice(file.lastIndexOf('/') + 1)}:${line}` : '';
}

export function clock(seconds) {
    const date = new Date(seconds * 1000);
    return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

// A status is told by a shape and a word as well as by a colour.
const marks = {healthy: '\u25cf', degraded: '\u25b2', critical: '\u25a0', unknown: '?'};

export const status = (word) => `${marks[word] || '?'} ${word}`;

export const statusClass = (word) => (word === 'healthy' ? 'good' : word === 'critical' ? 'bad' : word === 'degraded' ? 'warn' : 'lost');
