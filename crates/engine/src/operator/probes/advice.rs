//! Advice for receivers that lack a check, with code.

use super::kind::{ProbeKind, Protocol};

/// Advice after a probe.
pub(super) const fn advice(kind: ProbeKind, protocol: Protocol, ok: Option<bool>) -> &'static str {
    if let (Some(false), Protocol::Exchange, Some(advice)) = (ok, protocol, exchange_advice(kind)) {
        return advice;
    }
    match (kind, ok) {
        (_, Some(true)) => "Nothing to do.",
        (ProbeKind::OldTimestamp, None) if matches!(protocol, Protocol::Exchange) => {
            "The credentials of exchanges do not expire. A receiver that checks `webhook-timestamp` and `webhook-signature` as well cannot be sent an old request again."
        }
        (ProbeKind::Good, None) => "The receiver redirects; the probe `redirect` says more.",
        (_, None) => "Correct the first probes, and test again.",
        (ProbeKind::Good, _) => {
            "The receiver must answer a valid request with a status from 200 to 299 within seconds. Compare its secret and its path first. If it takes certain events only, test with the name and the body of one of them."
        }
        (ProbeKind::Repeated, _) => {
            "The same delivery can come twice, for example after an answer was lost. Remember the ids of what was handled, and answer 200 to what is known."
        }
        (ProbeKind::OutOfOrder, _) => {
            "Deliveries that are tried again arrive later than newer ones. Take older events as well, and compare `time` where the order matters."
        }
        (ProbeKind::BadSignature, _) => match protocol {
            Protocol::Event => {
                "Anybody could send events to it. Compare the signature before anything else, over the bytes as they came."
            }
            Protocol::Exchange => "Anybody could send exchanges to it. Compare the whole of `Authorization`.",
        },
        (ProbeKind::OldTimestamp, _) => {
            "Somebody who has recorded a request could send it again. Refuse a `webhook-timestamp` that is more than five minutes away."
        }
        (ProbeKind::MissingSignature, _) => {
            "Anybody could send to it. Refuse requests without a credential with 401."
        }
        (ProbeKind::Large, _) => {
            "Bodies of 1 MB are allowed. Raise the limit of the framework or of the proxy before it."
        }
        (ProbeKind::SlowBody, _) => {
            "A request can arrive in pieces. Read as many bytes as `Content-Length` says before it is parsed."
        }
        (ProbeKind::WrongType, _) => {
            "Take nothing but `application/json`: browsers send `text/plain` from any page without asking. Answer 415."
        }
        (ProbeKind::UnknownEvent, _) => {
            "Answer 200 to an event that means nothing to the receiver. After an error it would be sent again for days."
        }
        (ProbeKind::Redirect, _) => {
            "The server follows no redirect, because it would send the credentials elsewhere. Enter the URL that the receiver redirects to."
        }
        (ProbeKind::Escapes, _) => {
            "Compute the signature over the bytes as they came, not over JSON that was parsed and written again, and read the body as UTF-8."
        }
        (ProbeKind::OtherMethod, _) => "Answer other methods than POST with 405.",
        (ProbeKind::Concurrent, _) => {
            "Deliveries come at the same time, eight for a hook by default. Handle them at the same time, or lower `in_flight` of the hook."
        }
    }
}

/// Advice after a probe of a receiver of exchanges that failed, where it differs from that for events.
const fn exchange_advice(kind: ProbeKind) -> Option<&'static str> {
    Some(match kind {
        ProbeKind::Repeated => {
            "The server sends an exchange once, but a proxy may send it again. Remember the ids of what was handled, and answer what is known as before, or with 409."
        }
        ProbeKind::OutOfOrder => {
            "Exchanges overtake each other on the way. Take each by itself, whatever came before it."
        }
        ProbeKind::UnknownEvent => {
            "The sender waits for the answer. Answer an `event_type` that means nothing to the receiver with 404 or 422 and a body that says so."
        }
        ProbeKind::Escapes => {
            "Read the body as UTF-8, with a complete JSON parser. A signature is computed over the bytes as they came."
        }
        ProbeKind::Concurrent => {
            "Exchanges come at the same time, from every page. Handle them at the same time."
        }
        _ => return None,
    })
}

const SIGNATURE: &str = r#"// Node
const crypto = require('node:crypto');
function verify(secret, headers, raw) {            // raw: the Buffer of the body, not parsed
  const at = Number(headers['webhook-timestamp']);
  if (!headers['webhook-signature'] || !(Math.abs(Date.now() / 1000 - at) <= 300)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const text = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${at}.`), raw]);
  const want = crypto.createHmac('sha256', key).update(text).digest();
  return headers['webhook-signature'].split(' ').some((part) => {
    const got = Buffer.from(part.replace(/^v1,/, ''), 'base64');
    return got.length === want.length && crypto.timingSafeEqual(got, want);
  });
}

# Python
import base64, hashlib, hmac, time
def verify(secret, headers, raw):                  # raw: the bytes of the body, not parsed
    at = headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{at}.".encode() + raw
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(part, want) for part in headers["webhook-signature"].split())
"#;

const AUTHORIZATION: &str = r#"// Node
const crypto = require('node:crypto');
function allowed(header, name, key) {
  const want = Buffer.from('Token ' + Buffer.from(`${name}:${key}`).toString('base64'));
  const got = Buffer.from(header ?? '');
  return got.length === want.length && crypto.timingSafeEqual(got, want);
}
if (!allowed(req.headers.authorization, NAME, SECRET_KEY)) { res.writeHead(401).end(); return; }

# Python
import base64, hmac
want = "Token " + base64.b64encode(f"{NAME}:{SECRET_KEY}".encode()).decode()
if not hmac.compare_digest(request.headers.get("authorization", ""), want):
    return "", 401
"#;

const REPEATED: &str = r#"// Node: the id and the work belong in one transaction
const known = await db.query('insert into seen (id) values ($1) on conflict do nothing', [headers['webhook-id']]);
if (known.rowCount === 0) { res.writeHead(200).end(); return; }

# Python
inserted = db.execute("insert into seen (id) values (%s) on conflict do nothing", [headers["webhook-id"]])
if inserted.rowcount == 0:
    return "", 200
"#;

const ORDER: &str = r#"// Node
const changed = await db.query('update orders set state = $1, at = $2 where id = $3 and at < $2', [state, event.time, id]);
// An older event changes nothing; it was handled all the same.
res.writeHead(200).end();

# Python
db.execute("update orders set state = %s, at = %s where id = %s and at < %s", [state, event["time"], id, event["time"]])
return "", 200
"#;

const LARGE: &str = r"// Node, Express
app.use(express.raw({ type: 'application/json', limit: '2mb' }));
// nginx before it: client_max_body_size 2m;

# Python, Flask
app.config['MAX_CONTENT_LENGTH'] = 2 * 1024 * 1024
";

const SLOW: &str = r"// Node
const pieces = [];
for await (const piece of req) pieces.push(piece);
const raw = Buffer.concat(pieces);

# Python
raw = self.rfile.read(int(self.headers['content-length']))
";

const TYPE: &str = r"// Node
const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
if (type !== 'application/json') { res.writeHead(415).end(); return; }

# Python
if request.mimetype != 'application/json':
    return '', 415
";

const UNKNOWN: &str = r"// Node
const handler = handlers[event.name];
if (handler) await handler(event);
res.writeHead(200).end();

# Python
handler = handlers.get(event['name'])
if handler:
    handler(event)
return '', 200
";

const UNKNOWN_TYPE: &str = r#"// Node
const handler = handlers[exchange.event_type];
if (!handler) { res.writeHead(404).end('{"error":"unknown event_type"}'); return; }

# Python
handler = handlers.get(exchange['event_type'])
if not handler:
    return {'error': 'unknown event_type'}, 404
"#;

const METHOD: &str = r"// Node
if (req.method !== 'POST') { res.writeHead(405, { allow: 'POST' }).end(); return; }

# Python, Flask
@app.route('/hook', methods=['POST'])
";

const CONCURRENT: &str = r"// Node: answer at once, work afterwards
await queue.add(event);
res.writeHead(202).end();

# Python
from http.server import ThreadingHTTPServer   # not HTTPServer
# or: gunicorn --threads 8 app:app
";

const PARALLEL: &str = r"// Node: wait for others without blocking
const found = await db.query('select state from orders where id = $1', [exchange.payload.id]);

# Python
from http.server import ThreadingHTTPServer   # not HTTPServer
# or: gunicorn --threads 8 app:app
";

/// Code with the check that is missing.
pub(super) const fn code(kind: ProbeKind, protocol: Protocol) -> Option<&'static str> {
    Some(match (kind, protocol) {
        (ProbeKind::BadSignature | ProbeKind::MissingSignature, Protocol::Exchange) => AUTHORIZATION,
        (
            ProbeKind::BadSignature
            | ProbeKind::OldTimestamp
            | ProbeKind::MissingSignature
            | ProbeKind::Escapes,
            _,
        ) => SIGNATURE,
        (ProbeKind::Repeated, _) => REPEATED,
        (ProbeKind::OutOfOrder, _) => ORDER,
        (ProbeKind::Large, _) => LARGE,
        (ProbeKind::SlowBody, _) => SLOW,
        (ProbeKind::WrongType, _) => TYPE,
        (ProbeKind::UnknownEvent, Protocol::Event) => UNKNOWN,
        (ProbeKind::UnknownEvent, Protocol::Exchange) => UNKNOWN_TYPE,
        (ProbeKind::OtherMethod, _) => METHOD,
        (ProbeKind::Concurrent, Protocol::Event) => CONCURRENT,
        (ProbeKind::Concurrent, Protocol::Exchange) => PARALLEL,
        (ProbeKind::Good | ProbeKind::Redirect, _) => return None,
    })
}
