// SPDX-License-Identifier: MIT
// A collector that decodes with OpenTelemetry's own code what a program sends: decode.mjs MODULES PROGRAM [ARGUMENT...]
//
// Each body is read as a message of OTLP by the classes that are generated from its definition, written as protobuf, read
// again, and compared with what was sent: a name that OTLP does not know, or a value of another type, does not come back.
// Then what the JSON of OTLP asks for beyond protobuf's, and what this program must have sent.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { join } from "node:path";

const [modules, program, ...rest] = process.argv.slice(2);
const require = createRequire(join(modules, "index.js"));
const root = require("@opentelemetry/otlp-transformer/build/src/generated/root.js");
const services = root.opentelemetry.proto.collector;
const types = {
    "/v1/traces": services.trace.v1.ExportTraceServiceRequest,
    "/v1/metrics": services.metrics.v1.ExportMetricsServiceRequest,
    "/v1/logs": services.logs.v1.ExportLogsServiceRequest,
};
const ids = { traceId: 32, spanId: 16, parentSpanId: 16 };
const longs = new Set(["startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "observedTimeUnixNano", "intValue", "asInt", "count"]);

// Ids are hexadecimal in the JSON of OTLP, where that of protobuf has base64.
function transcode(value, from, to) {
    if (Array.isArray(value)) return value.map((item) => transcode(item, from, to));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) =>
        [key, key in ids ? Buffer.from(item, from).toString(to) : transcode(item, from, to)]));
}

// Without what protobuf does not write: members that are empty, or zero, or false. Members of a oneof stay.
const oneofs = new Set(["stringValue", "intValue", "boolValue", "doubleValue", "asInt", "asDouble", "sum"]);
function plain(value, key) {
    if (Array.isArray(value)) return value.map((item) => plain(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name)]).filter(([name, item]) =>
        oneofs.has(name) || !(item === 0 || item === "" || item === "0" || item === false || (Array.isArray(item) && item.length === 0))));
}

function check(value, key) {
    if (key in ids) ok(new RegExp(`^[0-9a-f]{${ids[key]}}$`).test(value), `${key}: ${value}`);
    if (longs.has(key)) ok(typeof value === "string" && /^-?[0-9]+$/.test(value), `${key} is a number of 64 bits, and so a text: ${value}`);
    if (key === "bucketCounts") value.forEach((count) => ok(typeof count === "string"));
    if (Array.isArray(value)) value.forEach((item) => check(item));
    else if (value !== null && typeof value === "object") Object.entries(value).forEach(([name, item]) => check(item, name));
}

function decode(path, body) {
    const sent = JSON.parse(body);
    check(sent);
    const Type = types[path];
    const message = Type.fromObject(transcode(sent, "hex", "base64"));
    const again = Type.decode(Type.encode(message).finish());
    const back = Type.toObject(again, { longs: String, enums: Number, bytes: String });
    deepStrictEqual(plain(transcode(back, "base64", "hex")), plain(sent));
    return sent;
}

const requests = [];
const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
        strictEqual(request.headers["content-type"], "application/json");
        requests.push({ path: request.url, body: Buffer.concat(parts).toString() });
        response.setHeader("Content-Type", "application/json");
        response.end("{}");
    });
});

function things(decoded, path, ...keys) {
    return decoded.filter((it) => it.path === path).flatMap((it) => keys.reduce((list, key) => list.flatMap((item) => item[key]), [it.sent]));
}

function attribute(thing, key) {
    const value = thing.attributes.find((it) => it.key === key)?.value;
    return value && Object.values(value)[0];
}

// What examples/19_otlp.c does.
function expect(decoded) {
    const spans = things(decoded, "/v1/traces", "resourceSpans", "scopeSpans", "spans");
    const named = Object.fromEntries(spans.map((span) => [span.name, span]));
    deepStrictEqual(Object.keys(named).sort(), ["charge", "order", "pack", "packer"]);
    strictEqual(named.order.traceId, "4bf92f3577b34da6a3ce929d0e0e4736");
    strictEqual(named.order.parentSpanId, "00f067aa0ba902b7");
    strictEqual(named.charge.parentSpanId, named.order.spanId);
    strictEqual(named.pack.parentSpanId, named.order.spanId); // across a channel
    ok(named.packer.traceId !== named.order.traceId);
    strictEqual(attribute(named.pack, "order"), "17");
    strictEqual(attribute(named.pack, "correlation.id"), "order-17");
    strictEqual(named.charge.events[0].name, "card accepted");
    const resources = decoded.flatMap((it) => Object.values(it.sent)[0]).map((it) => it.resource);
    resources.forEach((it) => strictEqual(attribute(it, "service.name"), "shop"));
    const metrics = things(decoded, "/v1/metrics", "resourceMetrics", "scopeMetrics", "metrics");
    ok(metrics.some((it) => it.name === "weft.otlp.items" && it.sum.isMonotonic && it.sum.aggregationTemporality === 2));
    const logs = things(decoded, "/v1/logs", "resourceLogs", "scopeLogs", "logRecords");
    const packed = logs.find((it) => it.body.stringValue === "packed");
    strictEqual(packed.traceId, named.order.traceId);
    strictEqual(packed.spanId, named.pack.spanId);
    strictEqual(packed.severityText, "INFO");
    return `${spans.length} spans, ${metrics.length} metrics, ${logs.length} log records`;
}

server.listen(0, "127.0.0.1", () => {
    const endpoint = `http://127.0.0.1:${server.address().port}`;
    const child = spawn(program, rest, { stdio: "inherit", env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRIC_EXPORT_INTERVAL: "1" } });
    child.on("exit", (code) => {
        server.close();
        strictEqual(code, 0);
        const decoded = requests.map((it) => ({ path: it.path, sent: decode(it.path, it.body) }));
        console.log(`${requests.length} requests decoded: ${expect(decoded)}`);
    });
});
