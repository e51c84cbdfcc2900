//! SPDX licence expressions, as far as crates use them: identifiers, `WITH`, `AND`, `OR`, parentheses, and the old
//! spelling with a slash for `OR`.
//!
//! Standards: SPDX specification 2.3, annex D (`AND` binds closer than `OR`).

/// Whether the expression can be satisfied by licences that `allowed` accepts. An identifier with its exception is
/// asked for as one: `Apache-2.0 WITH LLVM-exception`. What can't be read is not permitted.
pub(crate) fn permitted(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.either().is_some_and(|good| good && reader.words.is_empty())
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Reader<'a> {
    fn either(&mut self) -> Option<bool> {
        let mut good = self.all()?;
        while self.take("OR") {
            good |= self.all()?;
        }
        Some(good)
    }

    fn all(&mut self) -> Option<bool> {
        let mut good = self.one()?;
        while self.take("AND") {
            good &= self.one()?;
        }
        Some(good)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let good = self.either()?;
            return self.take(")").then_some(good);
        }
        let name = self.next().filter(|word| !matches!(*word, ")" | "AND" | "OR" | "WITH"))?;
        if self.take("WITH") {
            let exception = self.next()?;
            return Some((self.allowed)(&format!("{name} WITH {exception}")));
        }
        Some((self.allowed)(name))
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let here = self.words.first() == Some(&word);
        if here {
            self.next();
        }
        here
    }
}

#[cfg(test)]
mod tests {
    use super::permitted;

    fn good(expression: &str) -> bool {
        permitted(expression, &|name| matches!(name, "MIT" | "ISC" | "Apache-2.0 WITH LLVM-exception"))
    }

    #[test]
    fn one_good_alternative_is_enough() {
        assert!(good("MIT"));
        assert!(good("GPL-3.0-only OR MIT"));
        assert!(good("Unlicense/MIT"));
        assert!(good("Apache-2.0 WITH LLVM-exception OR GPL-2.0"));
        assert!(!good("GPL-3.0-only OR LGPL-3.0-only"));
        assert!(!good("Apache-2.0"));
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_good() {
        assert!(good("MIT AND ISC"));
        assert!(!good("MIT AND GPL-2.0"));
        assert!(good("ISC AND (GPL-2.0 OR MIT)"));
        assert!(!good("(MIT OR ISC) AND GPL-2.0"));
        assert!(good("MIT OR ISC AND GPL-2.0"), "AND binds closer than OR");
    }

    #[test]
    fn what_cannot_be_read_is_not_permitted() {
        for broken in ["", "MIT OR", "(MIT", "MIT)", "MIT ISC", "AND", "MIT WITH"] {
            assert!(!good(broken), "{broken:?}");
        }
    }
}
