//! Cutting fields by hand where records come by the million, and what several rows share.

use memchr::memmem;

use super::{ConnectionId, Event, Fields, MetaText, ServiceText, Text};
use crate::parse::cut;

// ---- readers by hand -----------------------------------------------------------------------------------------------

/// `Service{…, ephemeral=true, revision=7}` at the start of `text`: the service, its revision, and what follows `}`.
///
/// Names could hold commas, quotes and braces before 2.3.0, so the end is looked for from `, ephemeral=`.
pub(super) fn service<'a>(text: &'a [u8]) -> Option<(ServiceText<'a>, u64, &'a [u8])> {
    let body = text.strip_prefix(b"Service{")?;
    let mut from = 0;
    loop {
        let at = from + memmem::find(&body[from..], b", ephemeral=")?;
        let rest = &body[at + b", ephemeral=".len()..];
        let rest = rest
            .strip_prefix(b"true, revision=")
            .or_else(|| rest.strip_prefix(b"false, revision="));
        if let Some((revision, rest)) = rest.and_then(cut::number)
            && let Some(rest) = rest.strip_prefix(b"}")
        {
            return Some((ServiceText(&body[..at]), revision, rest));
        }
        from = at + 1;
    }
}

pub(super) fn push_succ<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text.line.strip_prefix(b"[PUSH-SUCC] ")?;
    let (cost_ms, rest) = cut::number(rest)?;
    let at = memmem::find(rest, b"Service{")?;
    let (service, revision, rest) = service(&rest[at..])?;
    let instances = cut::number(cut::after(rest, b", DataSize=")?)?.0;
    let client = cut::after_last(rest, b", target=")?;
    (!client.is_empty()).then_some(Event::PushOk {
        client,
        service,
        revision,
        cost_ms,
        instances,
        alone: false,
    })
}

pub(super) fn push_succ_subscriber<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text.line.strip_prefix(b"[PUSH-SUCC] ")?;
    let (cost_ms, rest) = cut::number(rest)?;
    let rest = cut::after(rest, b" for subscriber ")?;
    let client = cut::before(rest, b", Service{")?;
    let (service, revision, rest) = service(&rest[client.len() + 2..])?;
    let instances = cut::number(cut::after(rest, b", DataSize=")?)?.0;
    Some(Event::PushOk {
        client,
        service,
        revision,
        cost_ms,
        instances,
        alone: true,
    })
}

/// The reason may hold anything, line ends too: the client stands behind the *last* `, target=`.
pub(super) fn push_fail<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text.line.strip_prefix(b"[PUSH-FAIL] ")?;
    let (cost_ms, rest) = cut::number(rest)?;
    let rest = rest.strip_prefix(b"ms, ")?;
    let (service, revision, rest) = service(rest)?;
    let reason = rest.strip_prefix(b", reason=")?;
    // A reason of several lines leaves its end, client and all, in the lines that follow.
    let further = if text.more.trim_ascii().is_empty() {
        None
    } else {
        cut::after_last(text.more, b", target=").map(cut::word)
    };
    let at = memmem::rfind(reason, b", target=");
    let (reason, client) = match (further, at) {
        (Some(client), _) => (reason, client),
        (None, Some(at)) => (&reason[..at], &reason[at + b", target=".len()..]),
        (None, None) => return None,
    };
    (!client.is_empty()).then_some(Event::PushFail {
        client,
        service,
        revision,
        cost_ms,
        reason,
    })
}

pub(super) fn push_send_failed<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text
        .line
        .strip_prefix(b"error to send push response to connectionId =")?;
    let connection = ConnectionId::read(cut::before(rest, b",push response=")?)?;
    Some(Event::SendFailed {
        connection,
        busy: memmem::find(text.more, b"ConnectionBusyException").is_some(),
    })
}

pub(super) fn instance<'a>(text: &Text<'a>, begins: &[u8]) -> Option<(&'a [u8], ServiceText<'a>)> {
    let (service, _, rest) = service(text.line.strip_prefix(begins)?)?;
    let client = rest.strip_prefix(b", ")?;
    (!client.is_empty()).then_some((client, service))
}

pub(super) fn instance_changed<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let (client, service) = instance(text, b"Client change for service ")?;
    Some(Event::InstanceChanged { client, service })
}

pub(super) fn instance_removed<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let (client, service) = instance(text, b"Client remove for service ")?;
    Some(Event::InstanceRemoved { client, service })
}

// ---- readers by pattern --------------------------------------------------------------------------------------------

pub(super) fn read_census<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    Some(Event::Census {
        total: f.number("total")?,
        sdk: f.number("sdk"),
    })
}

pub(super) fn read_meta<'a>(f: &Fields<'a>) -> MetaText<'a> {
    let all = f.get_all();
    let quoted = |key: &[u8]| cut::between(all, key, b"'").unwrap_or_default();
    let label = |key: &[u8]| {
        cut::after(all, key)
            .map(|t| cut::until(cut::until(t, b','), b'}'))
            .unwrap_or_default()
    };
    MetaText {
        client_ip: quoted(b"clientIp='"),
        version: quoted(b", version='"),
        app: quoted(b"appName='"),
        module: label(b"module="),
        source: label(b"source="),
    }
}

pub(super) fn read_config_request<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    let client = f.get("client");
    Some(match f.get("op") {
        b"listen" => Event::ConfigListen {
            client,
            size: f.number("a")?,
            on: f.get("b") == b"true",
        },
        b"get" => Event::ConfigGet { client },
        b"publish" => Event::ConfigPublish { client },
        _ => Event::Known,
    })
}

/// The address stands in the exception: an acknowledgement that came after the push was given up.
pub(super) fn read_ack_error<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    Some(
        match cut::after(f.more(), b"unable to find ackEntry for key: ") {
            Some(rest) => Event::UdpLateAck {
                client: cut::until(rest, b','),
            },
            None => Event::Known,
        },
    )
}

/// Texts with which a login is refused, 2.2.0 to 3.0.3.
const LOGIN_TEXTS: [&[u8]; 4] = [
    b"user not found!",
    b"User not found!",
    b"unknown user!",
    b"LDAP login failed.",
];

/// Texts with which a request is refused for want of a right.
const DENIED_TEXTS: [&[u8]; 8] = [
    b"token expired!",
    b"token invalid!",
    b"expired token",
    b"invalid token",
    b"Invalid signature",
    b"authorization failed!",
    b"Validate ",
    b"Code: 40",
];

pub(super) fn read_api_exception<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    let text = f.get("text");
    Some(if LOGIN_TEXTS.iter().any(|t| text.starts_with(t)) {
        Event::LoginRefused { client: None }
    } else if DENIED_TEXTS.iter().any(|t| text.starts_with(t)) {
        Event::AuthDenied {
            client: None,
            reason: text,
        }
    } else {
        Event::Known
    })
}

pub(super) fn read_console_denied<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    let client = f.maybe("client");
    let uri = cut::until(f.get("uri"), b'?');
    Some(
        if uri.ends_with(b"/login") || uri.ends_with(b"/users/login") {
            Event::LoginRefused { client }
        } else {
            Event::AuthDenied {
                client,
                reason: b"",
            }
        },
    )
}

/// `…rejected from java.util.concurrent.ThreadPoolExecutor@…[Running, pool size = 256, active threads = 5, queued tasks = 16376, …]`
pub(super) fn read_pool_exhausted<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    let more = f.more();
    let figure = |key: &[u8]| Some(cut::number(cut::after(more, key)?)?.0);
    Some(
        if memmem::find(more, b"RejectedExecutionException").is_some() {
            Event::PoolExhausted {
                pool: figure(b"pool size = "),
                active: figure(b"active threads = "),
                queued: figure(b"queued tasks = "),
            }
        } else {
            Event::Known
        },
    )
}

/// `naming_3%8, pending tasks: 12` line by line.
pub(super) fn read_worker_status<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    let (mut all, mut most, mut rest) = (0u64, 0, f.more());
    while let Some(after) = cut::after(rest, b", pending tasks: ") {
        let n = cut::number(after).map_or(0, |(n, _)| n);
        all = all.saturating_add(n);
        most = most.max(n);
        rest = after;
    }
    Some(Event::TaskBacklog { all, most })
}
