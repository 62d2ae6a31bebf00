//! Reads `vectors/*.txt`: blocks of `key: value` lines, apart by empty lines; `#` is a comment. A
//! key may come several times. Lines that begin with `|` are a head, see `head`.

use std::{fs, path::Path};

/// One vector.
#[derive(Clone, Debug, Default)]
pub struct Vector {
    fields: Vec<(String, String)>,
    head: Vec<String>,
}

impl Vector {
    /// A key's only value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        assert!(self.all(key).count() < 2, "{key} is there twice in {}", self.name());
        self.fields.iter().find(|(other, _)| other == key).map(|(_, value)| &value[..])
    }

    /// All values of a key.
    pub fn all<'v>(&'v self, key: &'v str) -> impl Iterator<Item = &'v str> {
        self.fields.iter().filter(move |(other, _)| other == key).map(|(_, value)| &value[..])
    }

    /// All keys and values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(key, value)| (&key[..], &value[..]))
    }

    /// The value of `name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.fields.first().map(|(_, value)| &value[..]).unwrap_or_default()
    }

    /// The head's bytes, and the index of the marked one. `accept` stands for the right
    /// `Sec-WebSocket-Accept`.
    #[must_use]
    pub fn head(&self, accept: &str) -> (Vec<u8>, Option<usize>) {
        let (mut bytes, mut mark) = (Vec::new(), None);
        for line in &self.head {
            head(line, accept, &mut bytes, &mut mark);
        }
        (bytes, mark)
    }
}

/// All vectors of a file.
#[must_use]
pub fn load(file: &str) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut vectors = vec![Vector::default()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(vector) = vectors.last_mut() else { break };
        if line.trim().is_empty() {
            vectors.push(Vector::default());
        } else if let Some(line) = line.strip_prefix('|') {
            vector.head.push(line.strip_prefix(' ').unwrap_or(line).to_owned());
        } else {
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("no key: {line:?}"));
            vector.fields.push((key.to_owned(), value.trim().to_owned()));
        }
    }
    vectors.retain(|vector| !vector.fields.is_empty());
    vectors
}

/// Appends a line of a head and CR LF, which ` \-` at its end takes away.
///
/// `\r`, `\n`, `\t`, `\0` and `\xFF` are bytes; `\!` marks the byte that proves what is wrong;
/// `\*300a` is `a` 300 times; `\@` is the right accept key; `\+300` at the begin is the line 300
/// times.
fn head(line: &str, accept: &str, bytes: &mut Vec<u8>, mark: &mut Option<usize>) {
    if let Some((times, line)) = line.strip_prefix("\\+").and_then(|line| line.split_once(' ')) {
        for _ in 0..times.parse().expect("how many times") {
            head(line, accept, bytes, mark);
        }
        return;
    }
    let (line, end) = match line.strip_suffix("\\-") {
        Some(line) => (line, ""),
        None => (line, "\r\n"),
    };
    let mut parts = line.split('\\');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (escape, rest) = part.split_at(1);
        let rest = match escape {
            "r" => (vec![b'\r'], rest),
            "n" => (vec![b'\n'], rest),
            "t" => (vec![b'\t'], rest),
            "0" => (vec![0], rest),
            "@" => (accept.as_bytes().to_vec(), rest),
            "x" => (vec![u8::from_str_radix(&rest[..2], 16).expect("a hex byte")], &rest[2..]),
            "!" => {
                mark.get_or_insert(bytes.len());
                (Vec::new(), rest)
            }
            "*" => {
                let digits = rest.find(|char: char| !char.is_ascii_digit()).expect("a byte");
                let (times, rest) = rest.split_at(digits);
                let times = times.parse().expect("how many times");
                (vec![rest.as_bytes()[0]; times], &rest[1..])
            }
            _ => panic!("no such escape: \\{part}"),
        };
        bytes.extend(rest.0);
        bytes.extend(rest.1.bytes());
    }
    bytes.extend(end.bytes());
}
