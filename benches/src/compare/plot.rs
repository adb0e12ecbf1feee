//! The picture: for every workload, how much longer each allocator takes than the fastest.

use super::rounds::{Metric, Rounds};
use plotters::prelude::*;
use std::path::Path;

/// One colour an allocator, tellable apart by most people (after Okabe and Ito); the base is the first.
const COLOURS: [RGBColor; 9] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(240, 228, 66),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(120, 120, 120),
    RGBColor(80, 40, 120),
];

/// Factors beyond this are drawn at the edge.
const WIDEST: f64 = 20.0;

/// Height of a row in points.
const ROW: u32 = 24;

/// Draws the medians of `metric`, each divided by the smallest of its row, on a logarithmic scale.
///
/// # Errors
/// What the drawing library says, mostly that the file cannot be written.
pub fn draw(
    rounds: &Rounds,
    metric: Metric,
    title: &str,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let rows = rounds.workloads.len();
    let height = ROW * u32::try_from(rows)? + 140;
    let area = SVGBackend::new(path, (900, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(140)
        .build_cartesian_2d((0.95..WIDEST).log_scale(), 0.0..rows as f64)?;
    // Rows stand between the lines of the mesh, the first on top.
    let middle = |row: usize| rows as f64 - 0.5 - row as f64;
    let label = |place: &f64| {
        let row = (0..rows).find(|row| (middle(*row) - place).abs() < 1e-6);
        row.map_or("", |row| rounds.workloads[row].name).to_owned()
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .y_labels(2 * rows + 1)
        .y_label_formatter(&label)
        .x_desc("times the fastest of the row (median; further right is slower)")
        .x_label_formatter(&|factor| format!("{factor:.1}"))
        .draw()?;
    // The base last, so that it lies on top.
    for column in (0..rounds.allocators.len()).rev() {
        let colour = COLOURS[column % COLOURS.len()];
        let size = if column == 0 { 6 } else { 4 };
        let points = (0..rows).map(|row| {
            let medians =
                (0..rounds.allocators.len()).map(|other| rounds.median(row, other, metric));
            let fastest = medians.fold(f64::INFINITY, f64::min).max(1e-9);
            let factor = rounds.median(row, column, metric) / fastest;
            (factor.min(WIDEST), middle(row))
        });
        chart
            .draw_series(points.map(|point| Circle::new(point, size, colour.filled())))?
            .label(rounds.allocators[column].name)
            .legend(move |(x, y)| Circle::new((x + 8, y), size, colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}
