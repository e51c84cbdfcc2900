//! A mail as it came to rest in a mailbox.

/// Its octets, and its header fields to be looked at.
#[derive(Debug, Clone)]
pub struct Mail {
    /// As it was sent: lines end in CRLF.
    pub raw: Vec<u8>,
}

impl Mail {
    /// One that a server stored with lines that end in LF.
    pub fn stored(bytes: &[u8]) -> Self {
        let mut raw = Vec::with_capacity(bytes.len() + bytes.len() / 32);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            raw.extend(text.strip_suffix(b"\r").unwrap_or(text));
            if line.ends_with(b"\n") {
                raw.extend(b"\r\n");
            }
        }
        Self { raw }
    }

    /// The text of its first field of that name, unfolded; empty where it has none.
    pub fn field(&self, name: &str) -> String {
        self.fields(name).into_iter().next().unwrap_or_default()
    }

    /// The texts of its fields of that name, unfolded, from the top on.
    pub fn fields(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let of_name = |line: &str| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        unfolded.split("\r\n").filter_map(of_name).collect()
    }

    /// The address between angle brackets in its first field of that name, else the whole text.
    pub fn address(&self, name: &str) -> String {
        let field = self.field(name);
        let inner = field.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
        inner.map_or(field.clone(), |(address, _)| address.to_owned())
    }

    /// The first link in its text that has a secret behind `#`.
    pub fn secret_link(&self) -> Option<String> {
        let text = self.unbroken();
        let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
        let mut words = text.split(is_end).filter(|word| word.starts_with("http"));
        words.find(|word| word.contains('#')).map(str::to_owned)
    }

    /// All of it, with the lines whole that its encoding broke (RFC 2045, 6.7).
    pub fn unbroken(&self) -> String {
        self.text().replace("=\r\n", "").replace("=3D", "=")
    }

    /// All of it, for reading.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Mail;

    #[test]
    fn fields_are_unfolded_and_lines_end_as_they_were_sent() {
        let mail = Mail::stored(b"To: Ada\n <ada@a.example>\nX: 1\nx: 2\n\nTo: nobody\n");
        assert!(mail.raw.ends_with(b"\r\n\r\nTo: nobody\r\n"));
        assert_eq!(mail.address("to"), "ada@a.example");
        assert_eq!(mail.fields("X"), ["1", "2"]);
        assert_eq!(mail.field("Y"), "");
    }

    #[test]
    fn a_link_is_found_though_its_line_was_broken() {
        let mail =
            Mail::stored(b"\nOpen http://a.example/ or\n<https://desk.example/sign-=\nup#guichet_x>\n");
        assert_eq!(mail.secret_link().unwrap(), "https://desk.example/sign-up#guichet_x");
        assert_eq!(Mail::stored(b"\nhttps://a.example/\n").secret_link(), None);
    }
}
