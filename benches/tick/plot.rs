//! A picture of what a job costs against their number, as SVG.

use std::fmt::Write as _;

/// What so many jobs took, in seconds.
pub(crate) struct Point {
    pub(crate) jobs: usize,
    pub(crate) tick: f64,
    pub(crate) floor: f64,
    pub(crate) plain: Option<f64>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 52.0;
/// Powers of ten that the axes span: jobs, and milliseconds a job.
const JOBS: (f64, f64) = (0.0, 4.0);
const COST: (f64, f64) = (-1.0, 2.0);

/// What a line shows of a point.
type Pick = fn(&Point) -> Option<f64>;

/// Draws them: both axes logarithmic, one line a way.
pub(crate) fn draw(points: &[Point]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Milliseconds a job against the number of jobs</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\" fill=\"#1f2328\">\
         Milliseconds a job, one `cat FILE` each</text>\n"
    );
    grid(&mut svg);
    let ways: [(&str, &str, &str, Pick); 3] = [
        ("one after another, Python", "#9a6700", "6 4", |p| p.plain),
        ("opsfsm tick", "#0550ae", "none", |p| Some(p.tick)),
        ("floor: C, two threads", "#57606a", "2 3", |p| Some(p.floor)),
    ];
    for (place, (name, colour, dash, pick)) in ways.into_iter().enumerate() {
        let found = points.iter().filter_map(|p| Some((p.jobs, pick(p)?)));
        let places: Vec<(f64, f64)> = found.map(|(jobs, seconds)| at(jobs, seconds)).collect();
        line(&mut svg, &places, colour, dash);
        legend(&mut svg, place, name, colour, dash);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where a number of jobs and their whole time stand.
#[expect(clippy::cast_precision_loss, reason = "at most ten thousand jobs")]
fn at(jobs: usize, seconds: f64) -> (f64, f64) {
    let jobs = jobs as f64;
    (x_of(jobs.log10()), y_of((seconds * 1000.0 / jobs).log10()))
}

fn x_of(power: f64) -> f64 {
    LEFT + (power - JOBS.0) / (JOBS.1 - JOBS.0) * (WIDTH - LEFT - RIGHT)
}

fn y_of(power: f64) -> f64 {
    HEIGHT - BOTTOM - (power - COST.0) / (COST.1 - COST.0) * (HEIGHT - TOP - BOTTOM)
}

fn grid(svg: &mut String) {
    let (right, low) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for (power, name) in ["1", "10", "100", "1,000", "10,000"].iter().enumerate() {
        let x = x_of(f64::from(u8::try_from(power).unwrap_or(0)));
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{low}\" stroke=\"#d0d7de\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#57606a\">{name}</text>",
            low + 20.0
        );
    }
    for (power, name) in [(-1.0, "0.1"), (0.0, "1"), (1.0, "10"), (2.0, "100")] {
        let y = y_of(power);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#d0d7de\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#57606a\">{name}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#57606a\">jobs</text>",
        f64::midpoint(LEFT, right),
        HEIGHT - 10.0
    );
}

fn line(svg: &mut String, places: &[(f64, f64)], colour: &str, dash: &str) {
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let path = path.join("L");
    let _ = writeln!(
        svg,
        "<path d=\"M{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
         stroke-dasharray=\"{dash}\"/>"
    );
    for (x, y) in places {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
    }
}

fn legend(svg: &mut String, place: usize, name: &str, colour: &str, dash: &str) {
    let x = WIDTH - RIGHT + 14.0;
    let y = TOP + 10.0 + 22.0 * f64::from(u8::try_from(place).unwrap_or(0));
    let _ = writeln!(
        svg,
        "<path d=\"M{x} {y}h22\" stroke=\"{colour}\" stroke-width=\"2\" \
         stroke-dasharray=\"{dash}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"#1f2328\">{name}</text>",
        x + 27.0,
        y + 4.0
    );
}
