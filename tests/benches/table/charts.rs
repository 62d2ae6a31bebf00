//! Which charts there are, and what of the results each shows.

use crate::chart::{Bar, Case, Chart, Figure, Scale};
use crate::common::{Entry, Environment, Results, Standing, Unit};
use crate::environments::runs_of;
use crate::figure::figure;
use crate::rows::{Row, rows};

/// The peers in the order of their bars, each with the class of its colour: those of one family share it.
const PEERS: [(&str, &str); 5] = [
    ("tungstenite", "tungstenite"),
    ("tokio-tungstenite", "tungstenite"),
    ("fastwebsockets", "fastwebsockets"),
    ("tokio-websockets", "tokio-websockets"),
    ("sockudo-ws", "sockudo-ws"),
];

pub struct Subject {
    /// Without `.svg`.
    pub file: &'static str,
    title: &'static str,
    bench: &'static str,
    work: &'static str,
    scale: Scale,
    /// What is shown of the cases, and how it is told.
    label: fn(&str) -> Option<String>,
}

pub const SUBJECTS: [Subject; 5] = [
    Subject {
        file: "receiving",
        title: "Receiving binary messages",
        bench: "peers",
        work: "receive-binary",
        scale: Scale::Linear,
        label: payload,
    },
    Subject {
        file: "sending",
        title: "Sending binary messages",
        bench: "peers",
        work: "send-binary",
        scale: Scale::Linear,
        label: payload,
    },
    Subject {
        file: "echo",
        title: "Whole echo servers",
        bench: "echo",
        work: "echo",
        scale: Scale::Linear,
        label: |case| {
            let in_flight = case.strip_prefix("1000x")?;
            Some(format!("1,000 connections, {in_flight} in flight on each"))
        },
    },
    Subject {
        file: "rooms",
        title: "Whole servers of a room",
        bench: "rooms",
        work: "rooms",
        scale: Scale::Linear,
        label: |case| {
            let (members, actions) = case.split_once('x')?;
            Some(format!("{members} members, {actions} at a time"))
        },
    },
    Subject {
        file: "idle",
        title: "Memory of an idle connection",
        bench: "idle",
        work: "idle",
        scale: Scale::Logarithmic,
        label: |case| (case == "echoed").then(|| "Idle since it echoed one message".into()),
    },
];

fn payload(case: &str) -> Option<String> {
    let label = match case {
        "16" => "16 bytes",
        "125" => "125 bytes",
        "1024" => "1 KiB",
        "16384" => "16 KiB",
        _ => return None,
    };
    Some(label.into())
}

impl Subject {
    /// Or what there is none for.
    pub fn chart(&self, all: &[Results]) -> Result<Chart, String> {
        let results = all.iter().find(|results| results.bench == self.bench);
        let results = results.ok_or_else(|| format!("{} was not run", self.bench))?;
        let cases = self.cases(results);
        if cases.is_empty() {
            return Err(format!("{} has not measured {}", self.bench, self.work));
        }
        let unit = match results.unit {
            Unit::Nanoseconds => "ns",
            Unit::Bytes => "bytes",
        };
        let scale = match self.scale {
            Scale::Linear if cases.len() == 1 => "",
            Scale::Linear => "; each case has a scale of its own",
            Scale::Logarithmic => "; the scale is logarithmic",
        };
        let mut chart = Chart {
            title: self.title.into(),
            subtitle: sentence(&format!("{}; {unit}, less is better{scale}", results.measured)),
            scale: self.scale,
            cases,
            notes: Vec::new(),
        };
        let runs = sentence(&runs_of(results));
        chart.notes = vec![format!("{runs}{}", marks(&chart)), environment(&results.environment)];
        Ok(chart)
    }

    fn cases(&self, results: &Results) -> Vec<Case> {
        let rows = rows(results).into_iter().filter(|row| row.work == self.work);
        let shown = |row: Row<'_>| Some(drawn((self.label)(row.case)?, row.entries, results.unit));
        rows.filter_map(shown).collect()
    }
}

fn drawn(label: String, mut entries: Vec<&Entry>, unit: Unit) -> Case {
    entries.sort_by_cached_key(|entry| rank(entry));
    let (mut limit, mut bars) = (None, Vec::new());
    for entry in entries {
        let figure = Figure { value: entry.sample.median, text: told(entry.sample.median, unit) };
        if entry.standing == Standing::Floor {
            limit = Some(figure);
        } else {
            let (label, class) = (name(entry), class(entry));
            let spread = Some(entry.sample.spread).filter(|&spread| spread > 0.0);
            bars.push(Bar { label, class, figure, spread });
        }
    }
    Case { label, limit, bars }
}

/// Ours first, and each peer as documented before it is tuned.
fn rank(Entry { contender, standing, .. }: &Entry) -> (bool, usize, bool, String) {
    let place = peer(contender).map_or(PEERS.len(), |(place, ..)| place);
    (*standing != Standing::Ours, place, *standing == Standing::Tuned, contender.clone())
}

/// A peer's place, name and class. What tells apart its variants comes after its name.
fn peer(contender: &str) -> Option<(usize, &'static str, &'static str)> {
    PEERS.iter().enumerate().find_map(|(place, (name, class))| {
        let rest = contender.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with('-')).then_some((place, *name, *class))
    })
}

fn name(Entry { contender, standing, .. }: &Entry) -> String {
    match peer(contender) {
        Some((_, name, _)) if *standing == Standing::Tuned => format!("{name}, tuned"),
        _ => contender.clone(),
    }
}

fn class(Entry { contender, standing, .. }: &Entry) -> String {
    let family = peer(contender).map_or("other", |(_, _, class)| class);
    match standing {
        Standing::Ours => "ours".into(),
        Standing::Tuned => format!("{family} tuned"),
        Standing::Peer | Standing::Floor => family.into(),
    }
}

fn told(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => format!("{} ns", figure(value)),
        Unit::Bytes => format!("{} bytes", figure(value.round())),
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

/// Explains what is drawn beside the bars.
fn marks(Chart { cases, .. }: &Chart) -> String {
    let mut marks = String::new();
    if cases.iter().any(|case| case.limit.is_some()) {
        marks += " The limit is what nobody can do without.";
    }
    if cases.iter().flat_map(|case| &case.bars).any(|bar| bar.spread.is_some()) {
        marks += " Whiskers are as wide as the quartiles are apart.";
    }
    marks
}

/// Without a date, which the compiler's version has in parentheses.
fn environment(environment: &Environment) -> String {
    let Environment { rustc, .. } = environment;
    let rustc = rustc.split(" (").next().unwrap_or(rustc).to_owned();
    Environment { rustc, ..environment.clone() }.to_string()
}
