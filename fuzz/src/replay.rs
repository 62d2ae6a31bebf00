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

macro_rules! replayed {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), crate::$target);
            }
        )*
    };
}

replayed!(directory frames handshake host interop machine recording registration request rooms script);
#[cfg(feature = "rtc")]
replayed!(rtc_signalling);
