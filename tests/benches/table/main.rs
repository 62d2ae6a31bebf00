//! All benches in one table and in charts: `cargo bench -p socker-tests --bench table`.
//!
//! It measures nothing, but reads what the other benches have written. Cargo runs benches in the order
//! of their names, so this one's has to come after all others: then `cargo bench -p socker-tests` ends
//! with a table of what it has just measured.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

mod chart;
mod charts;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "nothing is measured")]
mod common;
mod environments;
mod figure;
mod read;
mod rows;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use common::Results;
use read::{Missing, read};
use rows::Table;

/// What all benches have measured, side by side.
#[derive(Parser)]
struct Arguments {
    /// The table as Markdown
    #[arg(long)]
    markdown: bool,
    /// Writes charts into this folder, from the root of the workspace
    #[arg(long, value_name = "FOLDER")]
    charts: Option<PathBuf>,
    /// Comes from cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (results, missing) = read();
    let table = Table::new(&results);
    if arguments.markdown {
        println!("{}", table.markdown());
    } else {
        println!("{}", table.text());
    }
    for line in environments::lines(&results) {
        println!("{line}");
    }
    for Missing { bench, why } in missing {
        println!("MISSING: {bench} {why}: cargo bench -p socker-tests --bench {bench}");
    }
    match &arguments.charts {
        Some(folder) => write_charts(&results, folder)?,
        None => eprintln!("-- --charts charts draws it, -- --markdown prints it for a document"),
    }
    Ok(())
}

fn write_charts(results: &[Results], folder: &Path) -> Result<(), Box<dyn Error>> {
    // Cargo runs a bench in the folder of its package.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("a package at the root")?;
    let folder = root.join(folder);
    fs::create_dir_all(&folder)?;
    for subject in charts::SUBJECTS {
        let path = folder.join(format!("{}.svg", subject.file));
        match subject.chart(results) {
            Ok(chart) => {
                fs::write(&path, chart.svg())?;
                println!("{}", path.display());
            }
            Err(lacks) => println!("MISSING: {} is not drawn, as {lacks}", path.display()),
        }
    }
    Ok(())
}
