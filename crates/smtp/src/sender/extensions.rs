//! What the remote offers, from its answer to EHLO.
//!
//! What must hold: an unknown or malformed line offers nothing and harms nothing.
//!
//! *Standards*: RFC 5321, section 4.1.1.1; RFC 1870 (SIZE), 2034, 2920, 3207, 3461, 4954 (AUTH), 6152, 6531.

use crate::command::decimal;

/// The extensions that matter here; none after HELO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword that stands in the answer, or does not")]
pub struct Extensions {
    /// `SIZE`.
    pub size: Option<SizeLimit>,
    /// `8BITMIME`.
    pub eight_bit_mime: bool,
    /// `SMTPUTF8`.
    pub smtputf8: bool,
    /// `PIPELINING`.
    pub pipelining: bool,
    /// `STARTTLS`.
    pub starttls: bool,
    /// `DSN`.
    pub dsn: bool,
    /// `ENHANCEDSTATUSCODES`. A status is read where there is one, whether this was said or not.
    pub enhanced_status_codes: bool,
    /// `AUTH PLAIN`.
    pub auth_plain: bool,
    /// `AUTH LOGIN`.
    pub auth_login: bool,
}

/// The argument of `SIZE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeLimit {
    /// None was named, or 0.
    Unknown,
    /// Octets of a mail that the remote takes at most.
    Octets(u64),
}

impl Extensions {
    /// From the lines of the answer, without codes; the first holds the remote's name.
    pub(super) fn parse(lines: &[String]) -> Self {
        let mut found = Self::default();
        for line in lines.iter().skip(1) {
            found.add(line);
        }
        found
    }

    /// Octets of a mail that the remote takes at most, if it named a bound.
    pub fn size_max(&self) -> Option<u64> {
        match self.size? {
            SizeLimit::Unknown => None,
            SizeLimit::Octets(octets) => Some(octets),
        }
    }

    fn add(&mut self, line: &str) {
        // `AUTH=PLAIN` is how it was written before RFC 2554, and some still do.
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        match keyword.as_str() {
            "SIZE" => self.size = Some(SizeLimit::parse(words.next())),
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "PIPELINING" => self.pipelining = true,
            "STARTTLS" => self.starttls = true,
            "DSN" => self.dsn = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "AUTH" => {
                for mechanism in words {
                    self.auth_plain |= mechanism.eq_ignore_ascii_case("PLAIN");
                    self.auth_login |= mechanism.eq_ignore_ascii_case("LOGIN");
                }
            }
            _ => {}
        }
    }
}

impl SizeLimit {
    fn parse(argument: Option<&str>) -> Self {
        match argument.and_then(decimal) {
            None | Some(0) => Self::Unknown,
            Some(octets) => Self::Octets(octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &str) -> Extensions {
        Extensions::parse(&lines.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn keywords_are_known_in_any_case_and_the_first_line_is_a_name() {
        let found =
            parse("DSN\npipelining\n8bitMIME\nSMTPUTF8\nSTARTTLS\nENHANCEDSTATUSCODES\nX-OTHER a b\n\n");
        assert!(found.pipelining && found.eight_bit_mime && found.smtputf8 && found.starttls);
        assert!(found.enhanced_status_codes && !found.dsn && found.size.is_none());
        assert_eq!(parse(""), Extensions::default());
    }

    #[test]
    fn a_size_without_a_bound_is_no_bound() {
        assert_eq!(parse("x\nSIZE 1000").size_max(), Some(1000));
        for unbounded in ["SIZE", "SIZE 0", "SIZE -1", "SIZE many", "SIZE 99999999999999999999999"] {
            let found = parse(&format!("x\n{unbounded}"));
            assert_eq!((found.size, found.size_max()), (Some(SizeLimit::Unknown), None), "{unbounded}");
        }
    }

    #[test]
    fn mechanisms_are_read_in_both_spellings() {
        let found = parse("x\nAUTH CRAM-MD5 plain");
        assert!(found.auth_plain && !found.auth_login);
        let found = parse("x\nAUTH=LOGIN\nAUTH PLAINTEXT");
        assert!(found.auth_login && !found.auth_plain);
    }
}
