// SPDX-License-Identifier: MIT
// Asking the process that this page came from. The token comes behind the # of the address, which no request carries and
// no log has, and is kept for this tab alone.

const KEPT = 'weft-token';
const TIMEOUT_MS = 10000;

let token = sessionStorage.getItem(KEPT) || '';

// What the page knows of the other side.
export const line = {
    answered: 0,   // when it answered last, by performance.now()
    problem: '',   // why it did not since
    spent: 0,      // ms of processor time that it said its answers took
    refused: false // the token is missing, or another one
};

export function setToken(text) {
    token = text;
    sessionStorage.setItem(KEPT, text);
    line.refused = false;
}

export function takeTokenFromAddress() {
    const given = location.hash.slice(1);
    if (!given)
        return;
    setToken(decodeURIComponent(given));
    history.replaceState(null, '', location.pathname);
}

function note(problem) {
    line.problem = problem;
    if (!problem)
        line.answered = performance.now();
}

// Names are anybody's. What would break a line, or turn the text behind it round, is shown as a sign and does neither.
const ACTS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;
const MAY_ACT = /\\[bfnrtu]|[\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/;

const sign = (character) => (character <= '\u001f' ? String.fromCharCode(0x2400 + character.charCodeAt(0)) : '\ufffd');

export const clean = (text) => text.replace(ACTS, sign);

export function parse(text) {
    return MAY_ACT.test(text) ? JSON.parse(text, (key, value) => (typeof value === 'string' ? clean(value) : value)) : JSON.parse(text);
}

async function ask(path, parameters, signal) {
    const query = new URLSearchParams(Object.entries(parameters || {}).filter(([, value]) => value !== '' && value !== undefined));
    const text = query.toString();
    const headers = token ? {Authorization: `Bearer ${token}`} : {};
    const answer = await fetch(text ? `${path}?${text}` : path, {headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error'});
    line.spent += Number(/\bmake;dur=([\d.]+)/.exec(answer.headers.get('Server-Timing'))?.[1] || 0);
    if (answer.status === 401)
        line.refused = true;
    return answer;
}

// The JSON of an answer; 503 is one: who is not healthy says so. null: there was none, and `line` says why.
export async function get(path, parameters, signal) {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    try {
        const answer = await ask(path, parameters, signal ? AbortSignal.any([signal, limit]) : limit);
        const body = parse(await answer.text());
        if (answer.status === 404)
            return {gone: true};
        if (answer.status !== 200 && !(answer.status === 503 && body.reasons))
            throw new Error(body.error || `it answers ${answer.status}`);
        note('');
        return body;
    } catch (error) {
        if (!(signal && signal.aborted))
            note(limit.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : says(error));
        return null;
    }
}

function says(error) {
    return error instanceof TypeError ? 'the connection failed' : error.message;
}

// Each snapshot of /events, until the signal or the other side ends it. (EventSource cannot carry the token.)
export async function events(intervalMs, signal, onSnapshot) {
    try {
        const answer = await ask('/events', {interval_ms: intervalMs}, signal);
        if (answer.status !== 200)
            throw new Error(parse(await answer.text()).error || `it answers ${answer.status}`);
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let rest = ''; ;) {
            const {value, done} = await reader.read();
            if (done)
                throw new Error('the process has ended the connection');
            rest = eventsOf(rest + value, onSnapshot);
        }
    } catch (error) {
        if (!signal.aborted)
            note(says(error));
    }
}

// Whole events are handed on; what is left of the text is the beginning of another.
function eventsOf(text, onSnapshot) {
    let begin = 0;
    for (let end; (end = text.indexOf('\n\n', begin)) >= 0; begin = end + 2) {
        const fields = text.slice(begin, end).split('\n');
        if (!fields.includes('event: snapshot'))
            continue;
        const data = fields.find((field) => field.startsWith('data: '));
        note('');
        onSnapshot(parse(data.slice(6)));
    }
    return text.slice(begin);
}
