use arbitrary::{Arbitrary, Result, Unstructured};

/// As Chromium makes it, and some of the candidates that follow in it.
pub(super) const CHROMIUM: &str = "v=0\r\n\
    o=- 794710043875234614 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0\r\n\
    a=extmap-allow-mixed\r\n\
    a=msid-semantic: WMS\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2113937151 0ab1cd23-4567-89ab-cdef-0123456789ab.local 50001 typ host\r\n\
    a=candidate:2 1 udp 1677729535 198.51.100.9 50001 typ srflx raddr 0.0.0.0 rport 0\r\n\
    a=ice-ufrag:EXMI\r\n\
    a=ice-pwd:jPFG6YU5+0LPmb1YERMENtdp\r\n\
    a=ice-options:trickle\r\n\
    a=fingerprint:sha-256 83:82:85:47:7A:F0:81:24:CE:F6:8C:08:05:07:79:71:5C:9E:29:4F:3B:DC:7D:5A:72:A8:53:C9:2A:DD:B2:9C\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=sctp-port:5000\r\n\
    a=max-message-size:262144\r\n";

/// As Firefox makes it: what is common to all sections is in the session.
const FIREFOX: &str = "v=0\r\n\
    o=mozilla...THIS_IS_SDPARTA-99.0 7710052215259647220 0 IN IP4 0.0.0.0\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=sendrecv\r\n\
    a=fingerprint:sha-256 A6:64:23:37:94:7E:4B:40:F6:62:86:8C:DD:09:D5:08:7E:D4:0E:68:58:93:45:EC:99:F2:91:F7:19:72:E7:BB\r\n\
    a=group:BUNDLE 0\r\n\
    a=ice-options:trickle\r\n\
    a=msid-semantic:WMS *\r\n\
    m=application 50002 UDP/DTLS/SCTP webrtc-datachannel\r\n\
    c=IN IP4 198.51.100.10\r\n\
    a=candidate:0 1 UDP 2122252543 198.51.100.10 50002 typ host\r\n\
    a=candidate:1 1 TCP 2105524479 198.51.100.10 9 typ host tcptype active\r\n\
    a=candidate:2 2 UDP 2122252542 198.51.100.10 50003 typ host\r\n\
    a=sendrecv\r\n\
    a=end-of-candidates\r\n\
    a=ice-pwd:cd25258044061ec2ecc73378eb3dc6a3\r\n\
    a=ice-ufrag:c1e284ad\r\n\
    a=mid:0\r\n\
    a=setup:actpass\r\n\
    a=sctp-port:5000\r\n\
    a=max-message-size:1073741823\r\n";

/// With all that both levels may have, and with lines of media.
const ODD: &str = "v=0\n\
    o=x 1 1 IN IP6 ::1\n\
    s=odd\n\
    c=IN IP4 0.0.0.0\n\
    b=CT:1\n\
    t=0 0\n\
    a=ice-lite\n\
    a=ice-ufrag:abcd\n\
    a=ice-pwd:abcdefghijklmnopqrstuv\n\
    a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\n\
    a=setup:active\n\
    a=candidate:1 1 udp 1 2001:db8::1 1 typ host\n\
    a=group:BUNDLE a\n\
    a=group:LS a\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n\
    b=AS:30\n\
    a=mid:a\n\
    a=sctpmap:5000 webrtc-datachannel 1024\n\
    a=max-message-size:0\n\
    a=sctp-init:AQAAGlyIuuQAEAAA/////8jYOsiACAAGgsA=\n\
    a=rtpmap:96 VP8/90000\n\
    a=fmtp:96 apt=97\n\
    a=extmap:1/recvonly urn:x\n\
    a=rid:h send pt=96\n\
    a=simulcast:send h;l\n\
    a=ssrc-group:FID 1 2\n\
    a=ssrc:1 cname:x\n\
    a=msid:- x\n";

/// Lines that an offer may have in any place.
const LINES: [&str; 20] = [
    "a=ice-lite",
    "a=ice-ufrag:EXMI",
    "a=ice-ufrag:other",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    "a=setup:active",
    "a=setup:passive",
    "a=setup:holdconn",
    "a=mid:0",
    "a=mid:1",
    "a=group:BUNDLE 0 1",
    "a=inactive",
    "a=bundle-only",
    "a=end-of-candidates",
    "a=sctp-port:0",
    "a=max-message-size:1",
    "a=sctp-init:AQAAGlyIuuQAEAAA/////8jYOsiACAAGgsA=",
    "a=fingerprint:sha-512 00",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
];

/// For seeds.
pub const OFFERS: [&str; 3] = [CHROMIUM, FIREFOX, ODD];

const ENDS: [&str; 5] = ["\r\n", "\n", "\r", "", "\n\n"];

/// An offer with some of its lines changed, moved, or in excess.
pub(super) fn changed(data: &mut Unstructured<'_>) -> Result<String> {
    let base = data.choose(&[CHROMIUM, CHROMIUM, CHROMIUM, FIREFOX, ODD])?;
    let mut lines: Vec<String> = base.lines().map(Into::into).collect();
    for _ in 0..data.int_in_range(0..=6)? {
        change(data, &mut lines)?;
    }
    let end = if data.ratio(1, 8)? { *data.choose(&ENDS)? } else { "\r\n" };
    Ok(lines.iter().flat_map(|line| [line.as_str(), end]).collect())
}

fn change(data: &mut Unstructured<'_>, lines: &mut Vec<String>) -> Result<()> {
    let at = usize::from(u8::arbitrary(data)?) % lines.len();
    match u8::arbitrary(data)? % 12 {
        0 if lines.len() > 1 => drop(lines.remove(at)),
        0 => lines[at].clear(),
        1 => {
            let other = usize::from(u8::arbitrary(data)?) % lines.len();
            lines.swap(at, other);
        }
        2 => lines.insert(at, lines[usize::from(u8::arbitrary(data)?) % lines.len()].clone()),
        3 | 4 => lines.insert(at, (*data.choose(&LINES)?).to_owned()),
        5 | 6 => lines.insert(at, format!("a={}", candidate(data)?)),
        7 => {
            // Another value.
            let name = lines[at].split_inclusive([':', '=']).next().unwrap_or_default().to_owned();
            lines[at] = name + &String::arbitrary(data)?;
        }
        8 => {
            let place = place(data, &lines[at])?;
            lines[at].insert_str(place, &String::arbitrary(data)?);
        }
        9 => {
            let place = place(data, &lines[at])?;
            lines[at].truncate(place);
        }
        10 => {
            let count = usize::from(u8::arbitrary(data)?);
            lines[at].push_str(&"x".repeat(count * 4));
        }
        _ => {
            let (from, to) = (char::arbitrary(data)?, String::arbitrary(data)?);
            lines[at] = lines[at].replace(if from.is_ascii() { from } else { ' ' }, &to);
        }
    }
    Ok(())
}

fn place(data: &mut Unstructured<'_>, line: &str) -> Result<usize> {
    let place = usize::from(u8::arbitrary(data)?) % (line.len() + 1);
    Ok(line.floor_char_boundary(place))
}

/// Something like a candidate's line (RFC 8839, section 5.1): each field may be another.
pub(super) fn candidate(data: &mut Unstructured<'_>) -> Result<String> {
    let (host, port) = (u8::arbitrary(data)?, u16::arbitrary(data)?);
    let address = match host % 16 {
        0 => "0ab1cd23.local".to_owned(),
        1 => "255.255.255.255".to_owned(),
        2 => "0.0.0.0".to_owned(),
        3 => format!("2001:db8::{host:x}"),
        4 => "192.0.2.1".to_owned(),
        5 => "::".to_owned(),
        6 => "::ffff:198.51.100.1".to_owned(),
        _ => format!("198.51.100.{host}"),
    };
    let port = port.to_string();
    let mut fields: Vec<&str> =
        vec!["candidate:1", "1", "udp", "2122260223", &address, &port, "typ", "host"];
    let kind = *data.choose(&["", "srflx", "relay", "tcp", "ufrag"])?;
    match kind {
        "srflx" | "relay" => {
            fields[7] = kind;
            fields.extend(["raddr", "0.0.0.0", "rport", "0"]);
        }
        "tcp" => {
            fields[2] = kind;
            fields.extend(["tcptype", "passive"]);
        }
        "ufrag" => fields.extend(["generation", "0", "ufrag", "EXMI", "network-id", "1"]),
        _ => {}
    }
    let other = String::arbitrary(data)?;
    if data.ratio(1, 4)? {
        let at = usize::from(u8::arbitrary(data)?) % fields.len();
        fields[at] = &other;
    }
    Ok(fields.join(" "))
}
