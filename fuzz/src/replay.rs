//! The targets on what is kept: the seeds of `corpus/`, and what once failed in `regressions/`.

use std::{fs, path::Path};

fn replay(target: &str, run: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut inputs = 0;
    for folder in ["corpus", "regressions"] {
        let Ok(files) = fs::read_dir(root.join(folder).join(target)) else { continue };
        for file in files {
            let path = file.unwrap().path();
            // Told only if it fails.
            eprintln!("{}", path.display());
            run(&fs::read(path).unwrap());
            inputs += 1;
        }
    }
    assert!(inputs > 0, "no inputs for {target}");
}

#[test]
fn handshake() {
    replay("handshake", crate::handshake);
}

#[test]
fn frames() {
    replay("frames", crate::frames);
}

#[test]
fn machine() {
    replay("machine", crate::machine);
}

#[test]
fn directory() {
    replay("directory", crate::directory);
}

#[test]
fn rooms() {
    replay("rooms", crate::rooms);
}

#[cfg(feature = "rtc")]
#[test]
fn rtc_signalling() {
    replay("rtc_signalling", crate::rtc_signalling);
}

#[test]
fn interop() {
    replay("interop", crate::interop);
}

#[test]
fn recording() {
    replay("recording", crate::recording);
}

#[test]
fn request() {
    replay("request", crate::request);
}

#[test]
fn script() {
    replay("script", crate::script);
}

#[test]
fn host() {
    replay("host", crate::host);
}

#[test]
fn registration() {
    replay("registration", crate::registration);
}
