//! "Did you mean …?": the known word nearest to one that nobody knows.

/// How many letters may differ, for each four of the word, before it is taken for another word.
const LETTERS_PER_SLIP: usize = 4;

/// The candidate that differs least from `word`, if it differs little.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slips_max = (word.chars().count() / LETTERS_PER_SLIP).max(1);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .min_by_key(|(slips, _)| *slips)
        .filter(|(slips, _)| *slips <= slips_max)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: letters to put in, take out or exchange.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (above, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let exchanged = diagonal + usize::from(a != b);
            diagonal = *above;
            left = exchanged.min(*above + 1).min(left + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters_put_in_taken_out_and_exchanged() {
        for (from, to, slips) in [
            ("", "", 0),
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(from, to), slips, "{from} {to}");
            assert_eq!(distance(to, from), slips, "{to} {from}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["smtp.listen", "smtp.size_max", "http.listen"];
        assert_eq!(nearest("smtp.lisen", keys.into_iter()), Some("smtp.listen"));
        assert_eq!(nearest("smtp.sizemax", keys.into_iter()), Some("smtp.size_max"));
        assert_eq!(nearest("corpora", keys.into_iter()), None);
    }
}
