//! The parts of a chart.

use svg::node::element::{Group, Line, Rectangle, Text};

use super::axis::Axis;
use super::{Bar, Case, MARGIN, WIDTH};
use crate::figure::figure;

/// A line of small text.
pub const SMALL_LINE: f64 = 17.0;

/// So many characters of small text are narrower than the chart, in any usual font.
const SMALL_COLUMNS: usize = 112;

/// A bar, with its share of the space between bars.
const ROW: f64 = 19.0;
const BAR: f64 = 13.0;

/// A case's heading, with the space above it.
const HEADING: f64 = 32.0;

/// What is told at the ends of lines for powers of ten.
const GRID_LABELS: f64 = 18.0;

/// From the baseline of a text to the middle of its small letters.
const MIDDLE: f64 = 4.5;

/// Between a bar and the texts at its ends.
const GAP: f64 = 8.0;

impl Case {
    pub fn height(&self, axis: &Axis) -> f64 {
        let grid_labels = if axis.grid().is_empty() { 0.0 } else { GRID_LABELS };
        HEADING + ROW * self.bars.len() as f64 + grid_labels
    }

    pub fn draw(&self, axis: &Axis, top: f64) -> Group {
        let bars_top = top + HEADING;
        let bottom = bars_top + ROW * self.bars.len() as f64;
        let mut group = Group::new().add(text("heading", MARGIN, bars_top - 9.0, &self.label));
        for power in axis.grid() {
            let x = axis.x(power);
            let label =
                text("small", x, bottom + GRID_LABELS - 3.0, &figure(power).replace(".00", ""));
            group = group
                .add(line("grid", (x, bars_top), (x, bottom)))
                .add(label.set("text-anchor", "middle"));
        }
        for (index, bar) in self.bars.iter().enumerate() {
            group = group.add(bar.draw(axis, bars_top + ROW * index as f64));
        }
        group = group.add(line("axis", (axis.left(), bars_top), (axis.left(), bottom)));
        if let Some(limit) = &self.limit {
            let x = axis.x(limit.value);
            // Beside the line it might meet the heading.
            let label = format!("dashed: limit {}", limit.text);
            let label = text("small", WIDTH - MARGIN, bars_top - 9.0, &label);
            group = group
                .add(line("limit", (x, bars_top - 5.0), (x, bottom)))
                .add(label.set("text-anchor", "end"));
        }
        group
    }
}

impl Bar {
    /// The value at the right end of its whisker.
    pub fn end(&self) -> f64 {
        self.figure.value + self.spread.unwrap_or(0.0) / 2.0
    }

    fn draw(&self, axis: &Axis, top: f64) -> Group {
        let Self { label, class, figure, spread } = self;
        let middle = top + ROW / 2.0;
        let baseline = middle + MIDDLE;
        let (left, right) = (axis.left(), axis.x(figure.value));
        let bar = Rectangle::new()
            .set("class", class.as_str())
            .set("x", left)
            .set("y", round(middle - BAR / 2.0))
            .set("width", round(right - left))
            .set("height", BAR);
        let end = axis.x(self.end());
        let mut group = Group::new()
            .add(text(class, left - GAP, baseline, label).set("text-anchor", "end"))
            .add(bar)
            .add(text(class, end + GAP, baseline, &figure.text));
        if let Some(spread) = spread {
            let start = axis.x(figure.value - spread / 2.0);
            group = group.add(line("whisker", (start, middle), (end, middle)));
        }
        group
    }
}

/// Small text below the bars, and of how many lines.
pub fn notes(notes: &[String], top: f64) -> (Group, usize) {
    let lines: Vec<_> = notes.iter().flat_map(|note| wrap(note)).collect();
    let mut group = Group::new();
    for (index, line) in lines.iter().enumerate() {
        group = group.add(text("small", MARGIN, top + SMALL_LINE * index as f64, line));
    }
    (group, lines.len())
}

/// Lines that fit, broken between words.
fn wrap(note: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in note.split_whitespace() {
        let columns = lines.last().map_or(0, |line| line.chars().count());
        if columns > 0 && columns + 1 + word.chars().count() > SMALL_COLUMNS {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

pub fn background(height: f64) -> Rectangle {
    Rectangle::new()
        .set("class", "background")
        .set("x", 0.5)
        .set("y", 0.5)
        .set("width", WIDTH - 1.0)
        .set("height", round(height - 1.0))
        .set("rx", 6)
}

pub fn text(class: &str, x: f64, y: f64, content: &str) -> Text {
    Text::new(content).set("class", class).set("x", round(x)).set("y", round(y))
}

fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Line {
    Line::new()
        .set("class", class)
        .set("x1", round(from.0))
        .set("y1", round(from.1))
        .set("x2", round(to.0))
        .set("y2", round(to.1))
}

/// To a tenth of a pixel: more is neither seen nor the same on every machine.
fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
