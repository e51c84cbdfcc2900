//! The table that comes out: what was measured, ours, the peer's, what it should be, and whether it is.

use std::fmt;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// So many times the peer's at least.
    TimesPeer(f64),
    /// At most this.
    AtMost(f64),
    /// Shown for comparison.
    None,
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// `mails/s`, `s`, `MB`.
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) peer: Option<f64>,
    pub(crate) target: Target,
}

impl Figure {
    fn reached(&self) -> Option<bool> {
        match self.target {
            Target::TimesPeer(times) => self.peer.map(|peer| self.ours >= peer * times),
            Target::AtMost(most) => Some(self.ours <= most),
            Target::None => None,
        }
    }

    fn cells(&self) -> [String; 6] {
        let target = match self.target {
            Target::TimesPeer(times) => format!("{times} x peer"),
            Target::AtMost(most) => format!("<= {}", number(most)),
            Target::None => "-".to_owned(),
        };
        let ratio = self.peer.filter(|peer| *peer > 0.0).map(|peer| format!("{:.2} x", self.ours / peer));
        let reached = self.reached().map_or("-", |reached| if reached { "yes" } else { "NO" });
        [
            format!("{} [{}]", self.name, self.unit),
            number(self.ours),
            self.peer.map_or_else(|| "-".to_owned(), number),
            ratio.unwrap_or_else(|| "-".to_owned()),
            target,
            reached.to_owned(),
        ]
    }
}

/// Three digits that tell something.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 1.0 => format!("{value:.3}"),
        small if small < 100.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

/// All figures, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Table {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Table {
    /// Adds a figure, and says it at once: the whole takes long.
    pub(crate) fn add(&mut self, figure: Figure) {
        eprintln!("bench: {}", figure.cells().join("  "));
        self.figures.push(figure);
    }

    /// A sentence that belongs to the figures.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

const HEAD: [&str; 6] = ["figure", "guichet", "postfix", "ratio", "target", "reached"];

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 6]> =
            std::iter::once(HEAD.map(str::to_owned)).chain(self.figures.iter().map(Figure::cells)).collect();
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0))
            .collect();
        for row in &rows {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if at == 0 { write!(out, "{cell:<width$}")? } else { write!(out, "  {cell:>width$}")? }
            }
            writeln!(out)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(out, "- {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Table, Target};

    #[test]
    fn says_whether_a_target_is_reached() {
        let figure = |ours, peer, target| Figure { name: "rate".into(), unit: "mails/s", ours, peer, target };
        assert_eq!(figure(4000.0, Some(1000.0), Target::TimesPeer(4.0)).reached(), Some(true));
        assert_eq!(figure(3999.0, Some(1000.0), Target::TimesPeer(4.0)).reached(), Some(false));
        assert_eq!(figure(0.36, None, Target::AtMost(0.35)).reached(), Some(false));
        assert_eq!(figure(1.0, None, Target::None).reached(), None);
        let mut table = Table::default();
        table.add(figure(4000.0, Some(1000.0), Target::TimesPeer(4.0)));
        let text = table.to_string();
        assert!(text.ends_with("rate [mails/s]     4000     1000  4.00 x  4 x peer      yes\n"), "{text}");
    }
}
