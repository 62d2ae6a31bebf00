//! The charts of the benches, as their writer makes them.

#![cfg(feature = "peers")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test, of a program that nobody embeds"
)]

#[path = "../benches/table/chart/mod.rs"]
mod chart;
#[path = "../benches/table/figure.rs"]
mod figure;

use chart::{Bar, Case, Chart, Figure, Scale};
use figure::figure;
use svg::node::Attributes;
use svg::parser::Event;

fn bar(label: &str, value: f64, spread: Option<f64>) -> Bar {
    let figure = Figure { value, text: format!("{value} ns") };
    Bar { label: label.into(), class: "ours".into(), figure, spread }
}

fn chart(scale: Scale, values: &[f64]) -> Chart {
    let bars = values.iter().map(|&value| bar("a", value, None)).collect();
    let case = Case { label: "case".into(), limit: None, bars };
    let subtitle = "What is shown.".into();
    Chart { title: "Title".into(), subtitle, scale, cases: vec![case], notes: Vec::new() }
}

/// The attributes of all elements of this name and class.
fn elements(svg: &str, name: &str, class: &str) -> Vec<Attributes> {
    let events = svg::read(svg).expect("SVG");
    events
        .filter_map(|event| match event {
            Event::Error(error) => panic!("{error}"),
            Event::Tag(tag, _, attributes) if tag == name => Some(attributes),
            _ => None,
        })
        .filter(|attributes| attributes.get("class").is_some_and(|found| **found == *class))
        .collect()
}

fn number(attributes: &Attributes, name: &str) -> f64 {
    attributes[name].parse().expect("a number")
}

fn widths(svg: &str) -> Vec<f64> {
    elements(svg, "rect", "ours").iter().map(|bar| number(bar, "width")).collect()
}

#[test]
fn bars_are_in_proportion() {
    let widths = widths(&chart(Scale::Linear, &[10.0, 25.0, 100.0, 0.0]).svg());
    let longest = widths[2];
    assert!(longest > 400.0, "the longest takes the width");
    for (width, share) in widths.iter().zip([0.1, 0.25, 1.0, 0.0]) {
        // Lengths are rounded to a tenth of a pixel.
        assert!((width - longest * share).abs() <= 0.1, "{widths:?}");
    }
}

#[test]
fn each_case_has_a_linear_scale_of_its_own() {
    let mut chart = chart(Scale::Linear, &[1.0, 2.0]);
    let bars = vec![bar("a", 1_000.0, None), bar("b", 2_000.0, None)];
    chart.cases.push(Case { label: "larger".into(), limit: None, bars });
    let widths = widths(&chart.svg());
    assert_eq!(widths[..2], widths[2..]);
}

#[test]
fn a_power_of_ten_is_as_long_as_the_next_on_a_logarithmic_scale() {
    let svg = chart(Scale::Logarithmic, &[100.0, 1_000.0, 10_000.0]).svg();
    let widths = widths(&svg);
    assert_eq!(widths[0], 0.0);
    assert!((widths[2] - 2.0 * widths[1]).abs() <= 0.2, "{widths:?}");
    assert_eq!(elements(&svg, "line", "grid").len(), 3);
    assert_eq!(elements(&chart(Scale::Linear, &[100.0]).svg(), "line", "grid").len(), 0);
}

#[test]
fn whiskers_and_limits_are_where_their_values_are() {
    let mut chart = chart(Scale::Linear, &[]);
    let case = &mut chart.cases[0];
    case.bars = vec![bar("a", 80.0, Some(40.0)), bar("b", 40.0, None)];
    case.limit = Some(Figure { value: 50.0, text: "50 ns".into() });
    let svg = chart.svg();
    let (bars, whiskers) = (elements(&svg, "rect", "ours"), elements(&svg, "line", "whisker"));
    let left = number(&bars[0], "x");
    let pixels = number(&bars[0], "width") / 80.0;
    let is_at = |x: f64, value: f64| (x - left - value * pixels).abs() <= 0.2;
    assert_eq!(whiskers.len(), 1, "the other has no spread");
    assert!(is_at(number(&whiskers[0], "x1"), 60.0) && is_at(number(&whiskers[0], "x2"), 100.0));
    assert!(is_at(number(&elements(&svg, "line", "limit")[0], "x1"), 50.0));
}

#[test]
fn text_is_escaped_and_described() {
    let mut chart = chart(Scale::Linear, &[]);
    chart.title = "a < b & \"c\"".into();
    chart.cases[0].label = "</text><script>".into();
    chart.cases[0].bars = vec![bar("x>y", 5.0, None)];
    chart.notes = vec!["1 < 2".into()];
    let svg = chart.svg();
    for escaped in ["a &lt; b &amp; \"c\"", "&lt;/text&gt;&lt;script&gt;", "x&gt;y", "1 &lt; 2"] {
        assert!(svg.contains(escaped), "{escaped} in {svg}");
    }
    assert!(!svg.contains("<script"));
    let description = "What is shown. &lt;/text&gt;&lt;script&gt;: x&gt;y 5 ns.";
    assert!(svg.contains(&format!("<desc id=\"description\">{description}</desc>")), "{svg}");
}

#[test]
fn the_same_chart_is_the_same_text() {
    let draw = || {
        let mut chart = chart(Scale::Linear, &[1.0 / 3.0, 2.0 / 3.0, 1e9]);
        chart.notes = vec!["word ".repeat(100)];
        chart.svg()
    };
    let svg = draw();
    for _ in 0..10 {
        assert_eq!(draw(), svg);
    }
}

#[test]
fn nothing_is_outside_of_the_chart() {
    let mut chart = chart(Scale::Linear, &[3.0, 5e8]);
    chart.notes = vec!["word ".repeat(100)];
    let svg = chart.svg();
    let height = number(&elements(&svg, "rect", "background")[0], "height");
    let lines = elements(&svg, "text", "small");
    assert!(lines.len() > 3, "the note is longer than a line");
    assert!(lines.iter().all(|line| number(line, "y") < height - 5.0), "{svg}");
}

#[test]
fn cases_of_nothing_are_drawn() {
    for scale in [Scale::Linear, Scale::Logarithmic] {
        for values in [&[][..], &[0.0], &[0.0, 0.0]] {
            let svg = chart(scale, values).svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert_eq!(widths(&svg), vec![0.0; values.len()]);
        }
    }
}

#[test]
fn figures_have_three_digits_or_thousands() {
    let figures = [
        (0.0, "0.00"),
        (0.226, "0.23"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.94, "99.9"),
        (99.96, "100"),
        (999.6, "1,000"),
        (12_345.6, "12,346"),
        (1_048_576.0, "1,048,576"),
    ];
    for (value, told) in figures {
        assert_eq!(figure(value), told);
    }
}
