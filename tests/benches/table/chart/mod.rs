//! A chart as SVG: horizontal bars, grouped by case.

mod axis;
mod draw;

use svg::Document;
use svg::node::Text as Content;
use svg::node::element::{Description, Group, Style, Title};

use axis::Axis;
use draw::{SMALL_LINE, background, notes, text};

/// A README shows it in this width, in pixels.
const WIDTH: f64 = 800.0;

const MARGIN: f64 = 20.0;

/// From the top to the first case.
const HEAD: f64 = 70.0;

pub struct Chart {
    pub title: String,
    /// What a bar is, and in which unit.
    pub subtitle: String,
    pub scale: Scale,
    pub cases: Vec<Case>,
    /// Below the bars: what the numbers depend on.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From 0 to the longest bar, of each case by itself: what they are compared in is not size.
    Linear,
    /// From a power of ten, and for all cases alike, with a line at each power.
    Logarithmic,
}

pub struct Case {
    pub label: String,
    /// What nobody can do without.
    pub limit: Option<Figure>,
    pub bars: Vec<Bar>,
}

pub struct Bar {
    pub label: String,
    /// Its classes in the style, which are its colour.
    pub class: String,
    pub figure: Figure,
    /// Between the quartiles.
    pub spread: Option<f64>,
}

pub struct Figure {
    pub value: f64,
    /// The value for people, with its unit.
    pub text: String,
}

impl Chart {
    /// The same chart is the same text, to the byte.
    pub fn svg(&self) -> String {
        let mut cases = Group::new();
        let mut y = HEAD;
        for case in &self.cases {
            let axis = match self.scale {
                Scale::Linear => Axis::linear(case),
                Scale::Logarithmic => Axis::logarithmic(&self.cases),
            };
            cases = cases.add(case.draw(&axis, y));
            y += case.height(&axis);
        }
        let (notes, lines) = notes(&self.notes, y + 2.0 * SMALL_LINE);
        let height = y + (lines as f64 + 2.0) * SMALL_LINE;
        let document = Document::new()
            .set("viewBox", (0, 0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .set("role", "img")
            .set("aria-labelledby", "title description")
            .add(Title::new(&self.title).set("id", "title"))
            .add(Description::new().set("id", "description").add(Content::new(self.description())))
            .add(Style::new(include_str!("style.css")))
            .add(background(height))
            .add(text("title", MARGIN, 34.0, &self.title))
            .add(text("small", MARGIN, 56.0, &self.subtitle))
            .add(cases)
            .add(notes);
        format!("{document}\n")
    }

    /// All that is drawn, in words.
    fn description(&self) -> String {
        let case = |Case { label, limit, bars }: &Case| {
            let limit = limit.iter().map(|Figure { text, .. }| format!("limit {text}"));
            let bars =
                bars.iter().map(|Bar { label, figure, .. }| format!("{label} {}", figure.text));
            format!("{label}: {}.", limit.chain(bars).collect::<Vec<_>>().join("; "))
        };
        let cases: Vec<_> = self.cases.iter().map(case).collect();
        format!("{} {}", self.subtitle, cases.join(" "))
    }
}
